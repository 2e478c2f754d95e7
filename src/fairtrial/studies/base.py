"""What a study finds: sentences, tables and charts as plain values.  Knows no HTML, no terminal and no ledger."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fairtrial.ledger import Ledger


@dataclass(frozen=True, slots=True)
class Interval:
    """A value with its interval, in the column's unit."""

    value: float
    low: float
    high: float


Cell = str | float | Interval | None
"""One cell of a table; None: not measured (a note says why)."""


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column.

    Attributes:
        name: what stands above it.
        unit: of its numbers, as measures write it: ``1`` for shares, ``s``, ``B``, ``J``, ``USD``; empty for text
            and for bare numbers.
        difference: its numbers are differences, written with their sign.
    """

    name: str
    unit: str = ""
    difference: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; the first column names the rows."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]


@dataclass(frozen=True, slots=True)
class Axis:
    """What an axis shows.

    Attributes:
        label: in words.
        unit: as for `Column`.
        log: whether equal steps are equal ratios; all values are then above 0.
        less_is_better: which way is good.
    """

    label: str
    unit: str
    log: bool = False
    less_is_better: bool = False


@dataclass(frozen=True, slots=True)
class Point:
    """A point of a chart, with an interval either way where one is known.

    Attributes:
        label: written beside it; empty for none.
        kind: ``candidate``; ``curve``: a point of a line, joined with its neighbours in order; ``reference``: a
            point of a dashed line that serves for comparison; ``line``: a point of one of several `Curve`s.
        on_frontier: whether nothing here is at least as good in both and better in one.
    """

    label: str
    x: Interval
    y: Interval
    kind: str = "candidate"
    on_frontier: bool = False


@dataclass(frozen=True, slots=True)
class Curve:
    """Points of one thing in order, joined by a line with a band of their intervals."""

    label: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Chart:
    """One measure against another.

    Attributes:
        points: all of them.
        curves: the same where they are points of several lines with bands.
    """

    title: str
    x: Axis
    y: Axis
    points: tuple[Point, ...]
    caption: str = ""
    curves: tuple[Curve, ...] = ()


@dataclass(frozen=True, slots=True)
class SlopeLine:
    """One candidate's line of a slope chart: a value for each stage; None where there is none."""

    label: str
    values: tuple[Interval | None, ...]


@dataclass(frozen=True, slots=True)
class Slopes:
    """A slope chart: how one measure changes from stage to stage, one line a candidate.

    Attributes:
        title: what the stages have in common, e.g. a task.
        stages: names of the stages, from left to right; at least two.
        measure: its name; ``unit`` as for `Column`.
        bounds: smallest and largest value where the whole range is to be shown; None shows what there is.
        lines: of the candidates.
        chance: value of blind guessing; None if unknown.
        caption: what a reader must know.
    """

    title: str
    stages: tuple[str, ...]
    measure: str
    unit: str
    bounds: tuple[float, float] | None
    lines: tuple[SlopeLine, ...]
    chance: float | None = None
    caption: str = ""


@dataclass(frozen=True, slots=True)
class WaterfallStep:
    """One step of a waterfall.

    Attributes:
        label: what was done.
        start, end: the value before and after it.
        change: with its interval; low and high are equal where nothing is uncertain, e.g. of a file's size.
        word: ``better``, ``worse``, ``tied``, ``undecided`` or ``different``: how certain the change is.
    """

    label: str
    start: float
    end: float
    change: Interval
    word: str


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How one value comes about step by step, from one total to another.

    Attributes:
        title: whose, on what.
        measure: its name; ``unit`` as for `Column`.
        first, last: name and value of the totals, with their intervals where they have some.
        steps: in between, in order; each begins where the one before ends.
        less_is_better: which way is good; None where neither is.
        folded: whether it is one of many, which a reader opens.
        caption: what a reader must know.
    """

    title: str
    measure: str
    unit: str
    first: tuple[str, Interval]
    steps: tuple[WaterfallStep, ...]
    last: tuple[str, Interval]
    less_is_better: bool | None = None
    folded: bool = False
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a study found.

    Attributes:
        title: the standing question.
        sentences: the answer, the most important first.
        tables: what it rests on.
        charts: the same as pictures.
        notes: what it does not cover, and what was not measured, with the reason.
        slopes: how scores change from one form of a task to another, as pictures.
        waterfalls: what each of several steps changed, as pictures.
    """

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()
    slopes: tuple[Slopes, ...] = ()
    waterfalls: tuple[Waterfall, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON values; ends that nothing bounds are null."""
        body: dict[str, Any] = _make_plain(asdict(self))
        return body


def _make_plain(value: Any) -> Any:
    """Return a value without numbers that JSON lacks."""
    if isinstance(value, dict):
        return {key: _make_plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_make_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


Study = Callable[[Ledger, str, Mapping[str, Any]], Findings]
"""Answers its question from a ledger, a trial's id and the settings that the trial file gives; reads only."""
