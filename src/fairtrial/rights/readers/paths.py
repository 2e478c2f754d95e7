"""Path patterns of the Robots Exclusion Protocol (RFC 9309, section 2.2.2), which RSL, TDMRep and AI preferences share.

Time is linear in pattern and path for each literal piece, whatever a hostile file writes.
"""

from __future__ import annotations

import re

_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_SAFE = _UNRESERVED | frozenset(b"!#$%&'()*+,/:;=?@[]")


def normalise_path(path: str) -> str:
    """Return a path with one way to write each character: what needs no escape has none, all else has."""
    raw = path.encode("utf-8", "replace")
    escaped = "".join(chr(byte) if byte in _SAFE else f"%{byte:02X}" for byte in raw)
    return _ESCAPE.sub(_decode_unreserved, escaped)


def match_path(pattern: str, path: str) -> int | None:
    """Return how specific a pattern is that matches the beginning of a path, in characters, else None.

    Args:
        pattern: with ``*`` for any characters, and ``$`` for the end of the path where it is the last character; both
            of these and the path as `normalise_path` gives them.
        path: what is asked about.
    """
    ends = pattern.endswith("$")
    pieces = (pattern[:-1] if ends else pattern).split("*")
    if not path.startswith(pieces[0]):
        return None
    place = len(pieces[0])
    if len(pieces) == 1:
        return len(pattern) if not ends or place == len(path) else None
    for piece in pieces[1:-1]:
        found = path.find(piece, place)
        if found < 0:
            return None
        place = found + len(piece)
    last = pieces[-1]
    fits = len(path) - len(last) >= place and path.endswith(last) if ends else path.find(last, place) >= 0
    return len(pattern) if fits else None


def _decode_unreserved(match: re.Match[str]) -> str:
    byte = int(match[1], 16)
    return chr(byte) if byte in _UNRESERVED else match[0].upper()
