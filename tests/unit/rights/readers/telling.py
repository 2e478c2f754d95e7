"""What the tests of readers share: a place, and evidence as short lines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from fairtrial.rights import Evidence
from fairtrial.rights.readers import Place
from fairtrial.rights.readers.place import SignalSource, SiteAddress, make_source

SEEN = datetime(2026, 11, 26, 9, 0, tzinfo=UTC)
URL = "https://brinkmoor.example/news/2026/ferry.html"


def place(url: str = URL, path: str = "news/2026/ferry.html", **headers: str) -> Place:
    pairs = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    return Place("ferry.html", SEEN, url, path, pairs)


def source(data: bytes = b"", where: str = "file") -> SignalSource:
    return make_source(data, where, SEEN)


def target(path: str = "/news/2026/ferry.html", host: str = "brinkmoor.example") -> SiteAddress:
    return SiteAddress(host, path)


def said(evidence: Iterable[Evidence]) -> set[str]:
    """Statements as ``signal use says``, and problems as ``signal problem``."""
    found = {f"{one.signal} {s.use} {s.says}" for one in evidence for s in one.statements}
    return found | {f"{one.signal} problem" for one in evidence if one.problem}
