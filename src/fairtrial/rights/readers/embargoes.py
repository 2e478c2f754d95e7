"""Moments before and after which a document may not be used, as evidence that denies every use."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Final

from fairtrial.rights.readers.place import SignalSource
from fairtrial.rights.record import Evidence, Statement, Terms, Use

FIRST: Final = timezone(timedelta(hours=14))
"""Where a date begins first: the time zone of an end for which nobody said one."""

LAST: Final = timezone(timedelta(hours=-12))
"""Where it begins last: that of a release."""


def tell_end(source: SignalSource, raw: str, at: str, end: datetime) -> Evidence:
    """Return evidence that a document may not be used any more from a moment on."""
    because = f"it expires at {end.isoformat(sep=' ', timespec='minutes')}"
    denials = tuple(Statement(use, "deny", because, Terms(valid_from=end)) for use in Use)
    return source.tell("embargo", raw, denials, at=at)


def tell_embargo(source: SignalSource, raw: str, at: str, release: datetime) -> Evidence:
    """Return evidence that a document may not be used before a moment."""
    because = f"it is held back until {release.isoformat(sep=' ', timespec='minutes')}"
    denials = tuple(Statement(use, "deny", because, Terms(valid_until=release)) for use in Use)
    return source.tell("embargo", raw, denials, at=at)
