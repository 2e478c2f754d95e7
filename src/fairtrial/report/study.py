"""What a study found, as text for cells and lines.  Knows no HTML and no terminal."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairtrial.report import words
from fairtrial.studies import Cell, Column, Interval, Table

MISSING = "–"


def format_head(column: Column) -> str:
    """Return a column's head with the unit of its numbers, where the cells do not carry it."""
    return f"{column.name} (points)" if column.difference and column.unit == "1" else column.name


def format_cell(value: Cell, column: Column) -> str:
    """Return a cell as text."""
    if value is None:
        return MISSING
    if isinstance(value, str):
        return value
    if isinstance(value, Interval):
        shown = _format_figure(value.value, column)
        unit = "%" if shown.endswith("%") else "".join(shown.rpartition(" ")[1:]) if " " in shown else ""
        low, high = (_format_figure(end, column).removesuffix(unit) for end in (value.low, value.high))
        return f"{shown} [{low}, {high}]"
    return _format_figure(value, column)


def _format_figure(value: float, column: Column) -> str:
    """Return a number in the column's unit."""
    if column.difference and column.unit == "B":
        return f"{'+' if value > 0 else ''}{format_size(value)}"
    if column.difference:
        return words.format_difference(value, column.unit)
    if not column.unit and float(value).is_integer():
        return f"{value:,.0f}"
    if column.unit == "B":
        return format_size(value)
    return words.format_quantity(value, column.unit).strip()


def format_size(value: float) -> str:
    """Return bytes in decimal megabytes or gigabytes."""
    return f"{words.format_number(value / 1e9)} GB" if abs(value) >= 1e9 else f"{words.format_number(value / 1e6)} MB"


def is_numeric(column_at: int, rows: tuple[tuple[Cell, ...], ...]) -> bool:
    """Return whether a column holds numbers, so that it is set flush right."""
    cells = [row[column_at] for row in rows]
    if any(isinstance(cell, float | int | Interval) for cell in cells):
        return True
    return column_at > 0 and any(cells) and all(isinstance(cell, str) and COUNTS.fullmatch(cell) for cell in cells)


COUNTS = re.compile(r"\d[\d.,%/–\s]*|")
"""Text that is numbers alone, e.g. ``29 / 20``, or nothing."""


PAGE, PHONE = 84, 36
"""Characters of a table's cells that stand beside each other on a page and on a phone."""


@dataclass(frozen=True, slots=True)
class LaidOut:
    """A table as text, as it is drawn.

    Attributes:
        heads: of the columns; the first names the rows.
        figures: whether a column holds numbers, so that it is set flush right.
        rows: the cells.
        turned: whether its rows are what the study calls columns.
    """

    heads: tuple[str, ...]
    figures: tuple[bool, ...]
    rows: tuple[tuple[str, ...], ...]
    turned: bool = False


def lay_out(table: Table) -> LaidOut:
    """Return a table as text: turned, its columns as rows, where it is too wide for a page and would be less so."""
    straight = write_cells(table)
    turned = turn(straight) if measure_width(straight) > PAGE else None
    return straight if turned is None or measure_width(turned) > PAGE else turned


def write_cells(table: Table) -> LaidOut:
    """Return a table as text, as it is."""
    return LaidOut(
        tuple(map(format_head, table.columns)),
        tuple(is_numeric(at, table.rows) for at in range(len(table.columns))),
        tuple(tuple(map(format_cell, row, table.columns)) for row in table.rows),
    )


def turn(straight: LaidOut) -> LaidOut | None:
    """Return a table with its columns as rows; None for one that has as many rows."""
    if len(straight.rows) + 2 > len(straight.heads):
        return None
    heads = (straight.heads[0], *(row[0] for row in straight.rows))
    rows = tuple((head, *(row[at] for row in straight.rows)) for at, head in enumerate(straight.heads) if at)
    return LaidOut(heads, (False, *[any(straight.figures)] * len(straight.rows)), rows, True)


def is_slim(shown: LaidOut) -> bool:
    """Return whether a table fits a phone as it stands, so that its rows need not become blocks."""
    if any(
        len(cell) > PHONE and not figure for row in shown.rows for cell, figure in zip(row, shown.figures, strict=True)
    ):
        return False  # whole sentences
    return measure_width(shown) <= PHONE


def measure_width(shown: LaidOut) -> float:
    """Return the characters that a table needs beside each other: words and intervals are not broken."""
    needed = 0.0
    for at, name in enumerate(shown.heads):
        cells = [row[at].replace(", ", ",") if shown.figures[at] else row[at] for row in shown.rows]
        head = max(map(len, name.replace("_", " ").split()), default=0)
        needed += max([0.9 * head, *(len(part) for cell in cells for part in cell.split())]) + 1.5
    return needed
