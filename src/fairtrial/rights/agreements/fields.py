"""The fields of a row of a table of agreements, each read from text: what is agreed, for whom, where and how long."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from fairtrial.errors import RightsError, did_you_mean
from fairtrial.rights.agreements.matching import Coverage, split_pattern
from fairtrial.rights.circumstances import EEA, EU, OPERATORS, check_territory
from fairtrial.rights.record import Attribution, Payment, Reporting, Statement, Terms, Use

_T = TypeVar("_T")

Values = Mapping[str, tuple[str, ...]]
"""Of a row: each field with its values; a field that is empty is left out."""

FIELDS: Final = (
    "id",
    "holder",
    "addresses",
    "publishers",
    "sources",
    "allow",
    "deny",
    "max_words",
    "max_share",
    "verbatim_only",
    "attribution",
    "attribution_link",
    "valid_from",
    "valid_until",
    "timezone",
    "territories",
    "territories_denied",
    "operators",
    "payment",
    "amount",
    "currency",
    "proof",
    "reporting",
    "reporting_endpoint",
    "licence",
    "terms_url",
    "note",
)
"""All fields of a row, the same in YAML and CSV."""

LISTS: Final = {
    "addresses": r"[\s|]+",
    "publishers": r"\s*[|\n]\s*",
    "sources": r"\s*[|\n]\s*",
    "allow": r"[\s,;|]+",
    "deny": r"[\s,;|]+",
    "territories": r"[\s,;|]+",
    "territories_denied": r"[\s,;|]+",
    "operators": r"[\s,;|]+",
}
"""Fields of several values, with what separates them within one text."""

PAYMENTS: Final = (
    "purchase",
    "subscription",
    "training",
    "crawl",
    "use",
    "contribution",
    "attribution",
    "free",
)
"""Types of payment, by RSL 1.0."""

GROUPS: Final[dict[str, tuple[Use, ...]]] = {
    "all": tuple(Use),
    "ai-all": (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX),
    **{use.value: (use,) for use in Use},
}
"""What a name in ``allow`` or ``deny`` stands for."""


def read_coverage(row: Values) -> Coverage:
    """Return which documents a row is about; raises RightsError where it does not say so."""
    addresses, publishers, sources = (row.get(name, ()) for name in ("addresses", "publishers", "sources"))
    if not (addresses or publishers or sources):
        raise RightsError(
            "says for no document that it covers it; fill in addresses, publishers or sources (addresses: * is all)"
        )
    for pattern in addresses:
        if pattern != "*" and split_pattern(pattern) is None:
            raise RightsError(
                f"addresses: {pattern[:80]!r} is no pattern like https://example.org/news/* or *.example.org"
            )
    return Coverage(addresses, publishers, sources)


def read_statements(row: Values) -> tuple[Statement, ...]:
    """Return what a row says of each use, under its terms."""
    allowed, denied = _read_uses(row, "allow"), _read_uses(row, "deny")
    if both := [use.value for use in Use if use in allowed and use in denied]:
        raise RightsError(f"both allows and denies {', '.join(both)}")
    if not allowed and not denied:
        raise RightsError(f"neither allows nor denies anything; uses are {', '.join(GROUPS)}")
    terms, holder = _read_terms(row), _get(row, "holder")
    # a denial is not paid for, and needs no credit
    scope = Terms(
        valid_from=terms.valid_from,
        valid_until=terms.valid_until,
        territories=terms.territories,
        territories_denied=terms.territories_denied,
        operators=terms.operators,
    )
    because = f"as agreed with {holder}" if holder else "as agreed"
    return tuple(
        Statement(use, "allow" if use in allowed else "deny", because, terms if use in allowed else scope)
        for use in Use
        if use in allowed or use in denied
    )


def _read_uses(row: Values, name: str) -> frozenset[Use]:
    chosen = [_choose(one.casefold(), GROUPS, name) for one in row.get(name, ())]
    return frozenset(use for one in chosen for use in GROUPS[one])


def _read_terms(row: Values) -> Terms:
    zone = _read(row, "timezone", _read_zone) or UTC
    begin = _read(row, "valid_from", lambda text: _read_moment(text, zone, end=False))
    end = _read(row, "valid_until", lambda text: _read_moment(text, zone, end=True))
    if begin is not None and end is not None and begin >= end:
        raise RightsError("valid_until is not later than valid_from")
    territories = _read_territories(row, "territories")
    credit, link = _get(row, "attribution"), _get(row, "attribution_link")
    report, endpoint = _get(row, "reporting"), _get(row, "reporting_endpoint")
    return Terms(
        attribution=Attribution(credit, link) if credit or link else None,
        max_words=_read(row, "max_words", _read_count),
        max_share=_read(row, "max_share", _read_share),
        verbatim_only=_read(row, "verbatim_only", _read_switch) or False,
        valid_from=begin,
        valid_until=end,
        territories=territories or None,
        territories_denied=_read_territories(row, "territories_denied"),
        operators=frozenset(_choose(one, OPERATORS, "operators") for one in row.get("operators", ())) or None,
        payment=_read_payment(row),
        reporting=Reporting(report, endpoint) if report else None,
    )


def _read_payment(row: Values) -> Payment | None:
    kind, currency = _get(row, "payment"), _get(row, "currency").upper()
    amount, proof = _read(row, "amount", _read_amount), _get(row, "proof")
    if not kind:
        if amount is not None:
            raise RightsError("amount is given and payment is not; payment is one of " + ", ".join(PAYMENTS))
        return None
    if amount is not None and not re.fullmatch("[A-Z]{3}", currency):
        raise RightsError(f"currency {currency[:20]!r} is no code of three letters (ISO 4217), e.g. EUR")
    return Payment(_choose(kind, PAYMENTS, "payment"), amount, currency, proof)


def _read_territories(row: Values, name: str) -> frozenset[str]:
    groups = {"EU": EU, "EEA": EEA}
    found: set[str] = set()
    for code in row.get(name, ()):
        found |= groups.get(code) or {check_territory(code)}
    return frozenset(found)


def _read_moment(text: str, zone: tzinfo, *, end: bool) -> datetime:
    """Return a moment; of a day its beginning, or for an end the beginning of the next: it is part of the time."""
    try:
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            return datetime.combine(date.fromisoformat(text) + timedelta(days=int(end)), time(), zone)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise RightsError(f"{text[:40]!r} is no date like 2026-12-31 or 2026-12-31T18:00:00Z") from None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)


def _read_zone(text: str) -> tzinfo:
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, KeyError):
        raise RightsError(f"{text[:40]!r} is no time zone like Europe/Berlin") from None


def _read_count(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise RightsError(f"{text[:40]!r} is no whole number")
    return int(text)


def _read_share(text: str) -> float:
    number = float(text[:-1]) / 100 if re.fullmatch(r"[0-9.]+%", text) else _read_number(text)
    if not 0 <= number <= 1:
        raise RightsError(f"{text[:40]!r} is no share from 0 to 1")
    return number


def _read_amount(text: str) -> float:
    number = _read_number(text)
    if number < 0:
        raise RightsError(f"{text[:40]!r} is below 0")
    return number


def _read_number(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise RightsError(f"{text[:40]!r} is no number like 0.02")
    return number


def _read_switch(text: str) -> bool:
    if text.casefold() not in {"yes", "true", "1", "no", "false", "0"}:
        raise RightsError(f"{text[:40]!r} is neither yes nor no")
    return text.casefold() in {"yes", "true", "1"}


def _get(row: Values, name: str) -> str:
    return next(iter(row.get(name, ())), "")


def _read(row: Values, name: str, read: Callable[[str], _T]) -> _T | None:
    """Return a field's value; None where it is empty."""
    text = _get(row, name)
    if not text:
        return None
    try:
        return read(text)
    except RightsError as error:
        raise RightsError(f"{name}: {error.message}") from None


def _choose(name: str, known: Collection[str], field: str) -> str:
    if name not in known:
        raise RightsError(f"{field}: {name[:40]!r} is none of {', '.join(known)}.{did_you_mean(name, known)}")
    return name
