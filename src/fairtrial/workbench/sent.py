"""What each candidate was sent: what the task asks, with the candidate's system message, in its form.

The ledger keeps what the tasks ask, and how each candidate was specified.  A chat template stands in the model's file,
and how a server writes messages only it knows: there the messages are told, and the title says who writes them as text.
Pure.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.plan import CandidateRecord
from fairtrial.records import Message, Prompt, TextPart, make_conversation
from fairtrial.records import Request as AskedRequest
from fairtrial.report.view.gathering import ViewedItem
from fairtrial.report.view.prompts import PromptTable, find_chat, name_form
from fairtrial.report.view.readings import AnswerReading

MOST_SENT = 100_000
"""Characters of one part of a prompt that a page shows."""

CHANGED = "Something on the way changed it: what was sent in the end stands under “What happened on the way”."
PARTS = "It is a candidate made of others ({}); each was asked in its own form, which is not shown here."


@dataclass(frozen=True, slots=True)
class SentPrompts:
    """What some candidates were sent, alike.

    Attributes:
        names: theirs.
        title: what it is that is shown.
        notes: what else must be known of it.
        requests: each with its messages, a part a text or the hash of an image.
    """

    names: tuple[str, ...]
    title: str
    notes: tuple[str, ...]
    requests: Sequence[Mapping[str, Any]]


def group_sent(candidates: Sequence[CandidateRecord], one: ViewedItem) -> list[SentPrompts]:
    """Return what was sent, those who were sent the same together; seeds of repeats make no difference."""
    groups: dict[str, tuple[list[str], SentPrompts]] = {}
    for candidate, readings in zip(candidates, one.readings, strict=True):
        asked = dict.fromkeys(call.request_id for reading in readings for call in reading.calls)
        found = [_describe_request(candidate, one.requests[key]) for key in asked if key in one.requests]
        unique = list({dumps(told): told for told in found}.values())
        if unique:
            sent = SentPrompts((), name_form(candidate.spec), tuple(_list_notes(candidate, readings)), unique)
            groups.setdefault(dumps([sent.title, sent.notes, unique]), ([], sent))[0].append(candidate.name)
    return [SentPrompts(tuple(names), sent.title, sent.notes, sent.requests) for names, sent in groups.values()]


def _list_notes(candidate: CandidateRecord, readings: Sequence[AnswerReading]) -> list[str]:
    notes = []
    if any(step.get("prompt") for r in readings for call in r.calls for step in call.answer.get("trace") or ()):
        notes.append(CHANGED)
    if candidate.parts:
        notes.append(PARTS.format(", ".join(part.name for part in candidate.parts)))
    return notes


def _describe_request(candidate: CandidateRecord, request: AskedRequest) -> dict[str, Any]:
    """Return a request as a template shows it."""
    table = PromptTable()
    table.place_of("it", request)
    told = dict(table.requests[0])
    del told["prompts"]
    settings = {
        name: value for name, value in told.pop("settings", {}).items() if name != "seed" and value not in ([], "")
    }
    chat, system = find_chat(candidate.spec), str(candidate.spec.document.get("system") or "")
    messages = [_write_text(p) if chat == "none" else _write_messages(p, system) for p in request.prompts]
    return {**told, "messages": messages, "settings": settings}


def _write_text(prompt: Prompt) -> list[dict[str, Any]]:
    """Return a prompt as running text, its images where they stand."""
    mark = secrets.token_hex(8)  # that no text can hold by design
    pieces = prompt.plain(lambda image: f"{mark}{image.hash}{mark}").split(mark)
    parts = [{"image": piece} if at % 2 else {"text": piece[:MOST_SENT]} for at, piece in enumerate(pieces)]
    return [{"role": "text", "parts": [part for part in parts if part.get("text") != ""]}]


def _write_messages(prompt: Prompt, system: str) -> list[dict[str, Any]]:
    """Return a prompt as messages, the candidate's system message before the task's."""
    begun = [Message("assistant", (TextPart(prompt.assistant),))] if prompt.assistant else []
    return [_describe_message(message) for message in (*make_conversation(prompt, system), *begun)]


def _describe_message(message: Message) -> dict[str, Any]:
    parts = [{"text": p.text[:MOST_SENT]} if isinstance(p, TextPart) else {"image": p.hash} for p in message.parts]
    return {"role": message.role, "parts": parts}
