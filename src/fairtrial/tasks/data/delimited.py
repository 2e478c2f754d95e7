"""Reads rows of csv and tsv: cells between delimiters, quoted where they hold one or a line's end.

A column is one of numbers only if writing the numbers gives the file's own characters.  Knows lines and cells, nothing
of splits or tasks.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError
from fairtrial.tasks.data.unpacking import MemoryBudget, estimate_text_size, open_text, read_lines

_ROW_COST = 450
_CELL_COST = 64
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_FRACTION = re.compile(r"-?[0-9]+\.[0-9]+|-?[0-9](\.[0-9]+)?e[+-][0-9]+")
_TRUTH = {"True": True, "False": False}
_REFUSED_CSV = {
    "comment", "decimal", "escapechar", "na_values", "nrows", "quotechar", "quoting", "skipfooter", "skiprows",
    "thousands", "usecols",
}  # fmt: skip


def choose_delimiter(kind: str, options: Mapping[str, Any], path: Path) -> str:
    """Return the character between cells, as the options say.  Raises DataError for those that are not supported."""
    refused = sorted(_REFUSED_CSV & options.keys())
    if refused:
        raise DataError(f"dataset_kwargs.{refused[0]} is not supported for csv files", where=str(path))
    if options.get("header", 0) not in (0, None, "infer"):
        raise DataError(f"header must be 0 or null; got {options['header']!r}", where=str(path))
    given = options.get("delimiter") or options.get("sep") or ("\t" if kind == "tsv" else ",")
    if not isinstance(given, str) or len(given) != 1 or given in '\0\r\n"':
        raise DataError(f"the delimiter must be one character; got {given!r}", where=str(path))
    return given


def read_csv(
    path: Path, encoding: str | None, delimiter: str, options: Mapping[str, Any], budget: MemoryBudget
) -> list[dict[str, Any]]:
    """Return the rows of a csv file; see `fairtrial.tasks.data.files.read_rows`."""
    lines = read_csv_lines(path, encoding, delimiter, budget)
    names = _read_given_names(options.get("column_names") or options.get("names") or [], path)
    first = next(lines, None)
    if first is None:
        return []
    if not names and options.get("header", 0) is None:
        names = [str(n) for n in range(len(first[1]))]
    elif not names:
        names, first = name_columns(first[1]), None
    cells: list[list[str]] = []
    for number, line in chain([first] if first else [], lines):
        if len(line) > len(names):
            raise DataError(f"has {len(line)} values for {len(names)} columns", where=f"{path}:{number}")
        cells.append(line)
    columns = [_convert_column([line[n] if n < len(line) else "" for line in cells]) for n in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _read_given_names(given: object, path: Path) -> list[str]:
    names = [str(name) for name in given if isinstance(name, str | int)] if isinstance(given, list | tuple) else None
    if names is None or len(names) < len(given) or len(set(names)) < len(names):  # type: ignore[arg-type]
        raise DataError(f"column_names must be a list of different names; got {given!r}", where=str(path))
    return names


def read_csv_lines(
    path: Path, encoding: str | None, delimiter: str, budget: MemoryBudget
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line that is not blank."""

    def counted(line: str) -> None:
        budget.spend(estimate_text_size(line) + 2 * _CELL_COST * (line.count(delimiter) + 1), path)

    usual = csv.field_size_limit(budget.longest)
    last: list[str] = []
    try:
        with open_text(path, encoding) as text:
            lines: list[str] = []  # of the row that is being read
            reader = csv.reader(_keep_lines(read_lines(text, budget, path), lines, counted), delimiter=delimiter)
            for line in reader:
                last, lines[:] = [*lines], []
                if line and (len(line) > 1 or line[0].strip(" \t")):
                    budget.spend(_ROW_COST, path)
                    yield reader.line_num, line
            _refuse_open_quote(last, delimiter, f"{path}:{reader.line_num - len(last) + 1}")
    except csv.Error as error:
        raise DataError(f"is not a line of csv: {error}", where=f"{path}:{reader.line_num}") from error
    finally:
        csv.field_size_limit(usual)


def _keep_lines(lines: Iterator[str], kept: list[str], count: Callable[[str], None]) -> Iterator[str]:
    for line in lines:
        count(line)  # before it is taken apart
        kept.append(line)
        yield line


def _refuse_open_quote(last: list[str], delimiter: str, where: str) -> None:
    """Raise DataError if the last lines of a file are one value because a quotation mark is never closed."""
    try:
        list(csv.reader(last, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if "unexpected end" in str(error):
            said = "has a quotation mark that is never closed, so that all after it is one value"
            raise DataError(said, where=where) from error


def name_columns(header: Sequence[str]) -> list[str]:
    """Names of columns as pandas gives them: ``Unnamed: 0`` where there is none, ``a.1`` for a second ``a``."""
    names: dict[str, None] = {}
    again: dict[str, int] = {}
    for number, name in enumerate(header):
        plain = found = name or f"Unnamed: {number}"
        while found in names:
            again[plain] = again.get(plain, 0) + 1
            found = f"{plain}.{again[plain]}"
        names[found] = None
    return [*names]


def _convert_column(values: Sequence[str]) -> list[Any]:
    """Give the texts of a column the one type that all of them have, if they are then written as before."""
    present = {value for value in values if value}
    for make, fits in ((int, _is_whole), (_parse_number, _is_number), (_TRUTH.__getitem__, _TRUTH.__contains__)):
        if present and all(fits(value) for value in present):
            made = {value: make(value) for value in present}
            return [made.get(value) for value in values]
    return [value or None for value in values]


def _is_whole(text: str) -> bool:
    return bool(_WHOLE.fullmatch(text)) and str(int(text)) == text


def _is_number(text: str) -> bool:
    return _is_whole(text) or (bool(_FRACTION.fullmatch(text)) and repr(float(text)) == text)


def _parse_number(text: str) -> int | float:
    return int(text) if _is_whole(text) else float(text)
