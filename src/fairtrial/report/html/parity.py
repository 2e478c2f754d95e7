"""Gaps between groups of people as forest plots: a plot for each task, measure and attribute."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.analysis.harms.parity import ParityGap
from fairtrial.report import words
from fairtrial.report.html.plots import Bar, LinearAxis, make_round_axis, place_interval
from fairtrial.report.summary import Summary

_WHOLE = 1.9
"""Width from which an interval of a share's gap, which goes from -1 to 1, says nothing."""


@dataclass(frozen=True, slots=True)
class ParityRow:
    """One group with one candidate; ``word`` says whether the gap is certain."""

    group: str
    candidate: str
    bar: Bar
    text: str
    word: str
    description: str


@dataclass(frozen=True, slots=True)
class ParityForest:
    """Gaps of all groups of one attribute that share an axis; positions in per cent."""

    title: str
    axis: LinearAxis
    labels: tuple[tuple[float, str], ...]
    zero: float
    rows: tuple[ParityRow, ...]


def _says_something(gap: ParityGap) -> bool:
    """Return whether an interval is narrower than all that a share's gap can be."""
    return math.isfinite(gap.low) and math.isfinite(gap.high) and (gap.unit != "1" or gap.high - gap.low < _WHOLE)


def describe_unknown_gaps(summary: Summary, task: str) -> str:
    """Return how many gaps of a task rest on too few pairs to say anything; empty if none does."""
    own = [gap for gap in summary.parity if gap.task == task]
    few = [gap for gap in own if not _says_something(gap)]
    if not few:
        return ""
    most = max(gap.pairs for gap in few)
    return (
        f"{len(few):,} of {len(own):,} gaps between groups rest on too few pairs (at most {most:,}) to say anything; "
        "with more items, e.g. `limit: 2000`, they may."
    )


def make_parity_forests(summary: Summary, task: str) -> list[ParityForest]:
    """Return the forest plots of one task, of attributes with a gap that says something."""
    groups: dict[tuple[str, str], list[ParityGap]] = {}
    for gap in summary.parity:
        if gap.task == task and math.isfinite(gap.low) and math.isfinite(gap.high):
            groups.setdefault((gap.measure, gap.attribute), []).append(gap)
    told = {place: gaps for place, gaps in groups.items() if any(map(_says_something, gaps))}
    return [_make_forest(measure, attribute, gaps) for (measure, attribute), gaps in told.items()]


def _make_forest(measure: str, attribute: str, gaps: Sequence[ParityGap]) -> ParityForest:
    ends = [end for gap in gaps for end in (gap.low, gap.high, 0.0)]
    axis = make_round_axis(min(ends), max(ends))
    unit = "points" if gaps[0].unit == "1" else gaps[0].unit
    sure = words.format_coverage(gaps[0].confidence)
    return ParityForest(
        f"{measure} by {attribute.replace('_', ' ')}: each group less the others in the same pairs, {unit}; the "
        f"{sure} intervals of one candidate hold together",
        axis,
        tuple((axis.at(tick), words.format_tick(tick, gaps[0].unit)) for tick in axis.ticks),
        axis.at(0.0),
        tuple(_make_row(axis, gap) for gap in gaps),
    )


def _make_row(axis: LinearAxis, gap: ParityGap) -> ParityRow:
    middle, low, high = (words.format_difference(x, gap.unit) for x in (gap.gap, gap.low, gap.high))
    text = f"{middle} [{low}, {high}]"
    group = gap.group.replace("_", " ")
    return ParityRow(
        group,
        gap.candidate,
        place_interval(axis, gap.low, gap.gap, gap.high),
        text,
        "a certain gap" if gap.certain else "no certain gap",
        f"{gap.candidate}, {group}: {text}, {gap.pairs} pairs",
    )
