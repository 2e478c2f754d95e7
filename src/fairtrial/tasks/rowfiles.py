"""Reads one file of rows (json, jsonl, csv, tsv, text, parquet) into the values that ``datasets`` 5 would give.

That means: a csv column has one type, texts like ``NA`` are None, a json column of dates is a column of datetimes.  A
golden test holds the two together.  This module knows nothing of splits, tasks or where files lie.
"""

from __future__ import annotations

import csv
import importlib
import io
import json
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError, MissingExtraError

Row = dict[str, Any]

SUFFIXES: Mapping[str, str] = {
    ".jsonl": "json", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".txt": "text", ".parquet": "parquet",
}  # fmt: skip
_NO_VALUE = {
    "", "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
}  # fmt: skip
_TRUTH = {"True": True, "TRUE": True, "true": True, "False": False, "FALSE": False, "false": False}
_WHOLE = re.compile(r"[ \t]*[+-]?[0-9]+[ \t]*")
_FRACTION = re.compile(r"[ \t]*[+-]?(([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|inf(inity)?)[ \t]*", re.IGNORECASE)
_LARGEST = 2**64
_DATE = re.compile(r"\d{4}-\d\d-\d\d([ T]\d\d(:\d\d(:\d\d)?)?(Z|[+-]\d\d(:?\d\d)?)?)?", re.ASCII)


def read_rows(path: Path, options: Mapping[str, Any]) -> list[Row]:
    """Return the rows of one file; its suffix says what it is (json if unknown).

    Args:
        path: the file.
        options: ``field`` of a json file; ``column_names`` and ``header`` of a csv file.

    Raises DataError, naming the line where possible.
    """
    kind = SUFFIXES.get(path.suffix, "json")
    try:
        if kind == "parquet":
            return _read_parquet(path)
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"cannot be read: {error}", where=str(path)) from error
    if kind in {"csv", "tsv"}:
        return _read_csv(text, "\t" if kind == "tsv" else ",", path, options)
    if kind == "text":
        lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        return [{"text": line} for line in (lines[:-1] if not lines[-1] else lines)]
    return _read_json(text, path, options.get("field"))


def _read_json(text: str, path: Path, wanted: str | None) -> list[Row]:
    rows: Any = None
    try:
        if wanted is not None:
            rows = json.loads(text)[wanted]
        elif text.lstrip().startswith("["):
            rows = json.loads(text)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise DataError(f"is not the expected JSON: {error!r}", where=str(path)) from error
    if rows is None:
        rows = []
        for number, line in enumerate(text.split("\n"), 1):
            try:
                rows += [json.loads(line)] if line.strip() else []
            except (ValueError, RecursionError) as error:
                raise DataError(f"is not a line of JSON: {error}", where=f"{path}:{number}") from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError("must hold JSON objects, one a line or in a list", where=str(path))
    names = dict.fromkeys(name for row in rows for name in row)
    return [dict(zip(names, values, strict=True)) for values in _dated(rows, names)]


def _dated(rows: list[Row], names: Mapping[str, None]) -> list[tuple[Any, ...]]:
    """The rows' values, where columns whose every text is a date hold datetimes."""
    columns = [[row.get(name) for row in rows] for name in names]
    return list(zip(*[_dates(column) for column in columns], strict=True)) if columns else [()] * len(rows)


def _dates(values: list[Any]) -> list[Any]:
    present = [value for value in values if value is not None]
    if all(isinstance(value, str) for value in present):
        dates = {value: _date(value) for value in dict.fromkeys(present)} if present and _date(present[0]) else {}
        return [dates.get(value) for value in values] if dates and all(dates.values()) else values
    return _inside(values, _dates)


def _date(text: str) -> datetime | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found


def _inside(values: list[Any], change: Any) -> list[Any]:
    """Apply ``change`` to what stands in lists, and to each key of mappings that all have the same keys."""
    present = [value for value in values if value is not None]
    if present and all(isinstance(value, list) for value in present):
        flat = iter(change([part for value in present for part in value]))
        return [None if value is None else [next(flat) for _ in value] for value in values]
    if present and all(isinstance(value, dict) and value.keys() == present[0].keys() for value in present):
        columns = {key: iter(change([value[key] for value in present])) for key in present[0]}
        return [None if value is None else {key: next(column) for key, column in columns.items()} for value in values]
    return values


def _read_csv(text: str, delimiter: str, path: Path, options: Mapping[str, Any]) -> list[Row]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    lines: list[tuple[int, list[str]]] = []
    try:
        for line in reader:
            if line and (len(line) > 1 or line[0].strip(" \t")):
                lines.append((reader.line_num, line))
    except csv.Error as error:
        raise DataError(f"is not a line of csv: {error}", where=f"{path}:{reader.line_num}") from error
    names = [str(name) for name in options.get("column_names") or ()]
    if not names and options.get("header", 0) is None:
        names = [str(n) for n in range(len(lines[0][1]))] if lines else []
    elif not names and lines:
        names = _column_names(lines.pop(0)[1])
    for number, line in lines:
        if len(line) > len(names):
            raise DataError(f"has {len(line)} values for {len(names)} columns", where=f"{path}:{number}")
    columns = [_typed([line[n] if n < len(line) else "" for _, line in lines]) for n in range(len(names))]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _column_names(header: Sequence[str]) -> list[str]:
    """Names of columns as pandas gives them: ``Unnamed: 0`` where there is none, ``a.1`` for a second ``a``."""
    names: list[str] = []
    for number, name in enumerate(header):
        plain = name or f"Unnamed: {number}"
        again, found = 0, plain
        while found in names:
            again += 1
            found = f"{plain}.{again}"
        names.append(found)
    return names


def _typed(values: Sequence[str]) -> list[Any]:
    """Give a column of texts the one type that all of them have, as pandas does."""
    filled = [None if value in _NO_VALUE else value for value in values]
    present = [value for value in filled if value is not None]
    if present and all(value in _TRUTH for value in present):
        return [None if value is None else _TRUTH[value] for value in filled]
    if all(_WHOLE.fullmatch(value) and abs(int(value)) < _LARGEST for value in present):
        number: type = float if None in filled else int
    elif all(_FRACTION.fullmatch(value) for value in present):
        number = float
    else:
        return list(filled)
    return [None if value is None else number(value) for value in filled]


def _read_parquet(path: Path) -> list[Row]:
    try:
        parquet = importlib.import_module("pyarrow.parquet")
    except ImportError as error:
        raise MissingExtraError("reading parquet files", "parquet") from error
    try:
        rows: list[Row] = parquet.read_table(path).to_pylist()
    except ValueError as error:  # what pyarrow's own errors are
        raise DataError(f"is not a readable parquet file: {error}", where=str(path)) from error
    return rows


def same_columns(rows: list[Row]) -> list[Row]:
    """Return the rows with all columns of any of them, None where missing; whole numbers beside fractions are floats.

    That holds inside lists, too, and inside mappings that have the same keys in all rows; others stay as they are.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: _same_type([row.get(name) for row in rows]) for name in names}
    return [{name: columns[name][n] for name in names} for n in range(len(rows))]


def _same_type(values: list[Any]) -> list[Any]:
    if {type(value) for value in values if value is not None} == {int, float}:
        return [None if value is None else float(value) for value in values]
    return _inside(values, _same_type)
