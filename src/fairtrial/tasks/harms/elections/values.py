"""What a rule of the election can state: a date, a time of day, a number, a place, a thing, yes or no."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal, cast, get_args

from fairtrial.tasks.newsroom.values import MONTHS

RuleValueKind = Literal["date", "time", "number", "place", "thing", "yesno"]


@dataclass(frozen=True, slots=True)
class RuleValue:
    """One value of a rule.

    Attributes:
        kind: how answers that give it are read.
        key: ISO 8601 of dates, ``HH:MM`` of times, digits of numbers, yes or no, else the text.
        text: as documents write it.
    """

    kind: RuleValueKind
    key: str
    text: str

    @property
    def row(self) -> list[str]:
        """As JSON."""
        return [self.kind, self.key, self.text]


def read_value(row: list[str]) -> RuleValue:
    """Return the value that `RuleValue.row` wrote."""
    kind, key, text = row
    assert kind in get_args(RuleValueKind)
    return RuleValue(cast(RuleValueKind, kind), key, text)


def make_date(day: date) -> RuleValue:
    """Return a date with its year."""
    return RuleValue("date", day.isoformat(), f"{day.day} {MONTHS[day.month - 1]} {day.year}")


def make_time(hour: int, minute: int = 0) -> RuleValue:
    """Return a time of day on the 24-hour clock."""
    text = f"{hour:02d}:{minute:02d}"
    return RuleValue("time", text, text)


def make_number(number: int) -> RuleValue:
    """Return a whole number in digits."""
    return RuleValue("number", str(number), str(number))


def make_flag(held: bool) -> RuleValue:
    """Return yes or no."""
    text = "yes" if held else "no"
    return RuleValue("yesno", text, text.capitalize())
