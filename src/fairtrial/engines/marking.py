"""Where images stand in a prompt's text: marks that no text of a user can forge, and tokens in their place.

The text between images is tokenised piece by piece, as the libraries do.  Knows pseudo tokens only as tokens.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fairtrial.engines.chat import ChatTemplate
from fairtrial.engines.local.images import PLACE, ImageTable
from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.local.vocabulary import EMPTY
from fairtrial.errors import FairtrialError, ModelError
from fairtrial.records import ImagePart, Message, TextPart

_MARK = re.compile("\ue0f4([0-9a-f]+)\ue0f5")
MARKS = PLACE + "\ue0f4\ue0f5"
"""Characters of the marks: those in a user's text have to be told from them."""


class ImageMarks:
    """The images of one request as they stand in its texts; ``label`` names the item in errors."""

    def __init__(self, table: ImageTable, label: str = "") -> None:
        self.table, self.label = table, label
        self._shown: list[ImagePart] = []

    def mark(self, image: ImagePart) -> str:
        """Return what stands for an image in running text."""
        return self._place(image, "")

    def _place(self, image: ImagePart, written: str) -> str:
        self._shown.append(image)
        return self.table.encoder.frame(written).replace(PLACE, f"\ue0f4{len(self._shown) - 1:x}\ue0f5")

    def ask(self, template: ChatTemplate, told: list[Message], begun: str) -> str:
        """Return messages as a template writes them, with a mark for each image.

        Raises ModelError if the template leaves out some of the images.
        """
        images = [image for message in told for image in message.images]
        written = template.image_text
        if not written:
            return template.ask([self._mark_images(message) for message in told], begun)
        first, *others = template.ask(told, begun).split(written)
        if len(others) != len(images):
            raise ModelError(
                f"the chat template writes {len(others)} of the {len(images)} images of a prompt.",
                fix="Give a template of your own with `chat: PATH`.",
            )
        marks = [self._place(image, written) for image in images]
        return first + "".join(mark + text for mark, text in zip(marks, others, strict=True))

    def _mark_images(self, message: Message) -> Message:
        parts = [part if isinstance(part, TextPart) else TextPart(self.mark(part)) for part in message.parts]
        return replace(message, parts=tuple(parts))

    def encode(self, text: str, encode: Callable[[str], Tokens]) -> Tokens:
        """Return the tokens of marked text; ``encode`` returns those of a piece without images."""
        parts = _MARK.split(text)
        if len(parts) == 1:
            return encode(text)
        tokens = [
            self._read(self._shown[int(part, 16)]) if i % 2 else encode(part) if part else EMPTY
            for i, part in enumerate(parts)
        ]
        return np.concatenate(tokens)

    def _read(self, image: ImagePart) -> Tokens:
        """Return an image's tokens; an error about it names the item."""
        try:
            return self.table.list_tokens(image)
        except FairtrialError as error:
            error.where = error.where or self.label
            raise
