"""What a fact can be: a number, a sum, a name, a date, a score ...; drawn, and written as a newspaper writes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

from fairtrial.tasks.procedural.draw import Draw

FactValueKind = Literal["number", "name", "word", "date", "pair"]

SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
SMALL_DE = ("null", "ein", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
MONTHS_DE = (
    "Januar", "Februar", "März", "April", "Mai", "Juni",
    "Juli", "August", "September", "Oktober", "November", "Dezember",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FactValue:
    """One value of a fact.

    Attributes:
        kind: how answers that give it are read.
        key: of numbers the decimal number, of dates ISO 8601, of pairs ``14 7``, else the text itself.
        text: as an English article writes it.
        german: as a German one does.
    """

    kind: FactValueKind
    key: str
    text: str
    german: str


@dataclass(frozen=True, slots=True)
class ValueSource:
    """What values are drawn from.

    Attributes:
        draw: of one story.
        name: makes a new person's name.
        councillors, streets, companies: of the town.
        words: lists by their names.
        start: the day from which dates of the future are counted.
    """

    draw: Draw
    name: Callable[[], str]
    councillors: Sequence[str]
    streets: Sequence[str]
    companies: Sequence[str]
    words: Mapping[str, Sequence[str]]
    start: date


def draw_value(said: str, source: ValueSource) -> FactValue:
    """Return a value, e.g. of ``count 12 290``, ``money 40 900`` (thousands of euros), ``votes 23`` or ``word bands``.

    Raises ValueError for a form that there is not.
    """
    form, *rest = said.split()
    draw = source.draw
    if form == "count":
        return _draw_count(draw, rest)
    if form == "money":
        return _draw_money(draw, int(rest[0]), int(rest[1]))
    if form == "percent":
        return make_number(Decimal(draw.draw_between(10 * int(rest[0]) + 1, 10 * int(rest[1]) - 1)) / 10)
    if form == "votes":
        no, present = draw.draw_between(2, int(rest[0]) // 2 - 1), draw.draw_between(int(rest[0]) - 4, int(rest[0]))
        return _make_pair(present - no, no, "votes to", "zu", " Stimmen")
    if form == "score":
        return _make_pair(draw.draw_below(6), draw.draw_below(5), "–", "zu")
    if form == "date":
        return make_date(source.start + timedelta(days=draw.draw_between(int(rest[0]), int(rest[1]))))
    kinds: dict[str, tuple[FactValueKind, Callable[[], str]]] = {
        "person": ("name", source.name),
        "councillor": ("name", lambda: draw.pick(source.councillors)),
        "street": ("word", lambda: draw.pick(source.streets)),
        "company": ("word", lambda: draw.pick(source.companies)),
        "word": ("word", lambda: draw.pick(source.words[rest[0]])),
    }
    if form not in kinds:
        raise ValueError(f"no value has the form {said!r}")
    kind, make = kinds[form]
    text = make()
    return FactValue(kind, text, text, text)


def draw_other(said: str, source: ValueSource, taken: Sequence[FactValue]) -> FactValue:
    """Return a value of the same form that differs from all of these."""
    for _ in range(1000):
        value = draw_value(said, source)
        if value.key not in {one.key for one in taken}:
            return value
    raise ValueError(f"{said!r} has too few values")


def make_number(number: Decimal, unit: str = "") -> FactValue:
    """Return a number as articles write it: small whole ones in words, large ones with separators."""
    if number == number.to_integral_value():
        whole = int(number)
        english = SMALL[whole] if whole < 10 and not unit else f"{unit}{whole:,}"
        german = SMALL_DE[whole] if whole < 10 and not unit else f"{whole:,}".replace(",", ".")
    else:
        english, german = f"{unit}{number.normalize():f}", f"{number.normalize():f}".replace(".", ",")
    return FactValue("number", f"{number.normalize():f}", english, german + (" Euro" if unit else ""))


def make_money(thousands: int) -> FactValue:
    """Return a sum of so many thousand euros, in millions where it is as much as that."""
    key = str(1000 * thousands)
    if thousands < 1000:
        return FactValue("number", key, f"€{thousands},000", f"{thousands}.000 Euro")
    millions = f"{Decimal(thousands) / 1000:f}".rstrip("0").rstrip(".")
    unit = "Million" if millions == "1" else "Millionen"
    return FactValue("number", key, f"€{millions} million", f"{millions.replace('.', ',')} {unit} Euro")


def make_date(day: date) -> FactValue:
    """Return a date with its year."""
    english = f"{day.day} {MONTHS[day.month - 1]} {day.year}"
    return FactValue("date", day.isoformat(), english, f"{day.day}. {MONTHS_DE[day.month - 1]} {day.year}")


def _draw_count(draw: Draw, rest: Sequence[str]) -> FactValue:
    low, high = int(rest[0]), int(rest[1])
    if rest[2:] == ["decimal"]:
        tenths = draw.draw_between(10 * low, 10 * high)
        return make_number(Decimal(tenths if tenths % 10 else tenths + 1) / 10)
    step = int(rest[2]) if len(rest) > 2 else 1
    return make_number(Decimal(low + step * draw.draw_below((high - low) // step + 1)))


def _draw_money(draw: Draw, low: int, high: int) -> FactValue:
    thousands = draw.draw_between(low, high)
    return make_money(thousands - thousands % (50 if thousands >= 1000 else 5) or low)


def _make_pair(first: int, second: int, english: str, german: str, unit: str = "") -> FactValue:
    space = "" if english == "–" else " "
    return FactValue(
        "pair", f"{first} {second}", f"{first}{space}{english}{space}{second}", f"{first} {german} {second}{unit}"
    )
