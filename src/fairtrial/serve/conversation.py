"""Messages of a client to the prompt that the candidate is asked: the same form as in a trial.

Images come within the request as ``data:`` URLs; nothing is fetched from a network.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fairtrial.errors import EngineError, FairtrialError
from fairtrial.images import examine
from fairtrial.records import ImagePart, Message, Prompt, TextPart
from fairtrial.records.content import Part, Role
from fairtrial.serve.bodies import ChatMessage as Sent
from fairtrial.serve.errors import ApiError

ROLES: dict[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
MOST_IMAGES = 16
BETWEEN = "\n\n"
"""Stands between messages where a candidate is asked in running text."""

_DATA = re.compile(r"data:(image/[\w.+-]+);base64,", re.ASCII)


@dataclass
class ImageShelf:
    """The bytes of images of requests on their way; see `fairtrial.engines.settings.ReadImage`.

    Attributes:
        held: by hash: the bytes, and how many requests show them.
    """

    held: dict[str, tuple[bytes, int]] = field(default_factory=dict)

    def __call__(self, image: ImagePart) -> bytes:
        """Return the bytes of an image."""
        if image.hash not in self.held:
            raise EngineError(f"the bytes of the image {image.hash} are gone.")
        return self.held[image.hash][0]

    @contextmanager
    def holding(self, found: dict[ImagePart, bytes]) -> Iterator[None]:
        """Hold images for one request."""
        for image, data in found.items():
            self.held[image.hash] = (data, self.held.get(image.hash, (data, 0))[1] + 1)
        try:
            yield
        finally:
            for image, data in found.items():
                count = self.held[image.hash][1] - 1
                if count:
                    self.held[image.hash] = (data, count)
                else:
                    del self.held[image.hash]


def read_messages(sent: Sequence[Sent], images: dict[ImagePart, bytes], sees: bool) -> Prompt:
    """Return the prompt of a conversation.

    Args:
        sent: the messages; the system's come first, the last one is the user's, or a begun answer to it.
        images: the bytes of those shown are put there.
        sees: whether the candidate can be shown images.

    Raises ApiError.
    """
    messages: list[Message] = []
    heads: list[str] = []
    listed = [part for one in sent if isinstance(one.content, list) for part in one.content]
    if sum(part.get("type") == "image_url" for part in listed) > MOST_IMAGES:
        raise ApiError(400, f"messages: at most {MOST_IMAGES} images a request.", param="messages")
    for number, one in enumerate(sent):
        where = f"messages.{number}"
        role = _read_role(one, where)
        if one.content is None:
            raise ApiError(400, f"{where}: a message needs a content; got null.", param="messages")
        parts = _read_parts(one.content, where, images, sees)
        if role == "system" and messages:
            told = "a system message must stand before all others; the candidate's template has no place for it here."
            raise ApiError(400, f"{where}: {told}", param="messages")
        if role == "system" and any(isinstance(part, ImagePart) for part in parts):
            raise ApiError(400, f"{where}: a system message is text; images stand in the user's.", param="messages")
        if role == "system":
            heads.append("".join(part.text for part in parts if isinstance(part, TextPart)))
        else:
            messages.append(Message(role, parts, BETWEEN))
    if not messages:
        raise ApiError(400, "messages: there is no message of the user's.", param="messages")
    begun = messages[-1].role == "assistant"
    asked = messages[-2 if begun and len(messages) > 1 else -1]
    messages = [Message(one.role, one.parts) if one is asked or one is messages[-1] else one for one in messages]
    head = BETWEEN.join(filter(None, heads))
    first = [Message("system", (TextPart(head),), BETWEEN)] if head else []
    try:
        return Prompt.from_messages([*first, *messages])
    except ValueError as error:
        raise ApiError(400, f"messages: {error}.", param="messages") from None


def _read_role(one: Sent, where: str) -> Role:
    if one.role not in ROLES:
        raise ApiError(400, f"{where}: roles are {', '.join(ROLES)}; got {one.role!r:.40}.", param="messages")
    return ROLES[one.role]


def _read_parts(content: object, where: str, images: dict[ImagePart, bytes], sees: bool) -> tuple[Part, ...]:
    if content is None or isinstance(content, str):
        return (TextPart(content or ""),)
    assert isinstance(content, list)
    parts: list[Part] = []
    for number, part in enumerate(content):
        kind = part.get("type")
        if kind in ("text", "input_text") and isinstance(part.get("text"), str):
            parts.append(TextPart(part["text"]))
        elif kind == "image_url":
            if not sees:
                raise ApiError(400, f"{where}: this candidate cannot see images.", param="messages")
            image, data = _read_image(part.get("image_url"), f"{where}.content.{number}")
            images[image] = data
            parts.append(image)
        else:
            told = f"a part must be of type text or image_url; got {kind!r:.40}"
            raise ApiError(400, f"{where}.content.{number}: {told}.", param="messages")
    return tuple(parts)


def _read_image(given: Any, where: str) -> tuple[ImagePart, bytes]:
    url = given.get("url") if isinstance(given, dict) else given
    match = _DATA.match(url) if isinstance(url, str) else None
    if not isinstance(url, str) or match is None:
        told = "an image must come within the request, as data:image/...;base64,...; nothing is fetched"
        raise ApiError(400, f"{where}: {told}.", param="messages")
    try:
        data = base64.b64decode(url[match.end() :], validate=True)
        facts = examine(data)
    except binascii.Error as error:
        raise ApiError(400, f"{where}: the image is no base64: {error}.", param="messages") from None
    except FairtrialError as error:
        raise ApiError(400, f"{where}: {error.message}", param="messages") from None
    return ImagePart.of(data, facts.media_type), data
