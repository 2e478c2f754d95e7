"""What a candidate was asked and answered, item by item, for those forms of export that are about single answers.

Reads the ledger; knows no form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.ledger import Ledger, query
from fairtrial.records import GenerateRequest, Item, Prompt, Request, ScoreRequest
from fairtrial.records.content import name_image
from fairtrial.report.summary import CandidateSummary, Summary, TaskSummary


@dataclass(frozen=True, slots=True)
class ScoredContinuation:
    """One continuation whose log-probability was asked for.

    Attributes:
        prompt: what it was scored after, as running text, images by their hashes.
        continuation: without what stands between.
        logprob: nats.
        greedy: whether greedy decoding would have produced it.
    """

    prompt: str
    continuation: str
    logprob: float
    greedy: bool


@dataclass(frozen=True, slots=True)
class AnsweredItem:
    """One item as one candidate answered it.

    Attributes:
        item: what was asked.
        repeat: of the item, from 0.
        calls: (request, answer) as the ledger keeps them, in the order of asking.
        values: (value, weight) by measure.
    """

    item: Item
    repeat: int
    calls: Sequence[tuple[Request, Mapping[str, Any]]]
    values: Mapping[str, tuple[float, float]]

    @property
    def text(self) -> str | None:
        """What was written, of several answers the first; None where continuations were scored."""
        texts = [answer["text"] for request, answer in self.calls if isinstance(request, GenerateRequest)]
        return texts[0] if texts else None

    @property
    def thought(self) -> str:
        """What was thought before that; empty if there was nothing to be seen."""
        thoughts = [answer.get("thought", "") for request, answer in self.calls if isinstance(request, GenerateRequest)]
        return thoughts[0] if thoughts else ""

    @property
    def said(self) -> str:
        """What was written; else the likeliest of the continuations."""
        text, scored = self.text, self.scored
        return text if text is not None else max(scored, key=lambda s: s.logprob).continuation if scored else ""

    @property
    def prompt(self) -> str:
        """What the first request showed, as running text; of several prompts for one item, the question alone."""
        return self.prompts[0].plain() if len(self.prompts) == 1 else self.item.question

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """The prompts of all requests, each once."""
        return tuple(dict.fromkeys(prompt for request, _ in self.calls for prompt in request.prompts))

    @property
    def scored(self) -> list[ScoredContinuation]:
        """All continuations that were scored."""
        return [
            ScoredContinuation(pair.prompt.plain(name_image), pair.continuation, float(logprob), bool(greedy))
            for request, answer in self.calls
            if isinstance(request, ScoreRequest)
            for pair, logprob, greedy in zip(request.pairs, answer["logprobs"], answer["greedy"], strict=True)
        ]

    @property
    def trace(self) -> list[dict[str, Any]]:
        """What happened to its answers on their way, of all requests; empty if the model was simply asked."""
        return [step for _, answer in self.calls for step in answer.get("trace", ())]

    @property
    def credits(self) -> list[str]:
        """What licences ask to stand beside its answers, each once."""
        return list(dict.fromkeys(credit for _, answer in self.calls for credit in answer.get("credits", ())))

    def tokens(self) -> dict[str, int] | None:
        """Return the tokens read and written, and of these reasoning; None where they were not counted."""
        counts = {name: self.values.get(f"tokens_{name}", (None, 0))[0] for name in ("in", "out", "reasoning")}
        if counts["in"] is None or counts["out"] is None:
            return None
        return {name: round(count) for name, count in counts.items() if count is not None}


def read_answered_items(
    ledger: Ledger, summary: Summary, candidate: CandidateSummary, task: TaskSummary
) -> Iterator[AnsweredItem]:
    """Yield what a candidate answered of a task, in the task's own order, the repeats of an item together."""
    asked = set(query.read_trial_order(ledger, summary.trial_id, task.content_id))
    repeats = query.count_repeats(ledger, summary.trial_id, task.content_id)
    for item in query.read_items(ledger, task.content_id).values():
        for repeat in range(repeats if item.id in asked else 0):
            key = (candidate.content_id, task.content_id, item.id, repeat)
            if calls := query.read_item_answers(ledger, *key):
                yield AnsweredItem(item, repeat, calls, query.read_item_values(ledger, *key))
