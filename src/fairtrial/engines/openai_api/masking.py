"""A key never appears: in whatever form a server repeats it, it is masked before anybody sees it or writes it down.

Found are the key itself, its JSON, percent, HTML, hexadecimal and base64 forms (alone, or inside of a longer text that
was encoded, such as ``user:key``), broken over lines or not, and long pieces of them.  Pure.
"""

from __future__ import annotations

import base64
import html
import json
import re
from array import array
from collections.abc import Iterator
from itertools import islice
from urllib.parse import quote, quote_plus

from fairtrial.errors import EngineError

MASK = "***"

SHORTEST = 8
"""Characters of the shortest key that is a secret; shorter ones are what local servers are given (none, EMPTY, x)."""

PIECE = 16
"""Characters of a key that give it away; a shorter piece is as good as what everybody's key begins with."""

MOST_PIECES = 10_000
"""Pieces in one text from which nothing of it is kept: whoever repeats a key so often answers nothing."""

GAP = re.compile(r"\\[nrt]|[\s\u200b-\u200d\u2060\ufeff\u00ad]+")
"""What may stand between the characters of a key that was broken over lines, in JSON too."""


def read_key(value: str, variable: str) -> str:
    """Return the key that an environment variable holds, without white space around it.

    Raises EngineError, which does not show it, for a key that no HTTP header can carry.
    """
    key = value.strip()
    if not all("!" <= character <= "~" for character in key):
        raise EngineError(
            f"the environment variable {variable} holds a key with line ends, blanks or other characters that no "
            "HTTP header can carry.",
            fix=f"Set {variable} to the key alone; it is not shown here.",
        )
    return key


class KeyMask:
    """Masks one key: call it with a text to get the text with every form of the key replaced by ``***``."""

    def __init__(self, key: str) -> None:
        found = dict.fromkeys(_list_forms(key)) if len(key) >= SHORTEST else {}
        self._forms = sorted(found, key=len, reverse=True)
        self._pieces = list(dict.fromkeys(piece for form in self._forms for piece in _split_into_pieces(form)))

    def __call__(self, text: str) -> str:
        """Return the text without the key; the same object if it was not in it."""
        if not self._pieces:
            return text
        for form in self._forms:
            text = text.replace(form, MASK)
        bare = GAP.sub("", text)
        if not any(piece in bare for piece in self._pieces):
            return text
        spans = self._find_spans(bare)
        if len(spans) >= MOST_PIECES:
            return MASK
        places = array("L")  # of each character of `bare` in `text`
        at = 0
        for gap in GAP.finditer(text):
            places.extend(range(at, gap.start()))
            at = gap.end()
        places.extend(range(at, len(text)))
        parts, done = [], 0
        for start, end in spans:
            parts += [text[done : places[start]], MASK]
            done = places[end - 1] + 1
        return "".join(parts) + text[done:]

    def _find_spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the key stands in a text, in order and apart."""
        every = (span for form in self._forms for span in _find_runs(text, form))
        spans = sorted(islice(every, MOST_PIECES * len(self._forms)))
        apart: list[tuple[int, int]] = []
        for start, end in spans:
            if apart and start <= apart[-1][1]:
                apart[-1] = (apart[-1][0], max(end, apart[-1][1]))
            else:
                apart.append((start, end))
        return apart


def _find_runs(text: str, form: str) -> Iterator[tuple[int, int]]:
    """Yield the longest runs of a form's characters around each of its pieces in a text."""
    for inside, piece in zip(_list_piece_starts(form), _split_into_pieces(form), strict=True):
        at = text.find(piece)
        while at >= 0:
            start, end = at, at + len(piece)
            first, last = inside, inside + len(piece)
            while first > 0 and start > 0 and text[start - 1] == form[first - 1]:
                start, first = start - 1, first - 1
            while last < len(form) and end < len(text) and text[end] == form[last]:
                end, last = end + 1, last + 1
            yield start, end
            at = text.find(piece, end)


def _list_forms(key: str) -> Iterator[str]:
    """Yield the ways in which a text can hold a key."""
    yield key
    yield json.dumps(key)[1:-1]
    yield json.dumps(json.dumps(key)[1:-1])[1:-1]
    yield html.escape(key)
    for percent in (quote(key, safe=""), quote_plus(key), "".join(f"%{byte:02X}" for byte in key.encode())):
        yield percent
        yield re.sub("%..", lambda found: found[0].lower(), percent)
    yield key.encode().hex()
    yield key.encode().hex().upper()
    yield key[::-1]
    for shift in range(3):  # where in a group of three bytes the key begins depends on what stands before it
        whole = base64.b64encode(b"\0" * shift + key.encode()).decode().rstrip("=")
        sure = whole[(shift * 8 + 5) // 6 : len(whole) - (1 if (shift + len(key)) % 3 else 0)]
        yield sure
        yield sure.translate(str.maketrans("+/", "-_"))


def _list_piece_starts(form: str) -> list[int]:
    """Return where in a form its pieces begin."""
    last = len(form) - PIECE
    return [*range(0, last, PIECE // 2), last] if last > 0 else [0]


def _split_into_pieces(form: str) -> list[str]:
    """Return pieces of which any long part of a form holds at least one."""
    return [form[at : at + PIECE] for at in _list_piece_starts(form)]
