"""What is sent for a text, and how it is changed where a server refuses some of it.  Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from fairtrial.engines.chat import fold_system, join_texts, make_conversation
from fairtrial.engines.openai_api.words import ErrorDetails
from fairtrial.engines.settings import ReadImage, refuse_image
from fairtrial.images import prepare_to_send
from fairtrial.records import GenerateRequest, Message, Prompt, TextPart, make_data_url
from fairtrial.thoughts import TAGS, Tags, frame_thought

MOST_STOPS = 4
"""Stop strings that OpenAI's API takes; the others are looked for in the answer."""

DISPENSABLE = ("temperature", "top_p", "top_k", "seed", "stop", "logprobs", "stream_options", "stream")
"""Parts of a request without which it can still be answered."""

LIMIT, OTHER_LIMIT = "max_tokens", "max_completion_tokens"

SYSTEM = re.compile(
    r"system[\s_]*(role|message|prompt|instruction)|role.{0,40}\bsystem\b|\bsystem\b.{0,40}\brole|developer instruction"
    r"|roles must alternate",
    re.IGNORECASE | re.DOTALL,
)
"""A model's template has no place for a system message."""


@dataclass(frozen=True, slots=True)
class ServerQuirks:
    """How one server wants to be asked.

    Attributes:
        changes: what it refused, and its words; the keys are names of parameters, or ``system``.
    """

    changes: Mapping[str, str] = field(default_factory=dict)

    def with_change(self, name: str, why: str) -> ServerQuirks:
        """Return the manners with one more change."""
        return replace(self, changes={**self.changes, name: why})

    @property
    def streams(self) -> bool:
        """Whether answers come piece by piece; not where the pieces would not say what they used."""
        return not {"stream", "stream_options"} & self.changes.keys()


@dataclass(frozen=True, slots=True)
class Begun:
    """How an answer that is begun is handed over.

    Attributes:
        how: see `fairtrial.spec.endpoint.Endpoint.begun`.
        tags: between the first of which a thought stands.
    """

    how: str = ""
    tags: Tags = TAGS


def make_messages(
    prompt: Prompt, system: str, with_system: bool = True, read_image: ReadImage = refuse_image, begun: Begun = Begun()
) -> list[dict[str, Any]]:
    """Return a prompt as messages.

    The beginning of the answer is the assistant's last message where the endpoint goes on with one; else it ends the
    user's.  Without a system role what it says stands before the text of the first user.  Images are sent as data URLs;
    see `prepare_to_send`.
    """
    *before, asked = make_conversation(prompt, system)
    head = "" if begun.how else join_texts(asked.text, prompt.assistant)[len(asked.text) :]
    told = [*before, replace(asked, parts=(*asked.parts, TextPart(head)))]
    messages: list[dict[str, Any]] = [
        {"role": message.role, "content": _make_content(message, read_image)}
        for message in (told if with_system else fold_system(told))
    ]
    if begun.how and (text := write_begun(prompt, begun.tags)):
        messages.append({"role": "assistant", "content": text} | ({"prefix": True} if begun.how == "prefix" else {}))
    return messages


def write_begun(prompt: Prompt, tags: Tags) -> str:
    """Return the answer as it is begun, after what has been thought."""
    if prompt.thought is None:
        return prompt.assistant
    before, after = frame_thought(tags[0], "")
    return before + prompt.thought + after + prompt.assistant


def _make_content(message: Message, read_image: ReadImage) -> str | list[dict[str, Any]]:
    if not message.images:
        return message.text
    return [
        {"type": "text", "text": part.text}
        if isinstance(part, TextPart)
        else {"type": "image_url", "image_url": {"url": make_data_url(*prepare_to_send(read_image(part)))}}
        for part in message.parts
    ]


def make_request_body(
    model: str,
    told: str | Sequence[Mapping[str, str]],
    request: GenerateRequest,
    manners: ServerQuirks,
    logprobs: bool,
    begun: str = "",
) -> dict[str, Any]:
    """Return a request as JSON values; with ``logprobs`` it asks for those of the text that comes back."""
    limit = OTHER_LIMIT if LIMIT in manners.changes else LIMIT
    body: dict[str, Any] = {"model": model, "temperature": request.temperature, "stream": True}
    body |= {"prompt": told} if isinstance(told, str) else {"messages": told}
    body |= {"stream_options": {"include_usage": True}}
    if logprobs:
        body["logprobs"] = 1 if isinstance(told, str) else True
    if begun == "continue_final_message" and not isinstance(told, str) and told[-1]["role"] == "assistant":
        body |= {"continue_final_message": True, "add_generation_prompt": False}
    if request.stop:
        body["stop"] = list(request.stop[:MOST_STOPS])
    if request.temperature > 0:
        body["seed"] = request.seed % 2**31
        if request.top_p < 1:
            body["top_p"] = request.top_p
        if request.top_k:
            body["top_k"] = request.top_k
    left_out = {*manners.changes, *(() if manners.streams else ("stream", "stream_options"))}
    return {name: value for name, value in body.items() if name not in left_out} | {limit: request.max_tokens}


def adapt_quirks(manners: ServerQuirks, body: Mapping[str, Any], told: ErrorDetails) -> ServerQuirks | None:
    """Return the manners without what a server refuses in a request; None if it refuses nothing that can be changed."""
    named = _find_refused_part(body, told)
    return None if named is None or named in manners.changes else manners.with_change(named, told.message)


def _find_refused_part(body: Mapping[str, Any], told: ErrorDetails) -> str | None:
    """Return the part of a request that a server refuses, ``system`` for the system message; None if it names none."""
    text = told.message
    if told.param in (LIMIT, "") and LIMIT in body and OTHER_LIMIT in text:
        return LIMIT
    if told.param == LIMIT and "unsupported" in told.code and LIMIT in body:
        return LIMIT
    of_messages = not told.param or told.param.startswith(("messages", "role", "input"))
    if _has_system(body) and of_messages and SYSTEM.search(text):
        return "system"
    if told.param:
        return told.param if told.param in body and told.param in DISPENSABLE else None
    found = {name: at.start() for name in DISPENSABLE if name in body and (at := _find_name(name, text))}
    return min(found, key=found.__getitem__, default=None)


def _find_name(name: str, text: str) -> re.Match[str] | None:
    """Return where a text names a parameter, as code does, or as people do where the name is no word of every day."""
    plain = r"\s*[\s_]\s*".join(map(re.escape, name.split("_")))
    if name in ("stop", "stream", "seed"):
        return re.search(
            rf"[`'\"]{plain}[`'\"]|\b{plain} (sequence|parameter|string|word)|\bparameter:? {plain}\b", text
        )
    return re.search(rf"\b{plain}\b", text, re.IGNORECASE)


def _has_system(body: Mapping[str, Any]) -> bool:
    """Return whether a request has a system message."""
    return any(message["role"] == "system" for message in body.get("messages", ()))
