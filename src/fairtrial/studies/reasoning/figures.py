"""Curves in words, tables and charts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import get_bounds
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.arrays import Floats
from fairtrial.stats.intervals import estimate
from fairtrial.stats.token_curves import (
    compute_area,
    compute_curve,
    compute_gains,
    draw_clusters,
    find_limits,
    find_tokens_needed,
)
from fairtrial.studies.base import Axis, Cell, Chart, Column, Curve, Interval, Point, Table
from fairtrial.studies.reasoning.claims import DRAWS, SEED, make_interval
from fairtrial.studies.reasoning.families import TaskCurve

LEAST_SPAN = 50.0
"""Tokens between neighbours below which their difference is not told for 100 more: it would be extrapolated."""

FEW_CLUSTERS = 20
"""Clusters of items below which draws of clusters give intervals that are too narrow: nothing is certain by them."""


def describe_curves(curves: Iterable[TaskCurve], rows: TrialValues) -> Iterator[str]:
    """Yield what thinking longest brings each system on each task, beside thinking least."""
    for one in curves:
        if len(one.lengths) < 2:
            continue
        first, last = int(one.curve.tokens.argmin()), int(one.curve.tokens.argmax())
        if first == last:
            continue
        drawn = compute_curve(one.sample, draw(one, rows))
        gain = make_interval(
            one.curve.values[last] - one.curve.values[first],
            drawn.values[:, last] - drawn.values[:, first],
            rows.confidence,
        )
        told = (
            f"from {100 * one.curve.values[first]:.1f}% with {_count(one.curve.tokens[first])} to "
            f"{100 * one.curve.values[last]:.1f}% with {_count(one.curve.tokens[last])}"
        )
        ends = f"{_format_points(gain.value)} points [{_format_points(gain.low)}, {_format_points(gain.high)}]"
        clusters = len(np.unique(one.sample.clusters))
        if clusters < FEW_CLUSTERS:
            few = f"from {clusters} clusters of items, too few, so that this interval is too narrow"
            how = "rises by" if gain.value > 0 else "falls by" if gain.value < 0 else "stays the same with"
            yield f"On {one.task.name}, {one.family} perhaps {how} thinking, {told}: {ends}, {few}."
        elif gain.low > 0:
            yield f"On {one.task.name}, thinking lifts {one.family} {told}: {ends}."
        elif gain.high < 0:
            yield f"On {one.task.name}, {one.family} gets worse by thinking, {told}: {ends}."
        elif gain.value < 0:
            yield f"On {one.task.name}, {one.family} fell by thinking, {told}: {ends}; not certain."
        else:
            yield f"On {one.task.name}, thinking may bring {one.family} nothing: {told}, {ends}."


def draw(one: TaskCurve, rows: TrialValues) -> Floats:
    """Return how often each cluster is drawn: the same draws for all that have the same items."""
    return draw_clusters(one.sample.clusters, DRAWS, np.random.default_rng([rows.plan.seed, SEED]))


def make_curve_tables(
    tasks: Sequence[TaskRecord], curves: Mapping[tuple[str, str], TaskCurve], rows: TrialValues
) -> Iterator[Table]:
    """Yield the points of all curves of each task, and what comes from one to the next, also for 100 more tokens."""
    columns = (
        Column("system, thinking"),
        Column("tokens"),
        Column("read"),
        Column("value", "1"),
        Column("gain", "1", difference=True),
        Column("per 100 more", "1", difference=True),
    )
    for task in tasks:
        found = [one for (_, name), one in curves.items() if name == task.name]
        lines = tuple(line for one in found for line in _list_points(one, rows))
        if lines:
            told = len(columns) - all(line[-1] is None for line in lines)
            yield Table(
                f"{task.name}: {task.main_measure.name} by tokens generated; gain over the length before",
                columns[:told],
                tuple(line[:told] for line in lines),
            )


def _list_points(one: TaskCurve, rows: TrialValues) -> Iterator[tuple[Cell, ...]]:
    counts = draw(one, rows)
    drawn = compute_curve(one.sample, counts)
    more, plain = np.diff(one.curve.tokens), (np.diff(one.curve.values), np.diff(drawn.values))
    per = compute_gains(one.curve), compute_gains(drawn)

    def tell(pair: tuple[Floats, Floats], at: int) -> Interval:
        return make_interval(pair[0][at - 1] + 0.0, pair[1][:, at - 1] + 0.0, rows.confidence)

    for at, length in enumerate(one.lengths):
        known = at > 0 and abs(more[at - 1]) >= LEAST_SPAN and np.isfinite(per[1][:, at - 1]).all()
        yield (
            f"{one.family}, {length}",
            round(float(one.curve.tokens[at]), 1),
            None if math.isnan(one.read[at]) else round(float(one.read[at]), 1),
            estimate_point(one, at, rows),
            tell(plain, at) if at else None,
            tell(per, at) if known else None,
        )


def estimate_point(one: TaskCurve, at: int, rows: TrialValues) -> Interval:
    """Return a point's value with the interval of the scores."""
    values = one.sample.values[at]
    found = estimate(
        values, np.ones(values.size), one.sample.clusters, rows.confidence, get_bounds(one.task.main_measure)
    )
    return Interval(found.mean, found.low, found.high)


def has_span(one: TaskCurve) -> bool:
    """Return whether there are at least two points at different tokens: a curve, and no point."""
    return find_limits(one.curve) is not None


def make_need_table(curves: Iterable[TaskCurve], rows: TrialValues, accuracy: Sequence[float]) -> Table:
    """Return the mean over each curve, and the tokens needed for some values of the measure."""
    every = list(curves)
    lines: list[tuple[Cell, ...]] = []
    for task in dict.fromkeys(one.task.name for one in every):
        own = [one for one in every if one.task.name == task]
        lines_of = [one for one in own if has_span(one)]  # a point has no width, and would narrow what others have
        limits = find_limits(*(one.curve for one in lines_of)) if lines_of else None
        ends = [end for one in own for end in (one.curve.values.min(), one.curve.values.max())]
        targets = accuracy or [round(20 * (min(ends) + max(ends)) / 2) / 20]
        for one in own:
            drawn = compute_curve(one.sample, draw(one, rows))
            area: Cell = None
            if limits and has_span(one):
                area = make_interval(compute_area(one.curve, limits), compute_area(drawn, limits), rows.confidence)
            between = f"{limits[0]:,.0f} to {limits[1]:,.0f}" if limits and has_span(one) else ""
            told = []
            for target in targets:
                now, in_draws = find_tokens_needed(one.curve, target), find_tokens_needed(drawn, target)
                told.append(f"{100 * target:g}%: {_describe_need(make_interval(now, in_draws, rows.confidence))}")
            lines.append((task, one.family, area, between, "; ".join(told)))
    columns = (
        Column("task"),
        Column("system"),
        Column("mean over the curve", "1"),
        Column("between tokens"),
        Column("tokens needed for a value"),
    )
    return Table("Areas, and tokens needed for a value", columns, tuple(lines))


def _describe_need(need: Interval) -> str:
    """Return tokens needed in words: ``120 [80, never]``."""
    value, low, high = (f"{end:,.0f}" if math.isfinite(end) else "never" for end in (need.value, need.low, need.high))
    return value if low == high == value else f"{value} [{low}, {high}]"


def make_charts(
    tasks: Sequence[TaskRecord], curves: Mapping[tuple[str, str], TaskCurve], rows: TrialValues
) -> Iterator[Chart]:
    """Yield each task's curves with bands."""
    for task in tasks:
        found = [one for (_, name), one in curves.items() if name == task.name]
        if not found:
            continue
        lines = tuple(Curve(one.family, tuple(_make_points(one, rows))) for one in found)
        yield Chart(
            f"{task.name}: {task.main_measure.name} against tokens",
            Axis("tokens generated for an item", "", log=True, less_is_better=True),
            Axis(task.main_measure.name, "1"),
            tuple(point for line in lines for point in line.points),
            f"Bands: {100 * rows.confidence:g}% intervals of the points.",
            lines,
        )


def _make_points(one: TaskCurve, rows: TrialValues) -> Iterator[Point]:
    for at in np.argsort(one.curve.tokens, kind="stable"):
        tokens = float(one.curve.tokens[at])
        yield Point(one.lengths[at], Interval(tokens, tokens, tokens), estimate_point(one, int(at), rows), "line")


def _count(tokens: float) -> str:
    shown = f"{tokens:,.0f}"
    return f"{shown} token{'s' * (shown != '1')}"


def _format_points(value: float) -> str:
    return f"{100 * value:+.1f}".replace("-", "−")
