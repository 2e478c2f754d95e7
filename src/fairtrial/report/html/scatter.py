"""Where points, intervals, lines and labels of a chart stand, in per cent of its box: 0, 0 is the upper left corner.

The template draws; text keeps its size, whatever the width of the screen.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.report import words
from fairtrial.report.study import format_size
from fairtrial.studies import Axis, Chart, Interval, Point

LINE = 5.0
"""Height of a line of text, in per cent of the box."""

LETTER = 1.25
"""Width of a letter on a sheet as wide as the report's, in per cent."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A place on an axis and what is written there."""

    at: float
    text: str


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to per cent of the box's width."""

    low: float
    high: float
    log: bool
    ticks: tuple[Tick, ...]

    def at(self, value: float) -> float:
        """Return where a value stands, cut off at the ends."""
        return _place_value(value, self.low, self.high, self.log)


@dataclass(frozen=True, slots=True)
class Dot:
    """A candidate: middle, ends of the two intervals, and its label's place (``end`` or ``start`` anchored)."""

    point: Point
    x: float
    y: float
    left: float
    right: float
    top: float
    bottom: float
    label_x: float
    label_y: float
    anchor: str


@dataclass(frozen=True, slots=True)
class Stroke:
    """A straight line; ``kind`` is ``frontier``, ``curve`` or ``reference``."""

    kind: str
    x1: float
    y1: float
    x2: float
    y2: float


@dataclass(frozen=True, slots=True)
class ChartLayout:
    """A chart ready to be drawn."""

    chart: Chart
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    strokes: tuple[Stroke, ...]
    dots: tuple[Dot, ...]
    description: str


def lay_out_chart(chart: Chart) -> ChartLayout | None:
    """Return where everything of a chart stands; None if it has no points."""
    if not chart.points:
        return None
    x = make_scale(chart.x, [point.x for point in chart.points])
    y = make_scale(chart.y, [point.y for point in chart.points])
    candidates = [point for point in chart.points if point.kind == "candidate"]
    strokes = [
        stroke
        for kind in ("reference", "curve")
        for stroke in _join_points(kind, [p for p in chart.points if p.kind == kind], x, y)
    ]
    edge = sorted((p for p in candidates if p.on_frontier), key=lambda p: p.x.value)
    return ChartLayout(
        chart,
        x.ticks,
        tuple(Tick(100 - tick.at, tick.text) for tick in y.ticks),
        (*strokes, *_join_points("frontier", edge, x, y)),
        _place_dots(candidates, x, y),
        _describe_chart(chart, candidates),
    )


def make_scale(axis: Axis, values: Sequence[Interval]) -> Scale:
    """Return an axis's scale with round ticks; a little wider than what stands on it."""
    ends = [end for value in values for end in (value.low, value.value, value.high) if math.isfinite(end)]
    low, high = min(ends), max(ends)
    if axis.log and low > 0:
        reach = max(math.log(high / low), 0.2)
        low, high = low * math.exp(-0.08 * reach), high * math.exp(0.08 * reach)
        marks = _find_log_marks(low, high)
        return Scale(
            low, high, True, tuple(Tick(_place_value(m, low, high, True), format_tick(m, axis)) for m in marks)
        )
    reach = next((reach for reach in (high - low, abs(high)) if reach > 1e-300), 1.0)  # such a span has no ticks
    low, high = low - 0.08 * reach, high + 0.08 * reach
    if axis.unit == "1":
        low, high = max(low, -0.01), min(high, 1.01)
    marks = _find_round_marks(low, high)
    return Scale(low, high, False, tuple(Tick(_place_value(m, low, high, False), format_tick(m, axis)) for m in marks))


def _place_value(value: float, low: float, high: float, log: bool) -> float:
    """Return where ``value`` stands between the ends, in per cent, cut off there."""
    value = min(max(value, low), high)
    part = math.log(value / low) / math.log(high / low) if log else (value - low) / (high - low)
    return round(100 * part, 3)


def _find_round_marks(low: float, high: float) -> list[float]:
    """Return three to seven round numbers between the ends."""
    rough = (high - low) / 5
    unit = 10 ** math.floor(math.log10(rough))
    step = next(f * unit for f in (1, 2, 5, 10) if f * unit >= rough)
    first = math.ceil(low / step)
    return [i * step for i in range(first, math.floor(high / step) + 1)]


def _find_log_marks(low: float, high: float) -> list[float]:
    """Return 1, 2, 5, 10, ... between the ends; powers of ten alone where that is enough; round numbers if none."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    fine = [f * 10.0**p for p in powers for f in (1, 2, 5) if low <= f * 10.0**p <= high]
    coarse = [m for m in fine if math.isclose(10 ** round(math.log10(m)), m)]
    if len(coarse) >= 3:
        return coarse
    return fine if len(fine) >= 2 else _find_round_marks(low, high)


def format_tick(value: float, axis: Axis) -> str:
    """Return a number at an axis, as short as can be."""
    if axis.unit == "1":
        return f"{100 * value:.6g}%".replace("-", words.MINUS)
    if axis.unit == "B":
        return format_size(value)
    return f"{value:,.4g}".replace("-", words.MINUS)


def _join_points(kind: str, points: Sequence[Point], x: Scale, y: Scale) -> list[Stroke]:
    """Return the lines between neighbours."""
    places = [(x.at(p.x.value), 100 - y.at(p.y.value)) for p in points]
    return [Stroke(kind, *a, *b) for a, b in itertools.pairwise(places)]


def _place_dots(candidates: Sequence[Point], x: Scale, y: Scale) -> tuple[Dot, ...]:
    """Return the candidates' places; a label goes beside its point, up or down a line if another is in its way."""
    taken: list[tuple[float, float, float]] = []
    found = []
    for point in sorted(candidates, key=lambda p: -p.y.value):
        at, up = x.at(point.x.value), 100 - y.at(point.y.value)
        width = LETTER * len(point.label)
        right = at + width < 96
        begin = at + 1.6 if right else at - 1.6 - width
        line = _find_free_line(up + 0.2 * LINE, begin, begin + width, taken)
        taken.append((begin, begin + width, line))
        found.append(
            Dot(
                point,
                at,
                up,
                x.at(point.x.low),
                x.at(point.x.high),
                100 - y.at(point.y.high),
                100 - y.at(point.y.low),
                at + 1.6 if right else at - 1.6,
                line,
                "start" if right else "end",
            )
        )
    return tuple(found)


def _find_free_line(wanted: float, left: float, right: float, taken: Sequence[tuple[float, float, float]]) -> float:
    """Return the height nearest to ``wanted`` where a label from ``left`` to ``right`` covers no other."""
    for step in (0.0, 1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 4.0, -4.0):
        line = wanted + step * LINE
        clash = any(left < to and start < right and abs(line - at) < 0.95 * LINE for start, to, at in taken)
        if not clash and -2 <= line <= 100:
            return line
    return wanted


def _describe_chart(chart: Chart, candidates: Sequence[Point]) -> str:
    """Return the chart in words, for those who cannot see it."""
    named = "; ".join(
        f"{p.label}: {format_tick(p.x.value, chart.x)}, {format_tick(p.y.value, chart.y)}"
        + (", on the frontier" * p.on_frontier)
        for p in candidates
    )
    return f"{chart.title}. {chart.x.label}, {chart.y.label}: {named}."
