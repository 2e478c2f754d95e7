"""Right answers of multiple choice: how they are written is decided once, over all rows of a file.

A letter, a text or a number is taken for what explains all rows; where several readings explain them and differ, the
file is refused until its author says which is meant.  Pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import SpecError
from fairtrial.tasks.own.columns import fold_name
from fairtrial.tasks.own.faults import show
from fairtrial.tasks.own.options import Option, parse_list, to_text

_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_NUMBER = re.compile(r"\(?([0-9]{1,3})[).:]?")

_Places = tuple[int, ...]
"""Positions of right options, from 0."""


@dataclass(frozen=True, slots=True)
class GoldCell:
    """What stands in one row's column of right answers, beside its options."""

    value: Any
    options: Sequence[Option]

    def list_atoms(self) -> list[Any]:
        """Return the answers one by one: several where the cell holds a list."""
        found = parse_list(self.value)
        return [self.value] if found is None else found


_Way = Callable[[str, GoldCell], int | None]


def _by_text(text: str, cell: GoldCell) -> int | None:
    return cell.options.index(text) if text in cell.options else None


def _by_loose_text(text: str, cell: GoldCell) -> int | None:
    wanted = " ".join(text.casefold().split())
    found = [n for n, one in enumerate(cell.options) if one and " ".join(one.casefold().split()) == wanted]
    return found[0] if len(found) == 1 else None


def _by_letter(text: str, cell: GoldCell) -> int | None:
    match = _LETTER.fullmatch(text)
    return _place(ord(match[1].upper()) - ord("A") if match else -1, cell)


def _count_from(first: int) -> _Way:
    def count(text: str, cell: GoldCell) -> int | None:
        match = _NUMBER.fullmatch(text)
        return _place(int(match[1]) - first if match else -1, cell)

    return count


def _place(at: int, cell: GoldCell) -> int | None:
    return at if 0 <= at < len(cell.options) and cell.options[at] is not None else None


WAYS: Mapping[str, tuple[str, _Way]] = {
    "texts": ("texts", _by_text),
    "letters": ("letters", _by_letter),
    "loose-texts": ("texts, apart from case and spaces", _by_loose_text),
    "from-0": ("numbers from 0", _count_from(0)),
    "from-1": ("numbers from 1", _count_from(1)),
}
"""Ways to write a right answer, with their names for people."""

LABELS = "labels"
COLUMNS = "columns"


@dataclass(frozen=True, slots=True)
class Golds:
    """The right answers of all rows.

    Attributes:
        places: of each row; None where its cell is empty, () where it cannot be read.
        way: a key of `WAYS`, or ``labels`` or ``columns``.
        words: the way, in words.
        allowed: of each row, what would be read, in words.
        column: that they stand in.
    """

    places: list[_Places | None]
    way: str
    words: str
    allowed: Callable[[GoldCell], str]
    column: str


def read_golds(name: str, cells: Sequence[GoldCell], columns: Sequence[str], told: str | None, where: str) -> Golds:
    """Return the right answers of every row.

    Args:
        name: of the column that they stand in.
        cells: of every row.
        columns: of each place, the name of the column of its option, where there is one.
        told: how they are written, as the user says it; None finds out.
        where: name of the file, for errors.

    Raises SpecError where several readings explain equally many rows and differ.
    """
    present = [cell for cell in cells if not is_empty(cell.value)]
    if told is None and present and all(_are_labels(cell) for cell in present):
        return _apply(name, cells, LABELS, "a label for every option", lambda _, __: None)
    names = {fold_name(option): n for n, option in enumerate(columns)}

    def by_column(text: str, cell: GoldCell) -> int | None:
        return _place(names.get(fold_name(text), -1), cell)

    ways: dict[str, tuple[str, _Way]] = dict(WAYS) if told is None else {told: WAYS[told]}
    if told == "texts":
        ways["loose-texts"] = WAYS["loose-texts"]
    if told is None and names:
        ways[COLUMNS] = ("names of the options' columns", by_column)
    read = {way: [_read_cell(cell, one) for cell in present] for way, (_, one) in ways.items()}
    counts = {way: sum(bool(found) for found in places) for way, places in read.items()}
    best = max(ways, key=lambda way: counts[way])  # the first of equals
    rivals = [way for way in ways if counts[way] == counts[best] and read[way] != read[best]]
    if rivals and told is None:
        raise _make_ambiguous(present, read, (best, rivals[0]), name, where)
    return _apply(name, cells, best, *ways[best])


def is_empty(value: Any) -> bool:
    """Return whether a cell holds nothing."""
    return value is None or value == [] or (isinstance(value, str) and not value.strip())


def _are_labels(cell: GoldCell) -> bool:
    """Return whether a cell has one 0 or 1 for each option."""
    found = parse_list(cell.value)
    return (
        found is not None
        and len(found) == len(cell.options) > 1
        and {to_text(one) for one in found} <= {"0", "1", "true", "false"}
    )


def _read_cell(cell: GoldCell, way: _Way) -> _Places:
    """Return the positions that a cell means; none if any of its answers cannot be read."""
    found = [way(to_text(atom), cell) for atom in cell.list_atoms() if not is_empty(atom)]
    return () if None in found else tuple(dict.fromkeys(place for place in found if place is not None))


def _apply(column: str, cells: Sequence[GoldCell], name: str, words: str, way: _Way) -> Golds:
    places: list[_Places | None] = []
    for cell in cells:
        if is_empty(cell.value):
            places.append(None)
        elif name == LABELS:
            marks = [to_text(one) for one in cell.list_atoms()]
            places.append(
                tuple(n for n, mark in enumerate(marks) if mark in ("1", "true") and cell.options[n] is not None)
            )
        else:
            places.append(_read_cell(cell, way))
    return Golds(places, name, words, lambda cell: _describe_allowed(name, cell), column)


def _describe_allowed(way: str, cell: GoldCell) -> str:
    """Return what may stand in a cell, in words."""
    there = [n for n, option in enumerate(cell.options) if option is not None]
    if not there:
        return "the options (there are none)"
    if way == "letters":
        return f"the letters {chr(ord('A') + there[0])} to {chr(ord('A') + there[-1])}"
    if way in ("from-0", "from-1"):
        first = int(way[-1])
        return f"the numbers {there[0] + first} to {there[-1] + first}"
    shown = ", ".join(show(cell.options[n], 30) for n in there[:6])
    return f"the options {shown}{', ...' if len(there) > 6 else ''}"


def _make_ambiguous(
    cells: Sequence[GoldCell], read: Mapping[str, list[_Places]], two: tuple[str, str], column: str, where: str
) -> SpecError:
    """Return the error that right answers can be read in two ways, with the first row that shows it."""
    one, other = two
    at = next(n for n, places in enumerate(read[one]) if places != read[other][n])
    cell = cells[at]
    means = " and ".join(
        f"{show(cell.options[read[way][at][0]], 40)} as {_name_way(way)}" for way in two if read[way][at]
    )
    known = [way for way in two if way in ("texts", "letters", "from-0", "from-1")]
    hint = f"read_as: {known[0]}}}{f' or {known[1]}' if len(known) > 1 else ''}"
    return SpecError(
        f"the right answers can be read in two ways: {show(cell.value)} means {means}, and both fit equally well.",
        fix=f"Say which: answer: {{column: {column}, {hint}.",
        where=where,
    )


def _name_way(way: str) -> str:
    names = {"from-0": "a number from 0", "from-1": "a number from 1", "letters": "a letter", "texts": "a text"}
    return names.get(way, WAYS[way][0] if way in WAYS else "the name of a column")
