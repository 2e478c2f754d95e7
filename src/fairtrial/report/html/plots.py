"""Where things stand on a plot's axis: positions in per cent, so that a plot fits a phone as well as a sheet of paper.

The template draws; this module decides the scale.  All positions are per cent of the plot's width, 0 at the left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairtrial.analysis.endings import DROPPED
from fairtrial.analysis.verdicts import Estimate, Verdict
from fairtrial.ledger.plan import LookRecord
from fairtrial.report import words
from fairtrial.report.summary import PairKey, Summary


@dataclass(frozen=True, slots=True)
class LinearAxis:
    """A linear axis from ``low`` to ``high`` with round ticks."""

    low: float
    high: float
    ticks: tuple[float, ...]

    def at(self, value: float) -> float:
        """Return where a value stands, cut off at the ends."""
        share = (value - self.low) / (self.high - self.low)
        return round(100 * min(1.0, max(0.0, share)), 3)


@dataclass(frozen=True, slots=True)
class Bar:
    """An interval on an axis: ends and middle in per cent; the ends may be cut off."""

    left: float
    right: float
    middle: float
    cut_left: bool
    cut_right: bool


@dataclass(frozen=True, slots=True)
class ForestRow:
    """One verdict of a forest plot."""

    verdict: Verdict
    bar: Bar
    text: str
    description: str


@dataclass(frozen=True, slots=True)
class Forest:
    """Paired differences that share one axis."""

    title: str
    axis: LinearAxis
    labels: tuple[tuple[float, str], ...]
    zero: float
    margin: tuple[float, float] | None
    rows: tuple[ForestRow, ...]
    better_side: str


@dataclass(frozen=True, slots=True)
class PathPlot:
    """How one verdict came about: interval against items, as SVG polygon points in a 100 x 100 box."""

    title: str
    band: str
    line: str
    zero: float
    margin: tuple[float, float]
    items: int
    low: str
    high: str
    end: str


def make_round_axis(low: float, high: float, ticks: int = 6) -> LinearAxis:
    """Return an axis that holds both ends with ticks at round numbers."""
    if not low < high:
        low, high = low - 0.05, high + 0.05
    raw = (high - low) / ticks
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    first, last = math.floor(low / step), math.ceil(high / step)
    marks = tuple(round(i * step, 12) for i in range(first, last + 1))
    return LinearAxis(marks[0], marks[-1], marks)


def place_interval(axis: LinearAxis, low: float, middle: float, high: float) -> Bar:
    """Return an interval's place on an axis; infinite ends are cut off."""
    return Bar(axis.at(low), axis.at(high), axis.at(middle), low < axis.low, high > axis.high)


def make_forests(summary: Summary) -> list[Forest]:
    """Return one forest plot for all shares that are better on the same side, and one for each other measure."""
    groups: dict[tuple[str, bool | None], list[Verdict]] = {}
    for verdict in summary.verdicts:
        if math.isinf(verdict.low) and math.isinf(verdict.high):
            continue  # nothing to draw: it is withheld, or rests on too few items
        measure = summary.task(verdict.task).measure(verdict.measure)
        shares = verdict.unit == "1" and measure.transform == "identity"
        groups.setdefault(("" if shares else verdict.measure, measure.higher_is_better), []).append(verdict)
    return [_make_forest(summary, name, group) for (name, _), group in groups.items()]


def _make_forest(summary: Summary, name: str, group: Sequence[Verdict]) -> Forest:
    """Return the forest plot of verdicts that share a unit."""
    measure = summary.task(group[0].task).measure(group[0].measure)
    ends = [x for v in group for x in (v.low, v.high, v.difference) if math.isfinite(x)]
    margin = group[0].margin if len({v.margin for v in group}) == 1 else 0.0
    axis = make_round_axis(min(0.0, -margin, *ends), max(0.0, margin, *ends))
    unit = words.find_difference_unit(group[0], measure)
    rows = tuple(
        ForestRow(
            verdict=v,
            bar=place_interval(axis, v.low, v.difference, v.high),
            text=_format_difference(v),
            description=words.describe_verdict(v, summary.task(v.task)),
        )
        for v in group
    )
    direction = measure.higher_is_better
    return Forest(
        title=f"Difference in {name}, {unit}" if name else "Difference in percentage points",
        axis=axis,
        labels=tuple((axis.at(tick), words.format_tick(tick, group[0].unit)) for tick in axis.ticks),
        zero=axis.at(0.0),
        margin=(axis.at(-margin), axis.at(margin)) if margin > 0 else None,
        rows=rows,
        better_side="" if direction is None else "right" if direction else "left",
    )


def _format_difference(verdict: Verdict) -> str:
    """Return a difference with its interval: ``−12.0 [−17.2, −6.8]``."""
    middle, low, high = (
        words.format_difference(x, verdict.unit) for x in (verdict.difference, verdict.low, verdict.high)
    )
    return f"{middle} [{low}, {high}]"


def place_estimate(estimate: Estimate, group: Sequence[Estimate]) -> tuple[LinearAxis, Bar]:
    """Return the axis that a measure's estimates share, and one estimate's place on it."""
    if estimate.unit == "1" and all(e.low >= 0 and e.high <= 1 for e in group):
        axis = LinearAxis(0.0, 1.0, (0.0, 0.5, 1.0))
    else:
        ends = [x for e in group for x in (e.low, e.high, e.mean) if math.isfinite(x)]
        axis = make_round_axis(min(0.0, *ends), max(ends), 4)
    return axis, place_interval(axis, estimate.low, estimate.mean, estimate.high)


def make_paths(summary: Summary) -> list[PathPlot]:
    """Return the path to each verdict of a trial that looked several times."""
    kept = {key: [look for look in looks if look.verdict != DROPPED] for key, looks in summary.looks.items()}
    return [_make_path(summary, key, looks) for key, looks in kept.items() if len(looks) > 1]


def _make_path(summary: Summary, key: PairKey, looks: Sequence[LookRecord]) -> PathPlot:
    """Return one path plot."""
    task, measure, a, b = key
    unit = summary.task(task).measure(measure).unit
    margin = next((v.margin for v in summary.verdicts if (v.task, v.measure, v.a, v.b) == key), 0.0)
    middle = np.array([look.difference for look in looks], dtype=float)
    low = np.array([-1.0 if look.low is None else look.low for look in looks], dtype=float)
    high = np.array([1.0 if look.high is None else look.high for look in looks], dtype=float)
    top, bottom = max(float(high.max()), margin), min(float(low.min()), -margin)
    reach = (top - bottom) or 1.0
    x = 100 * np.array([look.items for look in looks], dtype=float) / looks[-1].items

    def y(values: Any) -> Any:
        return 100 * (top - np.asarray(values)) / reach

    outline = [*zip(x, y(high), strict=True), *zip(x[::-1], y(low)[::-1], strict=True)]
    return PathPlot(
        title=f"{a} against {b} on {task} ({measure})",
        band=_format_points(outline),
        line=_format_points(list(zip(x, y(middle), strict=True))),
        zero=float(y(0.0)),
        margin=(float(y(margin)), float(y(-margin))),
        items=looks[-1].items,
        low=words.format_difference(bottom, unit),
        high=words.format_difference(top, unit),
        end=looks[-1].verdict,
    )


def _format_points(points: Sequence[tuple[float, float]]) -> str:
    """Return points as SVG writes them."""
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)
