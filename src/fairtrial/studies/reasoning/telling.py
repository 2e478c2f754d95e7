"""Claims in words, and as a table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtrial.studies.base import Column, Interval, Table
from fairtrial.studies.reasoning.claims import ReasoningClaim

WORDS = ("supported", "refuted", "undecided")


def describe_claims(claims: Sequence[ReasoningClaim], margin: float) -> Iterator[str]:
    """Yield a sentence for each claim over all its tasks."""
    for about in dict.fromkeys(claim.about for claim in claims):
        own = [claim for claim in claims if claim.about == about]
        told = [
            f"{word} on {_join([_name(one, margin) for one in own if one.verdict == word])}"
            for word in WORDS
            if any(one.verdict == word for one in own)
        ]
        yield f"“{_ask(about)}”: {'; '.join(told)}."


def _ask(about: str) -> str:
    """Return a claim as a sentence."""
    system, form, rest = about.partition(": ")
    if form:
        shown = rest.removesuffix(" less than the task itself")
        return f"{system} reasons less per token over the form {shown} than over the task itself"
    a, _, b = about.partition(" less than ")
    return f"{a} reasons less per token than {b}"


def _name(claim: ReasoningClaim, margin: float) -> str:
    """Return a task with what was found there, in brief."""
    points = 100 * claim.alone.difference
    ends = f"{_sign(points)} points [{_sign(100 * claim.alone.low)}, {_sign(100 * claim.alone.high)}]"
    return f"{claim.task} ({ends})"


def _sign(value: float) -> str:
    return f"{value:+.1f}".replace("-", "−")


def _join(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def make_claims_table(claims: Sequence[ReasoningClaim]) -> Table:
    """Return every claim with its evidence."""
    columns = (
        Column("claim"),
        Column("task"),
        Column("verdict"),
        Column("mean over the curve", "1", difference=True),
        Column("at once", "1", difference=True),
        Column("by thinking", "1", difference=True),
        Column("tokens"),
        Column("items"),
        Column("clusters"),
    )
    rows = tuple(
        (
            one.about,
            one.task,
            one.verdict,
            Interval(one.alone.difference, one.alone.low, one.alone.high),
            one.at_once,
            one.by_thinking,
            f"{one.limits[0]:,.0f} to {one.limits[1]:,.0f}",
            float(one.items),
            float(one.together.clusters),
        )
        for one in claims
    )
    return Table("Less per token? Differences of the first from the second", columns, rows)
