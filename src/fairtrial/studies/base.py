"""What a study finds: sentences, tables and charts as plain values.  Knows no HTML, no terminal and no ledger."""

from __future__ import annotations

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
            point of a dashed line that serves for comparison.
        on_frontier: whether nothing here is at least as good in both and better in one.
    """

    label: str
    x: Interval
    y: Interval
    kind: str = "candidate"
    on_frontier: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """One measure against another."""

    title: str
    x: Axis
    y: Axis
    points: tuple[Point, ...]
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
    """

    title: str
    sentences: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    notes: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """Return all of it as JSON values."""
        return asdict(self)


Study = Callable[[Ledger, str, Mapping[str, Any]], Findings]
"""Answers its question from a ledger, a trial's id and the settings that the trial file gives; reads only."""
