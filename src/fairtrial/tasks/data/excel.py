"""Reads the rows of an Excel workbook, within a limit of memory: values as they are shown, dates as ISO 8601 text.

A formula counts by the value that was stored with it when the file was last saved; nothing is computed here, and no
macro or link is followed.  This module knows nothing of tasks.
"""

from __future__ import annotations

import importlib
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, MissingExtraError, did_you_mean
from fairtrial.tasks.data.delimited import name_columns
from fairtrial.tasks.data.unpacking import MemoryBudget, estimate_text_size

_ROW_COST = 450
_CELL_COST = 200
MOST_COLUMNS = 4096
_ROW = re.compile(rb"<(?:\w+:)?row\b[^>]*>")
_NUMBER = re.compile(rb"""\sr\s*=\s*["'](\d{1,9})["']""")
_HIDDEN = re.compile(rb"""\shidden\s*=\s*["'](?:1|true)["']""")
_MOST_BLANK = 10_000
"""Empty rows after one another beyond which nothing more is looked for: formats alone can make a sheet very long."""

_ERRORS = {"#NULL!", "#DIV/0!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#N/A", "#GETTING_DATA", "#SPILL!", "#CALC!"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """The rows of one sheet.

    Attributes:
        rows: by column name, None for empty cells; rows without any value are left out.
        numbers: of each row, its number in the sheet, counted from 1 as Excel shows it.
        name: of the sheet.
        others: names of the workbook's other sheets.
        hidden: how many of its rows Excel does not show; they are among ``rows`` if they hold something.
    """

    rows: list[dict[str, Any]]
    numbers: list[int]
    name: str
    others: tuple[str, ...]
    hidden: int = 0


def read_excel(path: Path, budget: MemoryBudget, sheet: object = None) -> Sheet:
    """Return the rows of one sheet of a workbook; the first row names the columns.

    Args:
        path: the file, .xlsx or .xlsm.
        budget: what its rows may take in memory, counted on.
        sheet: name of the sheet; None or empty for the first one that is shown.

    Raises DataError if it is no workbook, is damaged or too large, lacks the sheet, or holds a formula without a stored
    value or an error of Excel; MissingExtraError without openpyxl.
    """
    try:
        openpyxl = importlib.import_module("openpyxl")
    except ImportError as error:
        raise MissingExtraError("Reading Excel files", "excel") from error
    has_formulas = _look_through(path, budget)
    try:
        values = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
        written = openpyxl.load_workbook(path, read_only=True, keep_links=False) if has_formulas else values
        try:
            name = _choose_sheet(values, sheet, path)
            hidden = _look_through_rows(path, getattr(values[name], "_worksheet_path", ""), name)
            for book in (values, written):  # what a file says of its size may be wrong
                book[name].reset_dimensions()
            rows, numbers = _read_sheet(_Cells(values[name], written[name], name, path, budget))
            return Sheet(rows, numbers, name, tuple(other for other in values.sheetnames if other != name), hidden)
        finally:
            values.close()
            written.close()
    except (DataError, MemoryError):
        raise
    except Exception as error:  # the library's errors are of many families
        said = str(error).partition("\n")[0]
        raise DataError(f"is not a readable Excel workbook: {said or type(error).__name__}", where=str(path)) from error


def _look_through(path: Path, budget: MemoryBudget) -> bool:
    """Count what the unpacked parts take, which may be very much; return whether any cell has a formula."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            budget.spend(sum(part.file_size for part in parts), path)
            return any(_has_formula(archive, part) for part in parts if part.filename.startswith("xl/worksheets/"))
    except zipfile.BadZipFile as error:
        raise DataError(
            "is not an Excel workbook (.xlsx)",
            fix="Save files of old Excel (.xls) as .xlsx; text files need the suffix .csv or .tsv.",
            where=str(path),
        ) from error
    except (OSError, RuntimeError, NotImplementedError) as error:  # missing, encrypted, packed in an unknown way
        said = getattr(error, "strerror", None) or error
        raise DataError(f"cannot be read: {said}", where=str(path)) from error


def _has_formula(archive: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    with archive.open(part) as stream:
        end = b""
        while chunk := stream.read(1 << 20):
            if b"<f>" in (text := end + chunk) or b"<f " in text or b"<f/" in text:
                return True
            end = text[-2:]
    return False


def _look_through_rows(path: Path, part: str, name: str) -> int:
    """Return how many rows of a sheet are hidden.

    Raises DataError if its rows are not in ascending order: the library leaves those out that come too late.
    """
    last = hidden = 0
    with zipfile.ZipFile(path) as archive, archive.open(part.lstrip("/")) as stream:
        end = b""
        while chunk := stream.read(1 << 20):
            text = end + chunk
            whole = text.rfind(b">") + 1
            end = text[whole:]
            for row in _ROW.finditer(text, 0, whole):
                hidden += bool(_HIDDEN.search(row[0]))
                found = _NUMBER.search(row[0])
                number = int(found[1]) if found else last + 1
                if number <= last:
                    raise DataError(
                        f"sheet {name!r} has row {number} after row {last}: its rows are not in ascending order",
                        fix="Open the file in Excel or LibreOffice and save it.",
                        where=str(path),
                    )
                last = number
    return hidden


def _choose_sheet(book: Any, wanted: object, path: Path) -> str:
    names = [sheet.title for sheet in book.worksheets]
    if not names:
        raise DataError("has no sheet of cells", where=str(path))
    if not wanted:
        shown = [sheet.title for sheet in book.worksheets if sheet.sheet_state == "visible"]
        return str((shown or names)[0])
    if wanted not in names:
        near = did_you_mean(str(wanted), names)
        raise DataError(f"has no sheet {wanted!r}.{near}", fix=f"Its sheets: {', '.join(names)}.", where=str(path))
    return str(wanted)


class _Cells:
    """Goes through the cells of a sheet row by row, values beside what was written."""

    def __init__(self, values: Any, written: Any, name: str, path: Path, budget: MemoryBudget) -> None:
        self._values, self._written, self._name, self._path, self._budget = values, written, name, path, budget

    def rows(self) -> Iterator[tuple[int, list[Any]]]:
        """Yield number and values of each row that holds something."""
        blank = 0
        pairs = zip(self._values.iter_rows(values_only=True), self._written.iter_rows(values_only=True), strict=False)
        for number, (values, written) in enumerate(pairs, 1):
            if len(values) > MOST_COLUMNS:
                raise DataError(f"has more than {MOST_COLUMNS:,} columns", where=str(self._path))
            row = [self._read_value(value, text, number, at) for at, (value, text) in enumerate(zip(values, written))]  # noqa: B905
            while row and row[-1] is None:
                row.pop()
            blank = 0 if row else blank + 1
            if blank > _MOST_BLANK:
                return
            if row:
                self._budget.spend(_ROW_COST + sum(_estimate_size(value) for value in row), self._path)
                yield number, row

    def _read_value(self, value: Any, written: Any, number: int, at: int) -> Any:
        if value is None and isinstance(written, str) and written.startswith("="):
            raise self._make_error(
                number, at, f"holds the formula {written[:60]} without a stored value",
                "Open the file in Excel or LibreOffice and save it, or put the value in the place of the formula.",
            )  # fmt: skip
        if isinstance(value, str):
            if value in _ERRORS:
                raise self._make_error(
                    number, at, f"holds Excel's error {value}", "Mend the formula, or empty the cell."
                )
            return value if value.strip() else None
        return _make_plain(value)

    def _make_error(self, number: int, at: int, what: str, fix: str) -> DataError:
        letters, rest = "", at + 1
        while rest:
            rest, one = divmod(rest - 1, 26)
            letters = chr(ord("A") + one) + letters
        return DataError(f"cell {letters}{number} of sheet {self._name!r} {what}", fix=fix, where=str(self._path))


def _read_sheet(cells: _Cells) -> tuple[list[dict[str, Any]], list[int]]:
    lines = cells.rows()
    first = next(lines, None)
    if first is None:
        return [], []
    header, rows, numbers = first[1], [], []
    width = len(header)
    for number, row in lines:
        if len(row) > width:  # values beyond the named columns
            header += [None] * (len(row) - width)
            width = len(row)
        numbers.append(number)
        rows.append(row)
    names = name_columns(["" if name is None else str(name).strip() for name in header])
    return [dict(zip(names, [*row, *[None] * (width - len(row))], strict=True)) for row in rows], numbers


def _make_plain(value: Any) -> Any:
    """Return a cell's value as text, number or truth: dates in ISO 8601, whole numbers without a fraction."""
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _estimate_size(value: Any) -> int:
    return _CELL_COST + (estimate_text_size(value) if isinstance(value, str) else 0)
