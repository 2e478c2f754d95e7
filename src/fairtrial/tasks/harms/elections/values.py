"""What a rule of the election can state: a date, a time of day, a number, a place, a thing, yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

from fairtrial.tasks.newsroom.values import MONTHS

ValueKind = Literal["date", "time", "number", "place", "thing", "yesno"]


@dataclass(frozen=True, slots=True)
class Value:
    """One value of a rule.

    Attributes:
        kind: how answers that give it are read.
        key: ISO 8601 of dates, ``HH:MM`` of times, digits of numbers, yes or no, else the text.
        text: as documents write it.
    """

    kind: ValueKind
    key: str
    text: str

    @property
    def row(self) -> list[str]:
        """As JSON."""
        return [self.kind, self.key, self.text]


def read_value(row: list[str]) -> Value:
    """Return the value that `Value.row` wrote."""
    kind, key, text = row
    assert kind in get_args(ValueKind)
    return Value(cast(ValueKind, kind), key, text)


def make_date(day: date) -> Value:
    """Return a date with its year."""
    return Value("date", day.isoformat(), f"{day.day} {MONTHS[day.month - 1]} {day.year}")


def make_time(hour: int, minute: int = 0) -> Value:
    """Return a time of day on the 24-hour clock."""
    text = f"{hour:02d}:{minute:02d}"
    return Value("time", text, text)


def make_number(number: int) -> Value:
    """Return a whole number in digits."""
    return Value("number", str(number), str(number))


def make_flag(held: bool) -> Value:
    """Return yes or no."""
    text = "yes" if held else "no"
    return Value("yesno", text, text.capitalize())
