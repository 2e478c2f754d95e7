"""Tables in running text: pipes as in Markdown, or lines with commas.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_RULE = re.compile(r"^[|\s:+-]*-[|\s:+-]*$")
_NUMBER = re.compile(r"^[-+−]?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?%?$")
_LONGEST = 40
"""Characters of a cell, above which a line with commas is taken for prose."""


@dataclass(frozen=True, slots=True)
class FoundTable:
    """A table that stands in a text.

    Attributes:
        start, end: where in the text.
        head: names of the columns.
        rows: cells as they are written, each row as long as ``head``.
    """

    start: int
    end: int
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    @property
    def numeric(self) -> tuple[int, ...]:
        """Places of the columns that hold numbers only; never the first, which names the rows."""
        places = range(1, len(self.head))
        return tuple(at for at in places if all(read_cell_number(row[at]) is not None for row in self.rows))


def read_cell_number(cell: str) -> float | None:
    """Return the number of a cell; None if it is none."""
    text = cell.strip()
    if not _NUMBER.match(text) or not any(char.isdigit() for char in text):
        return None
    return float(text.rstrip("%").replace(",", "").replace("−", "-"))


def find_table(text: str) -> FoundTable | None:
    """Return the last table of a text with a head and two rows at least; None if there is none."""
    return max(
        (table for table in _read_blocks(text) if len(table.rows) >= 2), key=lambda table: table.start, default=None
    )


def _read_blocks(text: str) -> Iterator[FoundTable]:
    """Yield runs of lines that have the same number of cells, written in one way."""
    block: list[tuple[int, int, list[str]]] = []
    kind = ""
    at = 0
    for line in [*text.split("\n"), ""]:
        cells, how = _split_cells(line)
        same = bool(block) and how == kind and len(cells) == len(block[0][2])
        if block and not same:
            yield _make_table(block)
            block = []
        if cells:
            block.append((at, at + len(line), cells))
            kind = how
        at += len(line) + 1


def _make_table(block: Sequence[tuple[int, int, list[str]]]) -> FoundTable:
    head, *rows = [tuple(cells) for _, _, cells in block]
    kept = tuple(row for row in rows if not all(re.fullmatch(r":?-+:?", cell) for cell in row))
    return FoundTable(block[0][0], block[-1][1], head, kept)


def _split_cells(line: str) -> tuple[list[str], str]:
    """Return the cells of a line and how they are written; none if the line is no row of a table."""
    bare = line.strip()
    if bare.startswith("|") and bare.endswith("|") and bare.count("|") >= 3:
        return [cell.strip() for cell in bare[1:-1].split("|")], "pipes"
    cells = [cell.strip() for cell in bare.split(",")]
    prose = ", " in bare or any(len(cell) > _LONGEST for cell in cells) or bare.endswith((".", "?", "!", ":"))
    if len(cells) >= 2 and all(cells) and not prose:
        return cells, "commas"
    return [], ""
