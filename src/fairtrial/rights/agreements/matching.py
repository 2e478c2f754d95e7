"""Which documents an agreement covers: by their addresses, their publisher's name, or what they were added from."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlsplit

_SPACE = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Coverage:
    """Documents that an agreement is about: all kinds of patterns that are given must match, any pattern of a kind.

    Attributes:
        addresses: ``https://HOST/PATH`` with ``*`` for any characters; without a scheme both http and https; a host
            that begins with ``*.`` means its subdomains; no path means all paths.
        publishers: names, whatever their case; ``*`` for any characters.
        sources: what was added (a folder or file), with ``*`` for any characters.
    """

    addresses: tuple[str, ...] = ()
    publishers: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    def matches(self, uri: str, publisher: str, source: str) -> bool:
        """Whether a document is covered."""
        return (
            (not self.addresses or any(match_address(one, uri) for one in self.addresses))
            and (not self.publishers or any(match_pattern(_fold(one), _fold(publisher)) for one in self.publishers))
            and (not self.sources or any(match_pattern(one, source) for one in self.sources))
        )


def match_pattern(pattern: str, text: str) -> bool:
    """Whether a whole text fits a pattern in which ``*`` stands for any characters; in linear time for each piece."""
    pieces = pattern.split("*")
    if len(pieces) == 1:
        return pattern == text
    first, last = pieces[0], pieces[-1]
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in pieces[1:-1]:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True


def match_address(pattern: str, uri: str) -> bool:
    """Whether an address fits a pattern; host and path are compared apart, so that neither can pose as the other."""
    if pattern == "*":
        return True
    address, wanted = _split(uri), split_pattern(pattern)
    if address is None or wanted is None:
        return False
    scheme, host, path = address
    wanted_scheme, wanted_host, wanted_path = wanted
    if wanted_scheme and scheme != wanted_scheme:
        return False
    hosts = host.endswith(wanted_host[1:]) and len(host) >= len(wanted_host) if wanted_host[:2] == "*." else None
    return (host == wanted_host if hosts is None else hosts) and match_pattern(wanted_path, path)


def split_pattern(pattern: str) -> tuple[str, str, str] | None:
    """Return scheme (perhaps empty), host and path of a pattern of addresses; None if it is none."""
    has_scheme = "://" in pattern
    split = _split(pattern if has_scheme else f"https://{pattern}", pattern=True)
    if split is None or "*" in split[1].removeprefix("*."):
        return None
    return split[0] if has_scheme else "", split[1], split[2]


def _split(uri: str, *, pattern: bool = False) -> tuple[str, str, str] | None:
    try:
        parts = urlsplit(uri.strip())
        host, port = (parts.hostname or "").rstrip("."), parts.port
        host = host if host.isascii() else host.encode("idna").decode()
    except (ValueError, UnicodeError):
        return None
    scheme = parts.scheme.lower()
    if scheme not in {"http", "https"} or not host:
        return None
    if port is not None and port != {"http": 80, "https": 443}[scheme]:
        host = f"{host}:{port}"
    path = _normalise_path(parts.path) if parts.path else ("*" if pattern else "/")
    return scheme, host, path + (f"?{parts.query}" if parts.query else "")


def _normalise_path(path: str) -> str:
    """Return a path without dot segments, and with one way to write each character (RFC 3986, section 6.2.2)."""
    kept: list[str] = []
    segments = unquote(path, errors="replace").split("/")
    for segment in segments:
        if segment == "..":
            kept = kept[:-1] if len(kept) > 1 else kept
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return quote("/".join(kept), safe="/*!$&'()+,;=:@~")


def _fold(name: str) -> str:
    return _SPACE.sub(" ", unicodedata.normalize("NFKC", name)).strip().casefold()
