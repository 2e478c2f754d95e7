"""Dates as documents write them: ISO 8601, RFC 5322 (feeds), and those of YAML; always with a time zone."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, tzinfo
from email.utils import parsedate_to_datetime

_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T?(\d{2})(\d{2})(\d{2})?)?(Z|[+-]\d{2}:?\d{2})?")
_FIRST, _LAST = datetime(1400, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)


def read_date(value: object, zone: tzinfo = UTC) -> datetime | None:
    """Return a moment with a time zone; None if the value is none.

    A day is its first moment; what has no time zone is in ``zone``.  Years are from 1400 to 2199.
    """
    found: datetime | None = None
    if isinstance(value, datetime):
        found = value
    elif isinstance(value, date):
        found = datetime(value.year, value.month, value.day)
    elif isinstance(value, str):
        found = _read_text(" ".join(value.split())[:80])
    if found is None:
        return None
    try:
        aware = found.replace(tzinfo=zone) if found.tzinfo is None else found
        return aware if _FIRST <= aware < _LAST else None
    except (OverflowError, ValueError):
        return None


def _read_text(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if match := _COMPACT.fullmatch(text):
        try:
            return datetime.fromisoformat(_spell(match))
        except ValueError:
            return None
    if re.fullmatch(r"\d{4}(-\d{2})?", text):
        try:
            return datetime(int(text[:4]), int(text[5:7] or 1), 1)
        except ValueError:
            return None
    try:
        return parsedate_to_datetime(text)
    except (TypeError, ValueError, IndexError):
        return None


def _spell(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, zone = match.groups()
    clock = f"T{hour}:{minute}:{second or '00'}" if hour else ""
    return f"{year}-{month}-{day}{clock}{(zone or '').replace('Z', '+00:00') if clock else ''}"


def has_zone(value: object) -> bool:
    """Return whether a written date says in which time zone it is, where it has a time of day at all."""
    if isinstance(value, datetime):
        return value.tzinfo is not None
    return (
        isinstance(value, str)
        and (found := _read_text(" ".join(value.split())[:80])) is not None
        and bool(found.tzinfo)
    )
