"""Days, years, times of day and results in a text.  Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from fairtrial.levers.retrieve.relations.reading import MONTHS, WEEKDAYS

_MONTH = {name: number for number, names in enumerate(MONTHS, 1) for name in names}
_WEEKDAY = {name: number for number, names in enumerate(WEEKDAYS) for name in names}
_NAMES = "|".join(sorted(_MONTH, key=len, reverse=True))
_DATE = re.compile(
    rf"\b(?P<iso>\d{{4}}-\d{{2}}-\d{{2}})\b"
    rf"|\b(?P<d>\d{{1,2}})(?:\.|st|nd|rd|th)?\s(?:of\s)?(?P<m>{_NAMES})\b\.?(?:,?\s(?P<y>\d{{4}}))?"
    rf"|\b(?P<m2>{_NAMES})\.?\s(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s(?P<y2>\d{{4}}))?"
    rf"|\b(?P<d3>\d{{1,2}})\.(?P<m3>\d{{1,2}})\.(?P<y3>\d{{4}})\b",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?<![\w.,€$£-])(?:19|20)\d\d(?![\w-]|[.,]\d)")
_LAST_YEAR = re.compile(r"\b(?:last year|the year before|im vergangenen jahr|im vorjahr|voriges jahr)\b", re.IGNORECASE)
_AHEAD = re.compile(r"\b(?:will|next|from|until|coming|wird|werden|kommenden?|nächsten?|ab|bis)\b", re.IGNORECASE)
_DAY_NAME = re.compile(rf"\b(?:{'|'.join(_WEEKDAY)})\b", re.IGNORECASE)
_CLOCK = re.compile(
    r"\b(?P<h>\d{1,2})(?:[.:](?P<min>\d{2}))?\s?(?P<half>am|pm|a\.m\.|p\.m\.)(?!\w)"
    r"|\b(?P<h2>\d{1,2}):(?P<min2>\d{2})\b(?:\s?Uhr)?|\b(?P<h3>\d{1,2})(?:\.(?P<min3>\d{2}))?\sUhr\b"
    r"|\b(?:at|by|until|from|um)\s(?P<h4>\d{1,2})\.(?P<min4>\d{2})\b(?!\s?(?:%|per|million|metre|euro))",
    re.IGNORECASE,
)
_RESULT = re.compile(
    r"(?<![\w.,:/–-])(?P<a>\d{1,3})\s?(?:[–:-]|to|zu)\s?(?P<b>\d{1,3})(?![\w/:–-]|[.,]\d)(?P<votes>\sStimmen)?"
    r"|\b(?P<c>\d{1,4})\s(?:votes|votes in favour|Stimmen)\s(?:to|against|zu|gegen)\s(?P<d>\d{1,4})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that a text gives: ``date``, ``time`` or ``result``; where; its value as numbers."""

    kind: str
    start: int
    end: int
    value: tuple[int, ...]


def find_moments(text: str, published: datetime | None) -> Iterator[Moment]:
    """Yield the full dates, times of day and results of a text, none of them within another."""
    taken: list[tuple[int, int]] = []
    for kind, pattern in (("date", _DATE), ("time", _CLOCK), ("result", _RESULT)):
        for found in pattern.finditer(text):
            if any(found.start() < end and start < found.end() for start, end in taken):
                continue
            value = _read_moment(kind, found, published)
            if value is not None:
                taken.append(found.span())
                yield Moment(kind, *found.span(), value)


def find_years(text: str, published: datetime | None) -> frozenset[int]:
    """Return the years that a text speaks of."""
    years = {int(m[0]) for m in _YEAR.finditer(text)}
    if published and _LAST_YEAR.search(text):
        years.add(published.year - 1)
    return frozenset(years)


def find_days(text: str, published: datetime | None) -> frozenset[str]:
    """Return the days that a text speaks of, in ISO 8601; weekdays too, by the day on which it was published."""
    days = set[str]()
    for moment in find_moments(text, published):
        if moment.kind == "date":
            days.add(date(*moment.value).isoformat())
    for found in _DAY_NAME.finditer(text):
        number = _WEEKDAY[found[0].casefold()]
        if published is None:
            days.add(f"weekday {number}")
        elif _AHEAD.search(text):
            days.add((published.date() + timedelta(days=(number - published.weekday()) % 7)).isoformat())
        else:
            days.add((published.date() - timedelta(days=(published.weekday() - number) % 7)).isoformat())
    if published and re.search(r"\b(?:yesterday|gestern)\b", text, re.IGNORECASE):
        days.add((published.date() - timedelta(days=1)).isoformat())
    return frozenset(days)


def _read_moment(kind: str, found: re.Match[str], published: datetime | None) -> tuple[int, ...] | None:
    """Return the value of what was found; None if it is none."""
    groups = found.groupdict()
    if kind == "date":
        return _read_date(groups, published)
    if kind == "time":
        return _read_time(groups)
    return tuple(int(groups[name]) for name in (("a", "b") if groups["a"] else ("c", "d")))


def _read_date(groups: dict[str, str | None], published: datetime | None) -> tuple[int, ...] | None:
    if groups["iso"]:
        year, month, day = map(int, groups["iso"].split("-"))
    else:
        said_day = groups["d"] or groups["d2"] or groups["d3"]
        said_month = groups["m"] or groups["m2"]
        said_year = groups["y"] or groups["y2"] or groups["y3"]
        assert said_day is not None
        day, month = int(said_day), _MONTH[said_month.casefold()] if said_month else int(groups["m3"] or 0)
        if not said_year and published is None:
            return None
        year = int(said_year) if said_year else _find_year(day, month, published)
    try:
        date(year, month, day)
    except ValueError:
        return None
    return year, month, day


def _find_year(day: int, month: int, published: datetime | None) -> int:
    """Return the year that makes a date the nearest to the day of publication."""
    if published is None:
        return 1
    around = [published.year - 1, published.year, published.year + 1]
    return min(
        around,
        key=lambda year: abs((year - published.year) * 365 + (month - published.month) * 30 + day - published.day),
    )


def _read_time(groups: dict[str, str | None]) -> tuple[int, ...] | None:
    hour = int(groups["h"] or groups["h2"] or groups["h3"] or groups["h4"] or 0)
    minute = int(groups["min"] or groups["min2"] or groups["min3"] or groups["min4"] or 0)
    if hour > 24 or minute > 59:
        return None
    if groups["half"] and groups["half"][0] in "pP" and hour < 12:
        hour += 12
    return hour, minute
