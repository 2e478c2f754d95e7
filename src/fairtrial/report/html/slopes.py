"""Where the lines of a slope chart stand, in per cent of its box: 0, 0 is the upper left corner.

The template draws.  A candidate's line is told by its mark and its dashes as well as by its colour, and marks of
several candidates stand side by side, so that no interval hides another.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

from fairtrial.report import words
from fairtrial.report.html.plots import LinearAxis, make_round_axis
from fairtrial.studies import Interval, SlopeLine, Slopes

MARKS = ("circle", "square", "triangle", "diamond", "cross")
"""Shapes of the marks, one a candidate; the template knows how each is drawn."""

COLOURS, DASHES = 6, 4
STEP = 4.0
"""Between marks of neighbouring candidates at one stage, in per cent of the box's width; less where there are many."""


@dataclass(frozen=True, slots=True)
class SlopeMark:
    """A value on the chart: its middle and the ends of its interval."""

    x: float
    y: float
    top: float
    bottom: float
    text: str


@dataclass(frozen=True, slots=True)
class SlopePath:
    """One candidate: its marks, the strokes between neighbours (x1, y1, x2, y2), and how they look."""

    label: str
    marks: tuple[SlopeMark, ...]
    strokes: tuple[tuple[float, float, float, float], ...]
    shape: str
    colour: int
    dash: int


@dataclass(frozen=True, slots=True)
class SlopeLayout:
    """A slope chart ready to be drawn.

    Attributes:
        ticks: (place from the top, text) of the vertical axis.
        columns: places of the stages from the left.
        chance: place of blind guessing from the top; None if unknown or outside.
    """

    slopes: Slopes
    ticks: tuple[tuple[float, str], ...]
    columns: tuple[float, ...]
    paths: tuple[SlopePath, ...]
    chance: float | None
    description: str


def lay_out_slopes(slopes: Slopes) -> SlopeLayout | None:
    """Return where everything of a slope chart stands; None if no line has two values."""
    lines = [line for line in slopes.lines if sum(value is not None for value in line.values) > 1]
    if not lines or len(slopes.stages) < 2:
        return None
    axis = _make_axis(slopes, lines)
    columns = tuple((at + 0.5) * 100 / len(slopes.stages) for at in range(len(slopes.stages)))
    step = min(STEP, 0.7 * 100 / len(slopes.stages) / len(lines))
    paths = tuple(
        _place_line(slopes, line, number, axis, [x + (number - (len(lines) - 1) / 2) * step for x in columns])
        for number, line in enumerate(lines)
    )
    chance = slopes.chance
    inside = chance is not None and axis.low <= chance <= axis.high and slopes.unit == "1"
    return SlopeLayout(
        slopes,
        tuple((100 - axis.at(tick), _format_value(tick, slopes.unit)) for tick in axis.ticks),
        columns,
        paths,
        100 - axis.at(chance) if inside and chance is not None else None,
        _describe(slopes, lines),
    )


def _make_axis(slopes: Slopes, lines: list[SlopeLine]) -> LinearAxis:
    if slopes.bounds is not None:
        low, high = slopes.bounds
        return LinearAxis(low, high, tuple(low + (high - low) * part / 4 for part in range(5)))
    values = [value for line in lines for value in line.values if value is not None]
    ends = [end for value in values for end in (value.low, value.value, value.high) if math.isfinite(end)]
    return make_round_axis(min(ends), max(ends), 5)


def _place_line(slopes: Slopes, line: SlopeLine, number: int, axis: LinearAxis, xs: list[float]) -> SlopePath:
    marks = tuple(
        SlopeMark(
            x,
            100 - axis.at(value.value),
            100 - axis.at(value.high),
            100 - axis.at(value.low),
            f"{line.label}, {stage}: {_format_interval(value, slopes.unit)}",
        )
        for x, value, stage in zip(xs, line.values, slopes.stages, strict=True)
        if value is not None
    )
    strokes = tuple((a.x, a.y, b.x, b.y) for a, b in itertools.pairwise(marks))
    return SlopePath(line.label, marks, strokes, MARKS[number % len(MARKS)], number % COLOURS, number % DASHES)


def _format_value(value: float, unit: str) -> str:
    return f"{100 * value:.6g}%".replace("-", words.MINUS) if unit == "1" else words.format_number(value)


def _format_interval(value: Interval, unit: str) -> str:
    middle, low, high = (words.format_quantity(end, unit) for end in (value.value, value.low, value.high))
    return f"{middle} [{low.removesuffix('%')}, {high.removesuffix('%')}]"


def _describe(slopes: Slopes, lines: list[SlopeLine]) -> str:
    """Return the chart in words, for those who cannot see it."""
    told = "; ".join(
        f"{line.label}: "
        + ", ".join(
            f"{stage} {words.format_quantity(value.value, slopes.unit)}"
            for stage, value in zip(slopes.stages, line.values, strict=True)
            if value is not None
        )
        for line in lines
    )
    return f"{slopes.title}, {slopes.measure}. {told}."
