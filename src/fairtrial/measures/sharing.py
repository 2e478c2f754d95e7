"""Who bears how much of what a batch cost: in proportion to the tokens that each item moved."""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.records import Answer, Observation
from fairtrial.records.trace import count_calls

DECODE_WEIGHT = 10.0
"""A generated token counts so many tokens read, the rough ratio of decoding to prefill on processors of one machine.
Only the split within a batch depends on it, never a total or a mean over whole batches."""


def count_tokens_in(answer: Answer) -> int:
    """Return the tokens that the model read for this answer as a caller counts them: the prompt once, and for scores
    every continuation; as charged by an endpoint.  Prefixes shared with other items are counted in full; an engine may
    well compute fewer.
    """
    return count_calls(answer.trace, answer.moved)[0]


def count_tokens_out(answer: Answer) -> int:
    """Return the tokens generated for this answer; 0 for scores, but for those that an endpoint charges."""
    return count_calls(answer.trace, answer.moved)[1]


def compute_shares(answers: Sequence[Sequence[Answer]]) -> list[float]:
    """Return each item's share of its batch; they add up to 1, or are all 0 if nothing was answered."""
    loads = [sum(count_tokens_in(a) + DECODE_WEIGHT * count_tokens_out(a) for a in group) for group in answers]
    total = sum(loads)
    return [load / total if total else 0.0 for load in loads]


def share_out(total: float, measure: str, unit: str, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
    """Return one observation for each item with new answers: its share of the batch's total."""
    parts = compute_shares(answers)
    known = any(parts)
    return [
        [Observation(measure, total * part, unit=unit)] if group and known else []
        for group, part in zip(answers, parts, strict=True)
    ]
