"""Where a document was found, and evidence about it made of what was read there."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from fairtrial.rights.record import RAW_CHARACTERS, Evidence, Statement

MOST_CHARACTERS = 400
"""Of one name, address or reason that a signal gives."""

_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document came from.

    Attributes:
        where: file or address it was read from, as people would name it.
        seen: when, with a time zone.
        url: the document's own address; empty where nobody said.
        path: within the folder that was added, with ``/``; stands for the address where there is none.
        headers: of the HTTP response that it came in, where one was recorded.
        sha256: of the file, where the document is a part of it; else empty.
    """

    where: str
    seen: datetime
    url: str = ""
    path: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class SiteAddress:
    """What the patterns of a site are compared with: host, empty if unknown, and path with its query."""

    host: str
    path: str


@dataclass(frozen=True, slots=True)
class SignalSource:
    """The file that a signal stood in.

    Attributes:
        where: it was found, for people.
        sha256: of all its bytes.
        seen: when.
    """

    where: str
    sha256: str
    seen: datetime

    def tell(
        self,
        signal: str,
        raw: str,
        statements: tuple[Statement, ...] = (),
        *,
        at: str = "",
        ttl_days: float | None = None,
        problem: str = "",
    ) -> Evidence:
        """Return evidence of something that stood here, ``at`` an element or line."""
        where = f"{self.where}, {at}" if at else self.where
        return Evidence(
            signal=signal,
            where=clean_line(where),
            raw=clean_raw(raw),
            sha256=self.sha256,
            seen=self.seen,
            ttl_days=ttl_days,
            statements=statements,
            problem=clean_line(problem),
        )


def make_source(data: bytes, where: str, seen: datetime) -> SignalSource:
    """Return the source with these bytes."""
    return SignalSource(where, hashlib.sha256(data).hexdigest(), seen)


def clean_raw(text: str) -> str:
    """Return text as it may be stored: no control or invisible characters, `RAW_CHARACTERS` at most."""
    return _UNPRINTABLE.sub("\ufffd", text[:RAW_CHARACTERS])


def clean_line(text: str) -> str:
    """Return text as one line of characters that can be printed, `MOST_CHARACTERS` at most."""
    line = _SPACE.sub(" ", _UNPRINTABLE.sub("\ufffd", text[: 2 * MOST_CHARACTERS])).strip()[:MOST_CHARACTERS]
    return line if line.isprintable() else "".join(char if char.isprintable() else "\ufffd" for char in line)


def split_address(url: str) -> SiteAddress | None:
    """Return host and path of an address, None where it is none."""
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").casefold()
    except ValueError:
        return None
    if parts.scheme.casefold() not in {"http", "https"} or not host:
        return None
    query = f"?{parts.query}" if parts.query else ""
    return SiteAddress(host, (parts.path or "/") + query)
