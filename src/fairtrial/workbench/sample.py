"""The first rows of a file of questions, as a page shows them once it is dropped.  Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from fairtrial.errors import SpecError

ROWS, COLUMNS, LONGEST = 5, 12, 160
"""That are shown at most: rows, columns, characters of a value."""


@dataclass(frozen=True, slots=True)
class SampleRows:
    """The first rows of a file.

    Attributes:
        name: of the file.
        columns: names of the first columns.
        rows: values, cut where they are long; none where the file can be read by the check only.
        count: rows there are, None where they were not counted.
        more: columns that are not shown.
    """

    name: str
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    count: int | None = None
    more: int = 0


def read_sample(name: str, text: str) -> SampleRows:
    """Return the first rows of a file.  Raises SpecError for one without any."""
    end = name.lower().rpartition(".")[2]
    try:
        if end in ("csv", "tsv"):
            return _make(name, *_read_table(text, "\t" if end == "tsv" else ","))
        if end in ("json", "jsonl"):
            return _make(name, *_read_objects(text, end == "jsonl"))
    except (csv.Error, ValueError, RecursionError) as error:
        raise SpecError(f"{name} cannot be read: {str(error)[:200]}.") from error
    return SampleRows(name)


def _read_table(text: str, delimiter: str) -> tuple[list[str], list[list[object]], int]:
    found = (row for row in csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=delimiter) if row)
    columns = next(found, [])
    rows: list[list[object]] = [list(row) for row in islice(found, ROWS)]
    return columns, rows, len(rows) + _count(found)


def _read_objects(text: str, by_line: bool) -> tuple[list[str], list[list[object]], int]:
    lines = [line for line in text.removeprefix("\ufeff").splitlines() if line.strip()] if by_line else []
    told = [json.loads(line) for line in lines[:ROWS]] if by_line else json.loads(text)
    found = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    columns = list(dict.fromkeys(name for one in found[:ROWS] for name in one))
    return columns, [[one.get(name, "") for name in columns] for one in found[:ROWS]], len(lines) or len(found)


def _count(rows: Iterable[object]) -> int:
    return sum(1 for _ in rows)


def _make(name: str, columns: list[str], rows: list[list[object]], count: int) -> SampleRows:
    if not columns or not rows:
        raise SpecError(
            f"{name} has no rows of questions.",
            fix="Its first line names the columns; each one after it is a question.",
        )
    shown = tuple(tuple(_cut(value) for value in row[:COLUMNS]) for row in rows)
    return SampleRows(name, tuple(map(_cut, columns[:COLUMNS])), shown, count, max(len(columns) - COLUMNS, 0))


def _cut(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST else text[:LONGEST].rstrip() + " …"
