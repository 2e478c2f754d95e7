"""From the lines that a reader found on a page to text in reading order: columns, paragraphs, tables.  Pure.

The page is cut along white space as in the recursive X-Y cut (Nagy and Seth 1984; Ha, Haralick and Phillips 1995):
bands from top to bottom, columns from left to right.  What stands side by side is a table if its cells are short, and
columns of a page if all of them are filled with running text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

PARAGRAPH = 0.9
"""Heights of a line between two of them from which a new paragraph begins."""

COLUMN_GAP = 0.5
"""Heights of a line that part two columns."""

TABLE_GAP = 3.0
"""Heights of a line between two rows of one table at most."""

WORDS = 4
"""Words of a line, at the median, from which it may be running text."""

FILLED = 0.6
"""Share of a column's width that its lines fill, at the median, if it is running text."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page: the box around it, axes to the right and down.

    Attributes:
        confidence: how sure the reader is of its text, from 0 to 1.
    """

    x0: float
    y0: float
    x1: float
    y1: float
    text: str
    confidence: float = 1.0

    @property
    def height(self) -> float:
        """Of the box."""
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        """Of the box, from above."""
        return (self.y0 + self.y1) / 2


def write_page(lines: Sequence[Line], tables: bool = True, spaced: bool = True) -> str:
    """Return the text of a page in reading order: paragraphs apart by an empty line, tables as Markdown.

    Args:
        lines: in any order.
        tables: whether tables are kept; else their rows are lines.
        spaced: whether words are parted by spaces, which those of Chinese and Japanese are not.
    """
    return _Page(tables, " " if spaced else "").write(list(lines))


@dataclass(frozen=True, slots=True)
class _Page:
    tables: bool
    space: str

    def write(self, lines: list[Line]) -> str:
        if not lines:
            return ""
        unit = median(line.height for line in lines)
        blocks: list[str] = []
        last: Line | None = None
        for segment in _find_segments(_find_bands(lines), unit):
            columns = _find_columns(segment, unit)
            if len(columns) < 2:
                text, apart = self._write_rows(segment, unit), self._is_apart(last, segment, unit)
            elif _is_running(columns):
                text, apart = "\n\n".join(self.write(column) for column in columns), True
            else:
                text, apart = self._write_grid(segment, columns), self.tables or self._is_apart(last, segment, unit)
            blocks.append(f"\n\n{text}" if apart and blocks else f"\n{text}" if blocks else text)
            last = max(segment, key=lambda line: line.y1)
            if apart and len(columns) > 1:
                last = None
        return "".join(blocks)

    def _is_apart(self, last: Line | None, segment: Sequence[Line], unit: float) -> bool:
        """Return whether a segment begins a paragraph; what follows a table or columns always does."""
        return last is None or min(line.y0 for line in segment) - last.y1 > PARAGRAPH * unit

    def _write_rows(self, lines: Sequence[Line], unit: float) -> str:
        """Return lines of one column, paragraph by paragraph."""
        text, bottom = "", 0.0
        for row in find_rows(lines):
            told = self.space.join(line.text for line in row)
            top = min(line.y0 for line in row)
            text += ("\n\n" if top - bottom > PARAGRAPH * unit else "\n") * bool(text) + told
            bottom = max(line.y1 for line in row)
        return text

    def _write_grid(self, lines: Sequence[Line], columns: Sequence[Sequence[Line]]) -> str:
        """Return what stands side by side: a table, or one line where it is one row."""
        of = {id(line): i for i, column in enumerate(columns) for line in column}
        rows = []
        for row in find_rows(lines):
            cells = [""] * len(columns)
            for line in row:
                at = of[id(line)]
                cells[at] = self.space.join(filter(None, (cells[at], line.text)))
            rows.append(cells)
        if len(rows) == 1 or not self.tables:
            return "\n".join("  ".join(filter(None, cells)) for cells in rows)
        head, *body = (_write_cells(cells) for cells in rows)
        return "\n".join([head, "|" + " --- |" * len(columns), *body])


def _write_cells(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def find_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Return lines by the rows in which they stand, from the top, each from the left."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: (one.middle, one.x0)):
        near = rows[-1] if rows else []
        if near and line.middle - _find_middle(near) < 0.5 * min(line.height, *(one.height for one in near)):
            near.append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda one: one.x0) for row in rows]


def _find_middle(row: Sequence[Line]) -> float:
    return sum(line.middle for line in row) / len(row)


def _find_bands(lines: Sequence[Line]) -> list[list[Line]]:
    """Return lines by the bands that white space across the whole page leaves, from the top."""
    bands: list[list[Line]] = []
    bottom = 0.0
    for line in sorted(lines, key=lambda one: one.y0):
        slack = 0.25 * line.height  # boxes are drawn a little too large
        if bands and line.y0 + slack < bottom:
            bands[-1].append(line)
        else:
            bands.append([line])
            bottom = line.y1
        bottom = max(bottom, line.y1)
    return bands


def _find_segments(bands: Sequence[list[Line]], unit: float) -> Iterator[list[Line]]:
    """Yield bands that belong together: those that stand in the same columns, or in none."""
    segment: list[Line] = []
    for i, band in enumerate(bands):
        if segment and not _fits(segment, band, bands[i + 1 : i + 2], unit):
            yield segment
            segment = []
        segment = [*segment, *band]
    if segment:
        yield segment


def _fits(segment: list[Line], band: list[Line], following: Sequence[list[Line]], unit: float) -> bool:
    """Return whether a band goes on with the columns of the segment above it."""
    had, own = len(_find_columns(segment, unit)), len(_find_columns(band, unit))
    if had < 2 and own < 2:
        return True
    gap = min(line.y0 for line in band) - max(line.y1 for line in segment)
    if had < 2 or gap > TABLE_GAP * unit:
        return False
    if own < 2 and not _continues(segment, band, following, unit):
        return False
    return len(_find_columns([*segment, *band], unit)) >= max(had, own)


def _continues(segment: list[Line], band: list[Line], following: Sequence[list[Line]], unit: float) -> bool:
    """Return whether a row with one cell is one of the table, and no line below it."""
    gap = min(line.y0 for line in band) - max(line.y1 for line in segment)
    goes_on = any(len(_find_columns(one, unit)) > 1 for one in following)
    return goes_on or gap < PARAGRAPH * unit / 2


def _find_columns(lines: Sequence[Line], unit: float) -> list[list[Line]]:
    """Return lines by the columns that white space from top to bottom leaves, from the left."""
    columns: list[list[Line]] = []
    right = 0.0
    for line in sorted(lines, key=lambda one: one.x0):
        if columns and line.x0 - right < COLUMN_GAP * unit:
            columns[-1].append(line)
        else:
            columns.append([line])
        right = max(right, line.x1) if len(columns[-1]) > 1 else line.x1
    return columns


def _is_running(columns: Sequence[Sequence[Line]]) -> bool:
    """Return whether all columns are filled with running text."""
    return all(len(column) > 1 and _is_filled(column) for column in columns)


def _is_filled(column: Sequence[Line]) -> bool:
    width = max(line.x1 for line in column) - min(line.x0 for line in column)
    filled = median((line.x1 - line.x0) / width for line in column) if width else 0.0
    return median(len(line.text.split()) for line in column) >= WORDS and filled >= FILLED
