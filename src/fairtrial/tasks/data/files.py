"""Reads one file of rows (json, jsonl, csv, tsv, text, parquet, excel), plain or packed, as it is written.

A text of the file stays this text: a date is no point in time, ``NA`` is not nothing, and a csv column is one of
numbers only if writing the numbers gives the file's own characters.  ``datasets``, which lm-evaluation-harness reads
with, makes other values of these, and answers are then graded against something that stands in no file.  This module
knows nothing of splits, tasks or where files lie.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial.errors import DataError
from fairtrial.tasks.data.delimited import choose_delimiter, read_csv
from fairtrial.tasks.data.excel import read_excel
from fairtrial.tasks.data.parquet import read_parquet
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.data.unpacking import (
    MemoryBudget,
    estimate_json_size,
    estimate_text_size,
    find_encoding,
    open_text,
    read_lines,
    read_whole,
)

SUFFIXES: Mapping[str, str] = {
    ".jsonl": "json", ".json": "json", ".csv": "csv", ".tsv": "tsv", ".txt": "text", ".parquet": "parquet",
    ".xlsx": "excel", ".xlsm": "excel",
}  # fmt: skip
PACKED = (".gz", ".bz2", ".xz", ".zst")
"""Suffixes of packed files; what is inside, the suffix before them says."""

MOST_LEVELS = 100
"""Lists and mappings that may stand in each other."""

_ROW_COST = 450
_SPACE = re.compile(r"[ \t\r\n]*")


def find_kind(path: Path) -> str | None:
    """Return what a file is by its name, ``csv`` for ``test.csv.gz``; None if it is no file of rows."""
    return SUFFIXES.get(strip_packed_suffix(path).suffix)


def strip_packed_suffix(path: Path) -> Path:
    """Return the path without the suffix of a packed file."""
    return path.with_suffix("") if path.suffix in PACKED else path


def read_rows(path: Path, options: Mapping[str, Any], budget: MemoryBudget | None = None) -> list[RowDict]:
    """Return the rows of one file; its suffix says what it is (json if unknown).

    Args:
        path: the file.
        options: ``encoding``; ``field`` of a json file; ``delimiter``, ``column_names`` and ``header`` of a csv
            file; ``sheet`` of an Excel file.
        budget: what its rows may take in memory, counted on.

    Raises DataError, naming the line where possible.
    """
    kind, budget = find_kind(path) or "json", budget or MemoryBudget()
    try:
        if kind == "parquet":
            return read_parquet(path, budget)
        if kind == "excel":
            return read_excel(path, budget, options.get("sheet")).rows
        encoding = find_encoding(options, path)
        if kind in {"csv", "tsv"}:
            return read_csv(path, encoding, choose_delimiter(kind, options, path), options, budget)
        with open_text(path, encoding) as text:
            if kind == "text":
                return [_make_text_row(line, budget, path) for line in _read_plain_lines(text, budget, path)]
            return _read_json(text, path, options.get("field"), budget)
    except MemoryError as error:
        raise budget.too_large(path) from error


def fill_columns(rows: list[RowDict]) -> list[RowDict]:
    """Return the rows with all columns of any of them, None where missing."""
    names = dict.fromkeys(name for row in rows for name in row)
    return [row if len(row) == len(names) and [*row] == [*names] else {n: row.get(n) for n in names} for row in rows]


def _make_text_row(line: str, budget: MemoryBudget, path: Path) -> RowDict:
    budget.spend(_ROW_COST + estimate_text_size(line), path)
    return {"text": line}


def _read_plain_lines(text: io.TextIOBase, budget: MemoryBudget, path: Path) -> Iterator[str]:
    for line in read_lines(text, budget, path):
        yield line.rstrip("\r\n")


# JSON


def _make_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twice!r} is written twice")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_make_object)


def _read_json(text: io.TextIOBase, path: Path, wanted: object, budget: MemoryBudget) -> list[RowDict]:
    if wanted is not None:
        if not isinstance(wanted, str):
            raise DataError(f"field must be the name of a field; got {wanted!r}", where=str(path))
        return _read_field(read_whole(text, budget, path), wanted, path, budget)
    lines = read_lines(text, budget, path)
    first, blank = "", 0
    for line in lines:
        if line.strip():
            first = line
            break
        blank += 1
    if not first:
        return []
    alone = None if first.lstrip().startswith("[") else _try_first_line(first, path, blank + 1, budget)
    if alone is None:
        return _read_documents(first + read_whole(text, budget, path), path, blank, budget)
    rows = [_make_row(alone, f"{path}:{blank + 1}", budget, path)]
    for number, line in enumerate(lines, blank + 2):
        if text_ := line.strip():
            try:
                value = _DECODER.decode(text_)
            except (ValueError, RecursionError):
                value = None
            if type(value) is not dict or len(text_) > MOST_LEVELS or "\\u" in text_:
                value = _make_row(_parse(line, path, number, budget, value), f"{path}:{number}", budget, path)
            else:
                budget.spend(_ROW_COST + estimate_json_size(text_), path)
            rows.append(value)
    return rows


def _try_first_line(line: str, path: Path, number: int, budget: MemoryBudget) -> Any:
    """Parse the first line; None where it is only the beginning of a longer document."""
    try:
        return _parse(line, path, number, budget)
    except DataError as error:
        if isinstance(error.__cause__, json.JSONDecodeError):
            return None
        raise


def _skip_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _read_documents(text: str, path: Path, lines_before: int, budget: MemoryBudget) -> list[RowDict]:
    """Rows of a text that holds JSON documents one after the other, each a row or a list of rows, over any lines."""
    budget.spend(estimate_json_size(text), path)
    rows: list[RowDict] = []
    at, line, end = _skip_space(text, 0), lines_before + 1, len(text)
    line += text.count("\n", 0, at)
    check = _Check(text)
    while at < end:
        where = f"{path}:{line}"
        value, after = _decode(text, at, where, path, lines_before)
        check(value, where)
        rows += [_make_row(one, where, budget, path) for one in (value if isinstance(value, list) else [value])]
        after = _skip_space(text, after)
        line += text.count("\n", at, after)
        at = after
    return rows


def _decode(text: str, at: int, where: str, path: Path | None = None, lines_before: int = 0) -> tuple[Any, int]:
    """Return the JSON value that begins at ``at`` and where it ends.

    Args:
        text: of a line or a file.
        at: where to begin.
        where: line that the value begins in, for errors.
        path: the file, if the text has several lines; then errors name the line that is wrong.
        lines_before: lines of the file before the text.
    """
    try:
        return _DECODER.raw_decode(text, at)
    except json.JSONDecodeError as error:
        place = f"{path}:{lines_before + error.lineno}" if path else where
        raise DataError(f"is not JSON: {error.msg} (column {error.colno})", where=place) from error
    except RecursionError as error:
        raise DataError("is not JSON that can be read: it is nested too deeply", where=where) from error
    except ValueError as error:
        raise DataError(f"is not JSON that can be read: {error}", where=where) from error


def _parse(text: str, path: Path, number: int, budget: MemoryBudget, value: Any = None) -> Any:
    """Return the JSON value of a line, checked; ``value`` is given if it is already known."""
    budget.spend(estimate_json_size(text), path)
    where = f"{path}:{number}"
    if value is None:
        value, end = _decode(text, _skip_space(text, 0), where)
        if text[end:].strip():
            raise DataError(f"is not JSON: there is more after the value, at column {end + 1}", where=where)
    _Check(text)(value, where)
    return value


class _Check:
    """Refuses what no later step could take: deep nesting, and halves of characters."""

    def __init__(self, text: str) -> None:
        self._deep = text.count("[") + text.count("{") > MOST_LEVELS
        self._halves = "\\ud" in text or "\\uD" in text

    def __call__(self, value: Any, where: str) -> None:
        if self._deep:
            level = [value]
            for _ in range(MOST_LEVELS):
                level = [part for one in level for part in _list_parts(one) if isinstance(part, list | dict)]
            if level:
                raise DataError(f"is nested more than {MOST_LEVELS} levels deep", where=where)
        if self._halves:
            try:
                json.dumps(value, ensure_ascii=False).encode()
            except UnicodeEncodeError as error:
                raise DataError("holds half of a character: \\ud83d without its other half", where=where) from error


def _list_parts(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else ()


def _make_row(value: Any, where: str, budget: MemoryBudget, path: Path) -> RowDict:
    if not isinstance(value, dict):
        kind = type(value).__name__
        raise DataError(f"must hold JSON objects, one a line or in a list; got a {kind}", where=where)
    budget.spend(_ROW_COST, path)
    return value


def _read_field(text: str, wanted: object, path: Path, budget: MemoryBudget) -> list[RowDict]:
    budget.spend(estimate_json_size(text), path)
    value, _ = _decode(text, _skip_space(text, 0), str(path), path)
    _Check(text)(value, str(path))
    if not isinstance(value, dict) or wanted not in value:
        has = f"its keys are {', '.join(map(repr, value))}" if isinstance(value, dict) else "it is no JSON object"
        raise DataError(f"is not the expected JSON: there is no field {wanted!r}; {has}", where=str(path))
    found = value[wanted]
    return [_make_row(one, str(path), budget, path) for one in (found if isinstance(found, list) else [found])]
