"""What a study found, as text for cells and lines.  Knows no HTML and no terminal."""

from __future__ import annotations

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
    return any(isinstance(row[column_at], float | int | Interval) for row in rows)


PHONE = 36
"""Characters of a table's cells that stand beside each other on a phone."""


def is_slim(table: Table) -> bool:
    """Return whether a table fits a phone as it stands, so that its rows need not become blocks."""
    needed = 0.0
    if any(isinstance(cell, str) and len(cell) > PHONE for row in table.rows for cell in row):
        return False  # whole sentences
    for at, column in enumerate(table.columns):
        cells = [format_cell(row[at], column) for row in table.rows]
        if is_numeric(at, table.rows):
            cells = [cell.replace(", ", ",") for cell in cells]
        head = max(map(len, format_head(column).replace("_", " ").split()), default=0)
        needed += max([0.9 * head, *(len(part) for cell in cells for part in cell.split())]) + 1.5
    return needed <= PHONE
