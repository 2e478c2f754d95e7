"""Requests as plain tuples, for sending to another process: a third of the time and of the bytes of pickled records.

Only for programs of one version that trust each other; the ledger has forms of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairtrial.records.content import ImagePart, Message, Prompt, TextPart
from fairtrial.records.requests import GenerateRequest, Pair, Request, ScoreRequest

_SCORE = ("delimiter", "rolling", "label", "item_key", "query", "relevant", "_id")
_DECODED = ("max_tokens", "stop", "temperature", "top_p", "top_k", "seed")
_GENERATE = (*_DECODED, "label", "item_key", "row", "query", "relevant", "_id")

PackedRequests = tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]
"""Prompts, each once, and requests that name them by their places."""


def pack_requests(requests: Sequence[Request]) -> PackedRequests:
    """Return requests as tuples of texts and numbers, their ids included."""
    prompts: list[tuple[Any, ...]] = []
    places: dict[int, int] = {}

    def place(prompt: Prompt) -> int:
        at = places.get(id(prompt))
        if at is None:
            at = places[id(prompt)] = len(prompts)
            prompts.append(tuple([_pack_message(message) for message in prompt.messages]))
        return at

    packed: list[tuple[Any, ...]] = []
    for request in requests:
        request.id  # noqa: B018 (known from now on, there too)
        if type(request) is ScoreRequest:
            pairs = [(place(pair.prompt), pair.continuation) for pair in request.pairs]
            packed.append((pairs, *[getattr(request, name) for name in _SCORE]))
        elif type(request) is GenerateRequest:
            packed.append((place(request.prompt), *[getattr(request, name) for name in _GENERATE]))
        else:  # a plugin's own kind
            packed.append((request,))
    return prompts, packed


def unpack_requests(packed: PackedRequests) -> list[Request]:
    """Return the requests that `pack_requests` packed."""
    prompts = [_unpack_prompt(messages) for messages in packed[0]]
    found: list[Request] = []
    for first, *others in packed[1]:
        if not others:
            found.append(first)
        elif isinstance(first, list):
            pairs = tuple([_make(Pair, ("prompt", "continuation"), (prompts[at], text)) for at, text in first])
            found.append(_make(ScoreRequest, ("pairs", *_SCORE), (pairs, *others)))
        else:
            found.append(_make(GenerateRequest, ("prompt", *_GENERATE), (prompts[first], *others)))
    return found


def _pack_message(message: Message) -> tuple[Any, ...]:
    parts = [part.text if isinstance(part, TextPart) else (part.hash, part.media_type) for part in message.parts]
    return message.role, parts, message.after, message.thought


def _unpack_prompt(messages: tuple[Any, ...]) -> Prompt:
    told = tuple(
        [
            _make(Message, ("role", "parts", "after", "thought"), (role, _unpack_parts(parts), after, thought))
            for role, parts, after, thought in messages
        ]
    )
    prompt: Prompt = _make(Prompt, ("messages",), (told,))
    return prompt


def _unpack_parts(parts: Sequence[Any]) -> tuple[TextPart | ImagePart, ...]:
    return tuple([TextPart(part) if isinstance(part, str) else ImagePart(*part) for part in parts])


def _make(kind: type[Any], names: Sequence[str], values: Sequence[Any]) -> Any:
    """Return a frozen record as it was, without making it anew."""
    made = object.__new__(kind)
    for name, value in zip(names, values, strict=True):
        object.__setattr__(made, name, value)
    return made
