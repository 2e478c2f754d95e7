"""The options of each row: from columns of their own, or from one column in which they stand as a list.

How a column of lists is written is decided once, for all rows.  Pure.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.tasks.own.columns import Columns

Option = str | None
"""The text of an option; None where the row has none at this place."""

_MARK = re.compile(r"\(?([A-Za-z]|[0-9]{1,2})[).:]\s+")
_TEXT_KEYS = ("text", "texts", "choices", "options")
_LABEL_KEYS = ("label", "labels")
_LONGEST_LITERAL = 20_000


def to_text(value: Any) -> str:
    """Return a cell's value as text: truth as JSON writes it, whole fractions without their ``.0``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, list | dict):
        return json.dumps(value, ensure_ascii=False)
    return str(value).strip()


def parse_list(value: Any) -> list[Any] | None:
    """Return a list that stands in a cell, also as JSON text or as Python writes it; None if there is none."""
    if isinstance(value, list):
        return value
    if not isinstance(value, str):
        return None
    text = value.strip()
    if not (text.startswith("[") and text.endswith("]")) or len(text) > _LONGEST_LITERAL:
        return None
    found: list[Any] | None = _parse(text, list)
    return found


def _parse(text: str, kind: type) -> Any:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        try:
            found = ast.literal_eval(text)
        except (ValueError, SyntaxError, TypeError, RecursionError, MemoryError):
            return None
    return found if isinstance(found, kind) else None


def _parse_labelled(value: Any) -> list[Any] | None:
    """Return the options of ``{"A": ..., "B": ...}``, or of ``{"text": [...], "label": [...]}``."""
    if isinstance(value, str) and value.strip().startswith("{") and len(value) <= _LONGEST_LITERAL:
        value = _parse(value.strip(), dict)
    if not isinstance(value, Mapping):
        return None
    for key in _TEXT_KEYS:
        if isinstance(value.get(key), list):
            return list(value[key])
    return [value[key] for key in sorted(value)] if value else None


def _parse_records(value: Any) -> list[Any] | None:
    """Return the options of ``[{"label": "A", "text": ...}, ...]``."""
    found = parse_list(value)
    if not found or not all(isinstance(one, Mapping) for one in found):
        return None
    key = next(
        (key for key in ("text", "option", "choice", "value", "content") if all(key in one for one in found)), ""
    )
    return [one[key] for one in found] if key else None


def _parse_plain(value: Any) -> list[Any] | None:
    found = parse_list(value)
    return found if found and not any(isinstance(one, Mapping | list) for one in found) else None


def _split_at(mark: str) -> Callable[[Any], list[Any] | None]:
    def split(value: Any) -> list[Any] | None:
        parts = [part.strip() for part in str(value).split(mark)] if isinstance(value, str) else []
        return [part for part in parts if part] if len(parts) > 1 else None

    return split


_INLINE = re.compile(r"(?:^|(?<=\s))\(?([A-Z])[).:]\s+")


def _split_at_letters(value: Any) -> list[Any] | None:
    """Return the options of ``A) red B) blue`` with their letters; None unless these are A, B, C ... from the start."""
    found = list(_INLINE.finditer(value.strip())) if isinstance(value, str) else []
    letters = [match[1] for match in found]
    if len(found) < 2 or found[0].start() or letters != [chr(ord("A") + n) for n in range(len(found))]:
        return None
    ends = [match.start() for match in found[1:]] + [len(value)]
    return [value.strip()[match.start() : end].strip() for match, end in zip(found, ends, strict=True)]


_WAYS: Mapping[str, Callable[[Any], list[Any] | None]] = {
    "lists": _parse_plain,
    "lists with labels": _parse_records,
    "options by label": _parse_labelled,
    "texts after letters": _split_at_letters,
    "lines": _split_at("\n"),
    "texts between bars": _split_at("|"),
    "texts between semicolons": _split_at(";"),
}
"""Ways to write several options in one cell; the first that fits all rows is taken."""


@dataclass(frozen=True, slots=True)
class Options:
    """The options of all rows.

    Attributes:
        rows: of each row, at each place an option or None; empty where they cannot be read.
        columns: of each place, the column that it comes from, where there is one for each.
        way: how they are written in one column, in words; empty where they stand in several.
        value: of each row, what stands in that column, for errors.
    """

    rows: list[tuple[Option, ...]]
    columns: tuple[str, ...] = ()
    way: str = ""
    value: Sequence[Any] = ()


def read_options(rows: Sequence[Mapping[str, Any]], columns: Columns) -> Options:
    """Return the options of every row."""
    if columns.fixed:
        return Options([columns.fixed] * len(rows))
    if columns.options:
        return Options([tuple(_make_option(row[name]) for name in columns.options) for row in rows], columns.options)
    name = columns.listed or columns.wrong[0]
    if columns.wrong and len(columns.wrong) > 1:
        return Options([tuple(_make_option(row[name]) for name in columns.wrong) for row in rows], columns.wrong)
    cells = [row[name] for row in rows]
    present = [cell for cell in cells if cell is not None]
    fitting = {way: sum(parse(cell) is not None for cell in present) for way, parse in _WAYS.items()}
    best = max(fitting, key=lambda way: fitting[way])
    if columns.wrong and not fitting[best]:  # one wrong option, as it stands
        return Options([(_make_option(cell),) for cell in cells], columns.wrong)
    found = [tuple(_make_option(part) for part in _WAYS[best](cell) or ()) for cell in cells]
    stripped = [_strip_marks(options) for options in found]
    if all(new is not None for new, options in zip(stripped, found, strict=True) if options):
        found = [new or () for new in stripped]
        best += " with marks"
    return Options(found, (), best, cells)


def _make_option(value: Any) -> Option:
    text = "" if value is None else to_text(value)
    return text or None


def _strip_marks(options: Sequence[Option]) -> tuple[Option, ...] | None:
    """Return options without the ``A)``, ``B)`` or ``1.``, ``2.`` before each; None where they have none in order."""
    if not options:
        return ()
    found: list[Option] = []
    first = ""
    for place, option in enumerate(options):
        match = _MARK.match(option or "")
        if not match:
            return None
        first = first or match[1].upper()
        start = int(first) if first.isdigit() else 0
        expected = str(place + start) if first.isdigit() else chr(ord("A") + place)
        if match[1].upper() != expected:
            return None
        found.append((option or "")[match.end() :].strip() or None)
    return tuple(found)
