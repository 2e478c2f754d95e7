"""Examples of what flipped: items that one candidate has right and the other wrong, with what both answered."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from fairtrial.analysis.verdicts import Verdict
from fairtrial.ledger import Ledger, query
from fairtrial.records import Item, Request, TraceStep
from fairtrial.records.trace import read_trace
from fairtrial.report.passages import describe_passages, describe_quotes
from fairtrial.report.pictures import ReportPictures, ShownImage
from fairtrial.report.summary import Summary

PER_KIND = 3

THOUGHT = 240
"""Characters of a thought without an answer that are shown, its last ones."""


@dataclass(frozen=True, slots=True)
class ChoiceShares:
    """One choice with the share of probability that each candidate gave it among the choices."""

    text: str
    right: bool
    share_a: float
    share_b: float


@dataclass(frozen=True, slots=True)
class FlipExample:
    """One item that flipped.

    Attributes:
        item: the item.
        choices: for questions with choices; else empty.
        text_a, text_b: what the candidates wrote, for questions answered in text; else None.
        images: those of the question.
        trace_a, trace_b: what happened to their answers on the way, step by step; empty if the model was simply asked.
    """

    item: Item
    choices: tuple[ChoiceShares, ...]
    text_a: str | None
    text_b: str | None
    trace_a: tuple[str, ...] = ()
    trace_b: tuple[str, ...] = ()
    images: tuple[ShownImage, ...] = ()


@dataclass(frozen=True, slots=True)
class FlipExamples:
    """Examples for one verdict."""

    verdict: Verdict
    broke: tuple[FlipExample, ...]
    fixed: tuple[FlipExample, ...]


def find_flips(ledger: Ledger, summary: Summary, pictures: ReportPictures) -> list[FlipExamples]:
    """Return, for each verdict on right-or-wrong answers, the first few items in task order that flipped."""
    found: dict[int, FlipExamples] = {}
    ids = {c.name: c.content_id for c in summary.candidates}
    flipped = [(at, one) for at, one in enumerate(summary.verdicts) if one.flips_to_right or one.flips_to_wrong]
    order = [task.name for task in summary.tasks]
    flipped.sort(key=lambda of: order.index(of[1].task))
    for name, verdicts in groupby(flipped, key=lambda of: of[1].task):
        task = summary.task(name)
        known = query.read_items(ledger, task.content_id)  # of one task at a time: they may be many
        for at, verdict in verdicts:
            pair = (ids[verdict.a], ids[verdict.b])
            rows = query.read_paired_values(ledger, summary.trial_id, *pair, task.content_id, verdict.measure)
            change = rows.a_values - rows.b_values
            gain = -1 if task.measure(verdict.measure).higher_is_better is False else 1
            broke, fixed = (
                tuple(
                    make_flip_example(ledger, pair, task.content_id, item, pictures)
                    for item in _take_first([rows.item_ids[i] for i in (sign * gain * change > 0).nonzero()[0]], known)
                )
                for sign in (-1, 1)
            )
            found[at] = FlipExamples(verdict, broke, fixed)
    return [found[at] for at in sorted(found)]


def _take_first(ids: Sequence[str], known: Mapping[str, Item]) -> list[Item]:
    """Return the first few of some items, in the task's own order."""
    return sorted((known[i] for i in ids), key=lambda item: item.doc_id)[:PER_KIND]


def make_flip_example(
    ledger: Ledger, pair: tuple[str, str], task_id: str, item: Item, pictures: ReportPictures
) -> FlipExample:
    """Return what both candidates answered to one item."""
    a, b = (query.read_item_answers(ledger, candidate, task_id, item.id) for candidate in pair)
    trace_a, trace_b = (tuple(map(describe_step, read_trace(asked[0][1]) if asked else ())) for asked in (a, b))
    images = pictures.show_all(item, item.images)
    if a and b and "text" in a[0][1]:
        return FlipExample(item, (), quote_answer(a[0][1]), quote_answer(b[0][1]), trace_a, trace_b, images)
    return FlipExample(item, _share_choices(item, a, b), None, None, trace_a, trace_b, images)


def describe_step(step: TraceStep) -> str:
    """Return what one step of a trace tells, in words."""
    told = [f"read {step.tokens_in:,} tokens and wrote {step.tokens_out or 0:,}"] if step.tokens_in is not None else []
    told += [f"{step.signal:.0%} sure"] if step.signal is not None else []
    told += [f"used {', '.join(step.sources)}"] if step.sources else []
    told += [step.action] if step.action else []
    told += [f"found {'; '.join(describe_passages(step.passages))}"] if step.passages else []
    told += [f"quotations: {describe_quotes(step.quotes)}"] if step.quotes else []
    told += [one.describe() for one in step.interventions]
    told += [f"sent: {step.prompt}"] if step.prompt else []
    return f"{step.by} {'; '.join(told)}".strip()


def quote_answer(answer: Mapping[str, Any]) -> str:
    """Return what an answer says: of a refusal the server's words, of nothing but a thought the end of that."""
    if answer.get("finish") == "refused":
        return f"(refused by its server) {answer.get('said', '')}".strip()
    text, thought = str(answer["text"]), str(answer.get("thought", ""))
    if text.strip() or not thought:
        return "\n".join([text, *(f"Source: {credit}" for credit in answer.get("credits", ()))])
    return f"(no answer after its reasoning: {'…' if len(thought) > THOUGHT else ''}{thought[-THOUGHT:]})"


_Asked = Sequence[tuple[Request, Mapping[str, Any]]]


def _share_choices(item: Item, a: _Asked, b: _Asked) -> tuple[ChoiceShares, ...]:
    """Return the item's choices with both candidates' shares, or nothing where the answers are of another form."""
    if not a or not b:
        return ()
    shares_a, shares_b = (_normalise_shares(asked[0][1]["logprobs"]) for asked in (a, b))
    if not len(item.choices) == len(shares_a) == len(shares_b):
        return ()
    return tuple(
        ChoiceShares(text, text in item.gold, share_a, share_b)
        for text, share_a, share_b in zip(item.choices, shares_a, shares_b, strict=True)
    )


def _normalise_shares(logprobs: Sequence[float | None]) -> list[float]:
    """Return log-probabilities (nats, None for minus infinity) as shares that add up to 1."""
    values = [-math.inf if value is None else value for value in logprobs]
    top = max(values, default=0.0)
    if not math.isfinite(top):
        return [1 / len(values)] * len(values)
    weights = [math.exp(value - top) for value in values]
    return [weight / sum(weights) for weight in weights]
