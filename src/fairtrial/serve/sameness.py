"""Is what is served what was tested: stored questions are asked again, and the answers compared with the stored ones.

They go the way of live requests.  Sums come out otherwise in their last digits when other requests are computed beside
them, so that of two words that were as good as equally likely the other one may be written; that is told apart from an
answer that is another one.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Literal

from fairtrial.engines.live import NOTHING, TokenNote, Wishes
from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger
from fairtrial.ledger.blobs import find_image, read_image
from fairtrial.ledger.encoding import decode_answer
from fairtrial.ledger.stored import read_stored
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    ImagePart,
    Request,
    ScoreAnswer,
    ScoreRequest,
    list_images,
)
from fairtrial.serve.conversation import ImageShelf
from fairtrial.serve.desk import Desk

NEAR = 0.25
"""Nats between two words that rounding may exchange."""
CLOSE = 0.25
"""Nats a token by which a stored log-probability may differ.  The size of the batch alone moves scores of quantised
weights by up to 0.31 nats a continuation (docs/architecture.md), here by 0.15 a token on a processor without AMX."""
ALTERNATIVES = 10

Outcome = Literal["same", "rounding", "different", "failed"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One stored answer and what is answered now.

    Attributes:
        task: its name.
        item: its id.
        outcome: ``same``; ``rounding``: words as good as equally likely were exchanged; ``different``; ``failed``.
        told: in words.
    """

    task: str
    item: str
    outcome: Outcome
    told: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """A stored answer."""

    task: str
    item: str
    request: Request
    answer: Answer
    images: dict[ImagePart, bytes] = field(default_factory=dict)
    """That it shows, with their bytes."""


def pick_stored(
    ledger: Ledger, trial_id: str, candidate_id: str, tasks: Sequence[tuple[str, str]], count: int
) -> list[Stored]:
    """Return stored answers, as many of each task: ``tasks`` are ids and names."""
    if not tasks or count < 1:
        return []
    each = math.ceil(count / len(tasks))
    found: list[Stored] = []
    for task_id, name in tasks:
        rows = read_stored(ledger, trial_id, candidate_id, task_id)
        whole = (
            Stored(name, item, request, decode_answer(answer, item), images)
            for item, request, answer in rows
            if (images := _read_images(ledger, request)) is not None
        )
        found += islice(whole, each)
    return found[:count]


def _read_images(ledger: Ledger, request: Request) -> dict[ImagePart, bytes] | None:
    """Return the images that a question shows; None if the ledger lacks one of them."""
    shown = list_images(request)
    if any(find_image(ledger, image.hash) is None for image in shown):
        return None
    return {image: read_image(ledger, image) for image in shown}


def compare_stored(desk: Desk, shelf: ImageShelf, stored: Sequence[Stored]) -> list[Compared]:
    """Ask again, all at once as live requests come, and compare; ``shelf`` is where the engine finds images."""

    async def ask() -> list[Compared]:
        return list(await asyncio.gather(*(_compare_one(desk, shelf, one) for one in stored)))

    return asyncio.run(ask())


async def _compare_one(desk: Desk, shelf: ImageShelf, one: Stored) -> Compared:
    with shelf.holding(one.images):
        return await _ask_again(desk, one)


async def _ask_again(desk: Desk, one: Stored) -> Compared:
    try:
        if isinstance(one.request, ScoreRequest):
            request = one.request
            [scored] = await desk.call(lambda: list(desk.engine.score([request])))
            outcome, told = compare_scores(one.answer, scored)
        else:
            wishes = Wishes(top=ALTERNATIVES) if desk.live is not None else NOTHING
            found = await desk.submit(one.request, wishes).wait()
            outcome, told = compare_texts(one.answer, found.answer, found.notes)
    except FairtrialError as error:
        return Compared(one.task, one.item, "failed", error.message)
    return Compared(one.task, one.item, outcome, told)


def compare_scores(stored: Answer, now: ScoreAnswer) -> tuple[Outcome, str]:
    """Return how two answers with log-probabilities compare, and in words where they differ."""
    if not isinstance(stored, ScoreAnswer) or len(stored.logprobs) != len(now.logprobs):
        return "different", "the stored answer is of another kind"
    if stored.logprobs == now.logprobs:
        return "same", ""
    off = [
        abs(a - b) / max(1, tokens) if math.isfinite(a) and math.isfinite(b) else (0.0 if a == b else math.inf)
        for a, b, tokens in zip(stored.logprobs, now.logprobs, stored.tokens, strict=True)
    ]
    told = f"log-probabilities differ by up to {max(off):.3g} nats a token"
    return ("rounding" if max(off) <= CLOSE and stored.tokens == now.tokens else "different"), told


def compare_texts(stored: Answer, now: GenerateAnswer, notes: Sequence[TokenNote]) -> tuple[Outcome, str]:
    """Return how two written answers compare, and in words where they differ."""
    if not isinstance(stored, GenerateAnswer):
        return "different", "the stored answer is of another kind"
    if (stored.text, stored.finish) == (now.text, now.finish):
        return "same", ""
    thoughts = stored.thought != now.thought
    before, after = (stored.thought, now.thought) if thoughts else (stored.text, now.text)
    at = next((i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b), None)
    at = min(len(before), len(after)) if at is None else at
    place = f"from character {at} of the thought" if thoughts else f"from character {at}"
    told = f"{place}: stored {before[at : at + 30]!r}, now {after[at : at + 30]!r}"
    if not notes or (thoughts and at == len(after)):
        return "different", told
    written = "".join(note.data.decode("utf-8", "replace") for note in notes)
    start = 0 if thoughts or not now.thought else max(0, written.find(now.thought)) + len(now.thought)
    begin = written.find(after[: at + 1], start)  # what stands behind it, such as a guard's label, no model wrote
    if begin < 0:
        return "different", told
    gap = find_gap(written[:begin] + before, begin + at, notes)
    if gap is None:
        return "different", told
    return ("rounding" if gap <= NEAR else "different"), f"{told}; these were {gap:.3g} nats apart"


def find_gap(stored: str, at: int, notes: Sequence[TokenNote]) -> float | None:
    """Return how many nats less likely the stored text's next token was than the written one; None if it is unknown.

    Args:
        stored: the stored text.
        at: where it first differs from the written one.
        notes: of the tokens written.
    """
    begin = 0
    for note in notes:
        piece = note.data.decode("utf-8", "replace")
        if begin + len(piece) > at or not note.data:
            rest = stored[begin:]
            for data, logprob in note.top:
                other = data.decode("utf-8", "replace")
                follows = rest.startswith(other) if other else not rest
                if data != note.data and follows and note.logprob is not None:
                    return note.logprob - logprob
            return None
        begin += len(piece)
    return None


def describe_sameness(found: Sequence[Compared]) -> dict[str, Any]:
    """Return what the comparison came to, as JSON values."""
    counts = {name: sum(one.outcome == name for one in found) for name in ("same", "rounding", "different", "failed")}
    examples = [
        {"task": one.task, "item": one.item, "outcome": one.outcome, "told": one.told}
        for one in found
        if one.outcome != "same"
    ]
    return {"asked": len(found), **counts, "examples": examples[:20]}
