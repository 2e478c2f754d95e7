"""Tables that stay readable in a narrow terminal: where a table would have to break words, its rows become blocks."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

BETWEEN = "  ·  "
"""What stands between two values of a block that share a line."""


WIDE = 10_000
"""Columns in which every table has room."""


class FittedTable:
    """A table, or its rows as blocks where the table does not fit.

    Args:
        table: with a title, header texts and cells that are text.
        heads: so many of its first columns name a row.
        lined: in a block, each value has a line of its own; else as many share a line as fit.
        turned: the same with columns as rows, which is shown where only that fits.
    """

    def __init__(self, table: Table, heads: int = 1, lined: bool = False, turned: Table | None = None) -> None:
        self.table = table
        self.heads = heads
        self.lined = lined
        self.turned = None if turned is None else FittedTable(turned)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title, wrapped to the terminal, then the table or the blocks."""
        title, self.table.title = self.table.title, None
        try:
            if title:
                yield title
            if self._fits(console, options):
                yield self.table
            elif self.turned is not None and self.turned._fits(console, options):
                self.turned.table.title = None
                yield self.turned.table
            else:
                yield from self._make_blocks(console, options.max_width)
        finally:
            self.table.title = title

    def _fits(self, console: Console, options: ConsoleOptions) -> bool:
        """Return whether the table has room as a table; its columns have their widths then."""
        if console.measure(self.table, options=options.update(max_width=WIDE)).maximum <= options.max_width:
            return True
        if (spare := options.max_width - self._find_needed_width()) < 0:
            return False
        self._share_room(spare)
        return True

    def _find_needed_width(self) -> int:
        """Return the columns that the table needs: figures in one piece, words in one piece, texts wrapped."""
        count = len(self.table.columns)
        _, right, _, left = self.table.padding
        lines = (count - 1 + 2 * self.table.show_edge) if self.table.box else 0
        return sum(map(self._find_column_width, range(count))) + count * (left + right) + lines

    def _find_column_width(self, at: int) -> int:
        column = self.table.columns[at]
        cells = [_read_text(column.header), *map(_read_text, column.cells)]
        whole = column.no_wrap or column.justify == "right"
        pieces = [line for cell in cells for line in (cell.split("\n") if whole else cell.split())]
        return max((cell_len(piece) for piece in pieces), default=0)

    def _share_room(self, spare: int) -> None:
        """Give each column room for whole words and figures in one piece, and what is left to those that need more."""
        least = [self._find_column_width(at) for at in range(len(self.table.columns))]
        wanted = [self._find_longest_line(at) - width for at, width in enumerate(least)]
        for done, at in enumerate(sorted(range(len(least)), key=wanted.__getitem__)):
            column = self.table.columns[at]
            given = min(wanted[at], spare // (len(least) - done))
            spare -= given
            column.min_width, column.width = least[at], least[at] + given
            column.no_wrap = column.no_wrap or column.justify == "right"

    def _find_longest_line(self, at: int) -> int:
        column = self.table.columns[at]
        cells = [_read_text(column.header), *map(_read_text, column.cells)]
        return max((cell_len(line) for cell in cells for line in cell.split("\n")), default=0)

    def _make_blocks(self, console: Console, width: int) -> Iterator[RenderableType]:
        """Yield one block a row: what names it, then its values, each after the name of its column."""
        columns = self.table.columns
        rows = list(zip(*(list(column.cells) for column in columns), strict=True))
        yield ""
        for row in rows:
            named = Text("  ").join(part for cell in row[: self.heads] if (part := _as_text(cell)).plain)
            named.stylize("bold")
            named.overflow = "fold"
            yield named
            values = [
                (_read_text(column.header), Text(" ").join(_as_text(cell).split("\n")))
                for column, cell in zip(columns[self.heads :], row[self.heads :], strict=True)
                if _read_text(cell)
            ]
            yield Padding(_line_up(values) if self.lined else _flow(values, width - 2), (0, 0, 0, 2), expand=False)
        yield ""


def indent(text: Text) -> Padding:
    """Return text two columns in, all of its lines."""
    return Padding(text, (0, 0, 0, 2), expand=False)


def _line_up(values: list[tuple[str, Text]]) -> Table:
    """Return names and values, a line each."""
    grid = Table.grid(padding=(0, 2))
    grid.add_column(overflow="fold")
    grid.add_column(overflow="fold")
    for name, value in values:
        grid.add_row(Text(name), value)
    return grid


def _flow(values: list[tuple[str, Text]], width: int) -> Text:
    """Return names and values one after another, broken into lines between them only."""
    lines: list[Text] = []
    for name, value in values:
        piece = Text.assemble((f"{name} ", "dim"), value)
        if lines and lines[-1].cell_len + len(BETWEEN) + piece.cell_len <= width:
            lines[-1] = lines[-1].append(BETWEEN, style="dim").append_text(piece)
        else:
            lines.append(piece)
    return Text("\n").join(lines)


def _as_text(cell: RenderableType) -> Text:
    return cell.copy() if isinstance(cell, Text) else Text(str(cell))


def _read_text(cell: RenderableType) -> str:
    return cell.plain if isinstance(cell, Text) else str(cell)
