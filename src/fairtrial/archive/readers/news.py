"""What ninjs and NewsML-G2 have in common: states of publication, embargoes, notes to editors, bylines."""

from __future__ import annotations

import re
from datetime import datetime

from fairtrial.archive.document import Correction
from fairtrial.archive.readers.dates import read_date
from fairtrial.archive.readers.found import Draft
from fairtrial.rights import Evidence, Statement, Terms, Use
from fairtrial.rights.readers.embargoes import FIRST, LAST
from fairtrial.rights.signals import EMBARGO

_CORRECTS = re.compile(
    r"\W*(?:correct(?:s|ed|ion|ing)?|clarif(?:ies|ied|ication)|writethru[^.:]{0,40}correct)\b", re.IGNORECASE
)
_KILLS = re.compile(r"\W*(?:kill|retract(?:s|ed|ion)?|withdraw(?:s|n|al)?|mandatory kill)\b", re.IGNORECASE)
_BY = re.compile(r"^\s*by\s+", re.IGNORECASE)
_AND = re.compile(r"\s*(?:,|;|\band\b|\bund\b|&)\s*")


def apply_status(draft: Draft, status: str, sha256: str, seen: datetime) -> None:
    """Take note of what a publisher says of an item as a whole: usable, withheld or cancelled."""
    word = status.rpartition(":")[2].strip().lower()
    if word in {"canceled", "cancelled"}:
        draft.retracted = draft.retracted or "cancelled by its publisher"
    elif word in {"withheld", "embargoed"}:
        denials = tuple(Statement(use, "deny", f"publication status: {word}") for use in Use)
        draft.evidence.append(Evidence(EMBARGO, draft.where, f"pubStatus: {word}", sha256, seen, statements=denials))


def read_window(embargo: object, expires: object) -> tuple[datetime | None, datetime | None]:
    """Return when an embargo ends and when an item expires: without a time zone as late, and as early, as can be."""
    return read_date(embargo, LAST), read_date(expires, FIRST)


def apply_window(draft: Draft, embargo: datetime | None, expires: datetime | None, sha256: str, seen: datetime) -> None:
    """Take note of when an item may be used: not before its embargo ends, and not after it expires."""
    for name, moment, terms in (
        ("embargo", embargo, Terms(valid_until=embargo)),
        ("expires", expires, Terms(valid_from=expires)),
    ):
        if moment is not None:
            told = f"{name}: {moment.isoformat()}"
            denials = tuple(Statement(use, "deny", told, terms) for use in Use)
            draft.evidence.append(Evidence(EMBARGO, draft.where, told, sha256, seen, statements=denials))


def apply_editors_note(draft: Draft, note: str, at: datetime | None) -> None:
    """Take a note to editors that tells of a correction or a retraction for what it is; others are left."""
    if _CORRECTS.match(note):
        draft.corrections = (*draft.corrections, Correction(note, at))
    elif _KILLS.match(note):
        draft.retracted = draft.retracted or note


def split_byline(byline: str) -> tuple[str, ...]:
    """Return the names of a byline such as ``By Ada Finch and Tom Reed``."""
    return tuple(name.strip() for name in _AND.split(_BY.sub("", byline)) if name.strip())
