"""Rights signals in the headers of an HTTP response: TDMRep, AI preferences, robots directives, links to licences."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from fairtrial.rights.readers.place import SignalSource
from fairtrial.rights.readers.preferences import read_content_signal, read_preferences
from fairtrial.rights.readers.tdmrep import POLICY, RESERVATION, TDMREP_HEADER, choose_reservation, tell_reservation
from fairtrial.rights.record import Evidence, Statement, Use

MOST_CHARACTERS = 16_000
"""Of one header that are read."""

_DIRECTIVES: dict[str, tuple[Use, ...]] = {
    "noai": (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX),
    "noimageai": (),
    "noindex": (Use.SEARCH,),
    "none": (Use.SEARCH,),
    "nosnippet": (Use.QUOTE, Use.AI_INPUT),
}
"""Robots directives that deny a use of the page; ``noimageai`` is about its images alone."""

_IMAGE_DIRECTIVES = {**_DIRECTIVES, "noimageai": (Use.TRAIN, Use.AI_INPUT, Use.AI_INDEX)}
_LINK = re.compile(r"<([^<>]*)>([^<]*)")
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)
_TYPE = re.compile(r';\s*type\s*=\s*(?:"([^"]*)"|([^\s;,"]+))', re.IGNORECASE)


def read_headers(headers: Sequence[tuple[str, str]], source: SignalSource, image: bool = False) -> list[Evidence]:
    """Return what the headers of a response say of what came with it; links to licences are `list_links`."""
    found: list[Evidence] = []
    reservation = choose_reservation(_join(headers, RESERVATION).split(","))
    policy = _join(headers, POLICY).partition(", ")[0]
    if reservation or policy:
        found += tell_reservation(TDMREP_HEADER, source, reservation, policy, "HTTP header")
    readers: list[tuple[str, Callable[[str], tuple[tuple[Statement, ...], str]]]] = [
        ("content-usage", read_preferences),
        ("content-signal", read_content_signal),
    ]
    for name, read in readers:
        value = _join(headers, name)
        if value:
            statements, problem = read(value)
            found.append(source.tell(name, f"{name}: {value}", statements, at="HTTP header", problem=problem))
    value = _join(headers, "x-robots-tag")
    if value:
        found += read_directives(value, source, "HTTP header X-Robots-Tag", image)
    return found


def read_directives(text: str, source: SignalSource, at: str, image: bool = False) -> list[Evidence]:
    """Return what robots directives deny; what they allow says nothing of a use.

    A directive for one crawler, ``googlebot: noindex``, counts where it denies a use that the whole page has in common.
    """
    table = _IMAGE_DIRECTIVES if image else _DIRECTIVES
    words = [word.rpartition(":")[2].strip().casefold() for word in text[:MOST_CHARACTERS].split(",")]
    if any(re.fullmatch(r"max-snippet\s*:\s*0", word.strip(), re.IGNORECASE) for word in text.split(",")):
        words.append("nosnippet")
    denied = {use: word for word in words for use in table.get(word, ())}
    statements = tuple(Statement(use, "deny", f"robots directive {word}") for use, word in denied.items())
    return [source.tell("robots-tag", text, statements, at=at)] if statements else []


def list_links(headers: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    """Return address and media type of each licence that a ``Link`` header names."""
    found = []
    for name, value in headers:
        if name.strip().casefold() != "link":
            continue
        for link in _LINK.finditer(value[:MOST_CHARACTERS]):
            rel, kind = _REL.search(link[2]), _TYPE.search(link[2])
            if rel and "license" in (rel[1] or rel[2] or "").casefold().split():
                found.append((link[1].strip(), (kind[1] or kind[2] or "").casefold() if kind else ""))
    return found


def _join(headers: Iterable[tuple[str, str]], name: str) -> str:
    """Return a header's lines as one value (RFC 9110, section 5.3)."""
    return ", ".join(value.strip() for key, value in headers if key.strip().casefold() == name)
