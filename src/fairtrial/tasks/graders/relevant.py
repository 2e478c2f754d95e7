"""What a search should find for a row: documents, or places in them, as the row's cell names them.  Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from fairtrial.errors import DataError
from fairtrial.tasks.data.rows import Row

_SPAN = re.compile(r"(?P<document>.+)#(?P<start>\d{1,12})-(?P<end>\d{1,12})", re.DOTALL)
_BETWEEN = re.compile(r"\s*\n\s*|\s*;(?:\s+|$)")
MOST_GRADE = 1000


@dataclass(frozen=True, slots=True)
class Target:
    """One thing to be found.

    Attributes:
        document: address or id of the document.
        span: first character in its text and one after the last; None for the document, whatever place in it.
        grade: how relevant it is, at least 1.
    """

    document: str
    span: tuple[int, int] | None = None
    grade: int = 1

    def __str__(self) -> str:
        """Return it as requests name it: ``URI`` or ``URI#START-END``."""
        return f"{self.document}#{self.span[0]}-{self.span[1]}" if self.span else self.document


def names_place(name: str) -> bool:
    """Return whether a name is that of a place in a document: ``ADDRESS#START-END``."""
    return _SPAN.fullmatch(name.strip()) is not None


def read_targets(row: Row, column: str) -> tuple[Target, ...]:
    """Return what should be found for a row, each once; nothing where its cell is empty.

    A cell is one name, several (a list, its JSON text, or names with line ends or "; " between them), or an object of
    names with their grades, 0 for what was judged as not relevant.

    Raises DataError if there is no such column, or it holds something else.
    """
    if column not in row:
        raise DataError(f"there is no column {column!r} with what should be found")
    graded = _read_graded(row[column], column)
    targets: dict[str, Target] = {}
    for name, grade in graded:
        target = _read_target(name, grade, column)
        if str(target) in targets and targets[str(target)].grade != grade:
            raise DataError(f"the column {column!r} gives {name!r:.80} two grades")
        targets[str(target)] = target
    return tuple(target for target in targets.values() if target.grade > 0)


def _read_graded(value: object, column: str) -> list[tuple[object, object]]:
    if isinstance(value, str) and value.strip()[:1] in ("[", "{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            raise DataError(f"the column {column!r} begins like JSON, and is none: {value!r:.80}") from None
    if value is None:
        return []
    if isinstance(value, Mapping):
        return list(value.items())
    if isinstance(value, list | tuple):
        return [(one, 1) for one in value]
    if isinstance(value, str):
        return [(one, 1) for one in _BETWEEN.split(value.strip()) if one]
    raise DataError(f"the column {column!r} must name documents; got {value!r:.80}")


def _read_target(name: object, grade: object, column: str) -> Target:
    if not isinstance(name, str) or not name.strip():
        raise DataError(f"the column {column!r} must name documents; got {name!r:.80}")
    if not isinstance(grade, int) or isinstance(grade, bool) or not 0 <= grade <= MOST_GRADE:
        raise DataError(f"a grade in the column {column!r} is a whole number from 0 to {MOST_GRADE}; got {grade!r:.80}")
    found = _SPAN.fullmatch(name.strip())
    if found is None:
        return Target(name.strip(), None, grade)
    start, end = int(found["start"]), int(found["end"])
    if start >= end:
        raise DataError(f"the column {column!r} names a place that ends where it begins, or before: {name!r:.80}")
    return Target(found["document"], (start, end), grade)
