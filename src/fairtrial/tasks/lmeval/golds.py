"""Understands what a task's ``doc_to_target`` gives: right answers as plain values, and as positions of choices.

How right choices are written (by position, text, letter or number) is decided once, over all rows of a task: what only
one way of reading explains is read so, and what none does, or several, is an error.  It knows nothing of templates,
files or grading.

What lm-evaluation-harness 0.4 reads rightly is read alike: whole numbers are positions from 0, texts are choices.  It
grades every other answer as wrong, without an end to the run; here such data is understood, or refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from uuid import UUID

from fairtrial.errors import DataError

Atom = str | int | None
"""One right answer: a text, a whole number, or None where there is none."""

_LETTER = re.compile(r"\(?([A-Za-z])[).:]?")
_NUMERAL = re.compile(r"\(?([0-9]{1,4})[).:]?")
_NEGATIVE = re.compile(r"-[0-9]+")
_WRITTEN = (date, datetime, time, Decimal, UUID)


def convert_to_plain(value: Any, what: str = "the right answer") -> Any:
    """Return what task code or a column gives, without the types of other libraries.

    Scalars and arrays of numpy, torch and the like become Python's; dates and decimals become texts; tuples lists.
    Raises DataError, naming ``what`` and the type, for what cannot be an answer.
    """
    if isinstance(value, str):
        return str(value)
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return None if value != value else float(value)
    if isinstance(value, list | tuple):
        return [convert_to_plain(part, what) for part in value]
    if isinstance(value, _WRITTEN):
        return str(value)
    for convert in ("tolist", "item"):  # arrays and scalars of numpy, tensors of torch
        method = getattr(value, convert, None)
        if callable(method) and not isinstance(made := method(), type(value)):
            return convert_to_plain(made, what)
    raise DataError(
        f"{what} has the type {type(value).__name__}, which is not understood: {_shorten(value)}",
        fix="Understood are texts, numbers, lists of them, and what numpy or torch has of these.",
    )


def read_answer_texts(value: Any) -> tuple[str, ...]:
    """Return the right answers as texts, none where the row has none; ``value`` is from `convert_to_plain`."""
    parts = value if isinstance(value, list) else [value]
    return tuple(str(part) for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class RowTarget:
    """One row's right answers as they are written, and its choices."""

    value: Any
    choices: Sequence[str]

    def list_atoms(self) -> list[Atom]:
        """Return the answers one by one; fractions raise DataError."""
        parts = self.value if isinstance(self.value, list) else [self.value]
        return [_read_atom(part, self.choices) for part in parts]


def _read_atom(value: Any, choices: Sequence[str]) -> Atom:
    if isinstance(value, float):
        if not value.is_integer():
            raise DataError(f"the answer {value} is no position of a choice: it is not a whole number")
        value = int(value)
    if isinstance(value, list):
        raise DataError(f"the answer {_shorten(value)} is a list within a list")
    if isinstance(value, str):
        absent = not value.strip() or _NEGATIVE.fullmatch(value.strip())
        return None if absent and value not in choices else value
    return None if value is None or value < 0 else int(value)


def _find_by_text(atom: str, choices: Sequence[str]) -> int | None:
    return choices.index(atom) if atom in choices else None


def _find_by_loose_text(atom: str, choices: Sequence[str]) -> int | None:
    """The one choice that differs in case and white space at most."""
    wanted = " ".join(atom.casefold().split())
    found = [n for n, choice in enumerate(choices) if " ".join(choice.casefold().split()) == wanted]
    return found[0] if len(found) == 1 else None


def _find_by_letter(atom: str, choices: Sequence[str]) -> int | None:
    match = _LETTER.fullmatch(atom.strip())
    position = ord(match[1].upper()) - ord("A") if match else len(choices)
    return position if position < len(choices) else None


def _read_numeral(atom: str) -> int | None:
    match = _NUMERAL.fullmatch(atom.strip())
    return int(match[1]) if match else None


def _count_from_zero(atom: str, choices: Sequence[str]) -> int | None:
    number = _read_numeral(atom)
    return number if number is not None and number < len(choices) else None


def _count_from_one(atom: str, choices: Sequence[str]) -> int | None:
    number = _read_numeral(atom)
    return number - 1 if number is not None and 1 <= number <= len(choices) else None


_WAYS = {
    "texts": (_find_by_text,),
    "letters": (_find_by_letter,),
    "texts, apart from case and white space": (_find_by_loose_text,),
    "numbers from 0": (_count_from_zero,),
    "numbers from 1": (_count_from_one,),
    "letters and numbers from 0": (_find_by_letter, _count_from_zero),
    "letters and numbers from 1": (_find_by_letter, _count_from_one),
}
"""Ways to read texts as choices; of several that explain all rows, the first is meant, but see `_ambiguous`."""

LABELS = "a label for every choice"
FROM_ONE = "numbers from 1"
MANY = 20
"""Answers among which the first choice would be expected at least once."""

POSITIONS = "positions"
"""Whole numbers from 0, as lm-evaluation-harness reads them."""


@dataclass(frozen=True, slots=True)
class GoldFormat:
    """How the right choices of a task are written.

    Attributes:
        way: `POSITIONS`, `LABELS` or a key of the ways to read texts.
        otherwise: a way that explains all rows too and gives other answers in some; empty if none does.
    """

    way: str
    otherwise: str = ""

    def read_positions(self, target: RowTarget) -> tuple[int, ...]:
        """Return the positions of a row's right choices; those that cannot be read are left out."""
        if self.way == LABELS:
            labels = target.value if isinstance(target.value, list) else []
            return tuple(n for n, label in enumerate(labels) if label == 1)
        found = (self.read(atom, target.choices) for atom in target.list_atoms())
        return tuple(position for position in found if position is not None)

    def read(self, atom: Atom, choices: Sequence[str]) -> int | None:
        """Return the position that one answer means; None if it means none."""
        if atom is None:
            return None
        if self.way == POSITIONS:
            if isinstance(atom, str):
                return None
            return atom if atom < len(choices) else None
        return next((n for way in _WAYS[self.way] if (n := way(str(atom), choices)) is not None), None)

    def explains(self, targets: Sequence[RowTarget]) -> bool:
        """Return whether every answer of all rows is a choice."""
        return self.first_unread(targets) is None

    def first_unread(self, targets: Sequence[RowTarget]) -> tuple[int, Atom] | None:
        """Return the first row with an answer that is no choice, and this answer."""
        for number, target in enumerate(targets):
            for atom in target.list_atoms():
                if atom is not None and self.read(atom, target.choices) is None:
                    return number, atom
        return None


class UnreadError(DataError):
    """An answer that is none of the choices, with the number of its row."""

    def __init__(self, message: str, row: int, fix: str = "") -> None:
        super().__init__(message, fix=fix)
        self.row = row


def read_choices(targets: Sequence[RowTarget]) -> GoldFormat:
    """Return how right choices are written, which must be one way for all rows of a task.

    Raises UnreadError for an answer that is none of the choices, or that could be two of them.
    """
    _refuse_yes_or_no(targets)
    if _are_labels(targets):
        return GoldFormat(LABELS)
    kinds = {type(atom) for target in targets for atom in target.list_atoms() if atom is not None}
    usual = GoldFormat(POSITIONS if kinds <= {int} else "texts")
    if usual.explains(targets):
        other = GoldFormat("texts")
        if kinds == {int} and other.explains(targets) and _differ(usual, other, targets):
            return GoldFormat(POSITIONS, "texts")
        return GoldFormat(POSITIONS, FROM_ONE) if kinds == {int} and _may_count_from_one(targets) else usual
    ways = [GoldFormat(way) for way in _WAYS]
    if kinds == {int}:  # positions from 0 they are not
        ways = [GoldFormat("texts"), GoldFormat("numbers from 1")]
    explaining = [way for way in ways if way.explains(targets)]
    if not explaining:
        raise _make_unread_error(targets, usual if kinds == {int} else _find_nearest(ways, targets))
    best = explaining[0]
    if "from 0" in best.way:
        _refuse_ambiguous(targets, best, explaining)
    return best


def _refuse_yes_or_no(targets: Sequence[RowTarget]) -> None:
    """Raise UnreadError for true or false as the answer to a row that does not offer two choices."""
    for row, target in enumerate(targets):
        if isinstance(target.value, bool) and len(target.choices) != 2:
            raise UnreadError(
                f"the answer {target.value} is true or false, but there are {len(target.choices)} choices",
                row,
                fix="doc_to_target must give a position from 0, or the text or letter of one of the choices.",
            )


def _may_count_from_one(targets: Sequence[RowTarget]) -> bool:
    """Whether no row's answer is the first choice from 0, and every answer is a choice from 1, over many rows."""
    atoms = [atom for target in targets for atom in target.list_atoms() if atom is not None]
    return len(atoms) >= MANY and 0 not in atoms and GoldFormat(FROM_ONE).explains(targets)


def _differ(one: GoldFormat, other: GoldFormat, targets: Sequence[RowTarget]) -> bool:
    return any(one.read_positions(target) != other.read_positions(target) for target in targets)


def _are_labels(targets: Sequence[RowTarget]) -> bool:
    """Whether every row has one 0 or 1 for each choice: as positions, these would name choices twice, or all."""
    return all(
        isinstance(target.value, list)
        and len(target.value) == len(target.choices) > 1
        and all(not isinstance(part, str | list) and part in {0, 1} for part in target.value)
        for target in targets
    )


def _find_nearest(ways: Sequence[GoldFormat], targets: Sequence[RowTarget]) -> GoldFormat:
    """The way that explains most rows; what it leaves is what is wrong."""

    def explained(way: GoldFormat) -> int:
        return sum(way.explains([target]) for target in targets)

    return max(ways, key=explained)


def _make_unread_error(targets: Sequence[RowTarget], way: GoldFormat) -> UnreadError:
    found = way.first_unread(targets)
    assert found is not None
    row, atom = found
    choices = targets[row].choices
    letters = [chr(ord("A") + n) for n in range(min(len(choices), 26))]
    allowed = {"letters": ", ".join(letters), POSITIONS: f"0 to {len(choices) - 1}"}.get(way.way, "the choices")
    shown = "; ".join(_shorten(choice, 40) for choice in choices[:8])
    return UnreadError(
        f"the answer {atom!r} is none of {allowed}. The choices: {shown}{'; ...' if len(choices) > 8 else ''}",
        row,
        fix="doc_to_target must give a position from 0, or the text or letter of one of the choices.",
    )


def _refuse_ambiguous(targets: Sequence[RowTarget], best: GoldFormat, explaining: Sequence[GoldFormat]) -> None:
    rival = next((way for way in explaining if "from 1" in way.way and _differ(best, way, targets)), None)
    if rival is None:
        return
    row = next(n for n, target in enumerate(targets) if best.read_positions(target) != rival.read_positions(target))
    atom = next(atom for atom in targets[row].list_atoms() if atom is not None)
    raise UnreadError(
        f"the answer {atom!r} could be counted from 0 or from 1: no row of the task has a 0, and none its last choice",
        row,
        fix="Make it a position from 0: doc_to_target: '{{column | int}}', or '{{column | int - 1}}'.",
    )


def describe(reading: GoldFormat | None, counts: Mapping[str, int]) -> dict[str, Any]:
    """Return what a card says of a task's right answers where they are not written in the usual way, else nothing."""
    found: dict[str, Any] = {name: count for name, count in counts.items() if count}
    if reading is not None and reading.way not in {POSITIONS, "texts"}:
        found["read_as"] = reading.way
    if reading is not None and reading.otherwise:
        found["also"] = reading.otherwise
    return found


def _shorten(value: Any, limit: int = 80) -> str:
    text = repr(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."
