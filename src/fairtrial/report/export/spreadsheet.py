"""A trial as a table for people: an Excel workbook, CSV or Parquet files.

Texts come from models and data files, and a spreadsheet takes a text that begins with ``=`` for a formula: in a
workbook they are marked as texts, in CSV such a text gets an apostrophe in front (OWASP, "CSV Injection").
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from fairtrial.errors import MissingExtraError, SpecError
from fairtrial.ledger import Ledger
from fairtrial.ledger.cells import FORMULA, escape_formula
from fairtrial.report.export.items_table import VERDICT_COLUMNS, ItemsTable, SheetCell, SheetColumn, list_verdict_rows
from fairtrial.report.export.places import ExportNote
from fairtrial.report.summary import Summary
from fairtrial.report.words import describe_outcome, list_headline_doubts, list_minor_doubts

SUFFIXES = (".xlsx", ".csv", ".parquet")

MOST_CHARACTERS = 32_767
"""Characters that a cell of Excel may hold."""

MOST_ROWS = 1_048_576
"""Rows of one sheet of Excel, the head included."""

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters that no workbook can hold."""

CUT = "… [cut]"
BATCH_ROWS = 10_000


def export_table(ledger: Ledger, summary: Summary, out: Path, by: str) -> Iterator[Path | ExportNote]:
    """Write the items and the verdicts, and yield the files.

    The end of the file's name says which kind: ``.xlsx`` with two sheets, ``.csv`` or ``.parquet`` with a second file
    for the verdicts.  A name without such an end is a folder, which gets ``items.csv``.

    Raises SpecError for another end, MissingExtraError where the library of a kind is not installed.
    """
    suffix = out.suffix.lower()
    if suffix and suffix not in SUFFIXES:
        raise SpecError(
            f"a table is written as {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}; {out.name!r} is none of them.",
            fix="Name a file that ends so: --out items.xlsx.",
        )
    path = out if suffix else out / "items.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    table = ItemsTable(ledger, summary)
    if suffix == ".xlsx":
        yield from _write_workbook(path, table)
        return
    write = _write_parquet if suffix == ".parquet" else _write_csv
    yield from write(path, table.columns(), table.rows())
    yield from write(path.with_stem(f"{path.stem}.verdicts"), VERDICT_COLUMNS, list_verdict_rows(summary))


def _write_csv(
    path: Path, columns: Sequence[SheetColumn], rows: Iterable[Sequence[SheetCell]]
) -> Iterator[Path | ExportNote]:
    """Write UTF-8 with a byte order mark, by which Excel knows it."""
    escaped = 0
    with path.open("w", encoding="utf-8-sig", errors="replace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([escape_formula(column.title) for column in columns])
        for row in rows:
            cells = [escape_formula(cell) if isinstance(cell, str) else _simplify_number(cell) for cell in row]
            escaped += sum(new != old for new, old in zip(cells, row, strict=True) if isinstance(old, str))
            writer.writerow(cells)
    yield path
    if escaped:
        yield ExportNote(
            f"{path.name}: {escaped:,} texts that a spreadsheet would take for formulas have an apostrophe in front."
        )


def _simplify_number(cell: SheetCell) -> SheetCell:
    """Return a number without a needless fraction: right is 1, not 1.0."""
    return int(cell) if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15 else cell


def _write_parquet(
    path: Path, columns: Sequence[SheetColumn], rows: Iterable[Sequence[SheetCell]]
) -> Iterator[Path | ExportNote]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError as error:
        raise MissingExtraError("Writing Parquet files", "parquet") from error
    kinds = {str: pyarrow.string(), float: pyarrow.float64(), int: pyarrow.int64()}
    schema = pyarrow.schema([(column.title, kinds[column.kind]) for column in columns])
    coming = iter(rows)
    with pyarrow.parquet.ParquetWriter(path, schema) as writer:
        while batch := list(islice(coming, BATCH_ROWS)):
            arrays = [
                pyarrow.array([_repair(row[at]) for row in batch], kinds[column.kind])
                for at, column in enumerate(columns)
            ]
            writer.write_table(pyarrow.Table.from_arrays(arrays, schema=schema))
    yield path


def _repair(cell: SheetCell) -> SheetCell:
    """Return a cell whose text every encoding has."""
    return cell.encode("utf-8", "replace").decode() if isinstance(cell, str) else cell


class _Workbook:
    """An Excel workbook that is written row by row; counts what has no place in it."""

    def __init__(self) -> None:
        try:
            import openpyxl  # type: ignore[import-untyped]
            from openpyxl.cell import WriteOnlyCell  # type: ignore[import-untyped]
        except ImportError as error:
            raise MissingExtraError("Writing Excel files", "excel") from error
        self._book = openpyxl.Workbook(write_only=True)
        self._make_cell = WriteOnlyCell
        self.cut = self.replaced = 0

    def add(self, title: str, columns: Sequence[SheetColumn], rows: Iterable[Sequence[SheetCell]]) -> int:
        """Write a sheet, and further ones where it has more rows than a sheet may have; return how many sheets."""
        coming, sheets = iter(rows), 0
        first = next(coming, None)
        while first is not None or not sheets:
            sheets += 1
            sheet = self._book.create_sheet(title if sheets == 1 else f"{title} {sheets}")
            sheet.freeze_panes = "A2"
            for at, column in enumerate(columns):
                letter = _name_column(at)
                sheet.column_dimensions[letter].width = 40 if column.kind is str and at > 1 else 14
            sheet.append([self._make_text(column.title, sheet, bold=True) for column in columns])
            written = 1
            while first is not None and written < MOST_ROWS:
                sheet.append(
                    [
                        self._make_text(cell, sheet) if isinstance(cell, str) else _simplify_number(cell)
                        for cell in first
                    ]
                )
                written += 1
                first = next(coming, None)
        return sheets

    def _make_text(self, text: str, sheet: Any, bold: bool = False) -> Any:
        """Return a cell that is a text whatever it begins with."""
        if CONTROL.search(text):
            self.replaced += 1
            text = CONTROL.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)
        if _count_units(text) > MOST_CHARACTERS:
            self.cut += 1
            text = _cut(text)
        if not bold and not FORMULA.match(text):
            return text
        cell = self._make_cell(sheet, value=text)
        cell.data_type = "s"
        if FORMULA.match(text):
            cell.quotePrefix = True  # it stays a text when somebody edits it
        if bold:
            from openpyxl.styles import Font  # type: ignore[import-untyped]

            cell.font = Font(bold=True)
        return cell

    def save(self, path: Path) -> None:
        """Write the file."""
        self._book.save(path)


def _count_units(text: str) -> int:
    """Return a text's length as Excel counts it: in UTF-16."""
    return len(text) if len(text) * 2 <= MOST_CHARACTERS else len(text.encode("utf-16-le", "replace")) // 2


def _cut(text: str) -> str:
    """Return the beginning of a text that a cell can hold."""
    kept = text.encode("utf-16-le", "replace")[: 2 * (MOST_CHARACTERS - len(CUT))].decode("utf-16-le", "ignore")
    return kept + CUT


def _name_column(at: int) -> str:
    """Return the letters of a column: A, B ... Z, AA ..."""
    name = ""
    at += 1
    while at:
        at, rest = divmod(at - 1, 26)
        name = chr(65 + rest) + name
    return name


def _write_workbook(path: Path, table: ItemsTable) -> Iterator[Path | ExportNote]:
    book, summary = _Workbook(), table.summary
    sheets = book.add("items", table.columns(), table.rows())
    book.add("verdicts", VERDICT_COLUMNS, list_verdict_rows(summary))
    notes = [describe_outcome(summary), *list_headline_doubts(summary), *list_minor_doubts(summary)]
    book.add("notes", [SheetColumn(f"trial {summary.name}", str)], [[note] for note in notes])
    book.save(path)
    yield path
    if sheets > 1:
        yield ExportNote(f"{path.name}: the items fill {sheets} sheets, for one holds {MOST_ROWS:,} rows.")
    if book.cut:
        yield ExportNote(
            f"{path.name}: {book.cut:,} texts are cut at the {MOST_CHARACTERS:,} characters that a cell holds; CSV "
            "and Parquet keep them whole."
        )
    if book.replaced:
        yield ExportNote(f"{path.name}: {book.replaced:,} texts have control characters, which are written by name.")
