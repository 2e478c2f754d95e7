"""The time that a statement is about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from fairtrial.errors import RightsError


@dataclass(frozen=True, slots=True)
class Period:
    """From ``begin`` until ``end``, exclusively, both with a time zone; ``name`` is what people call it."""

    name: str
    begin: datetime
    end: datetime


def read_month(text: str) -> Period:
    """Return a month in UTC, from e.g. ``2026-11``; raises RightsError for anything else."""
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})", text)
    year, month = (int(found[1]), int(found[2])) if found else (0, 0)
    if not (1 <= year < 9999 and 1 <= month <= 12):
        raise RightsError(f"{text[:40]!r} is no month like 2026-11.")
    end = datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)
    return Period(text, datetime(year, month, 1, tzinfo=UTC), end)
