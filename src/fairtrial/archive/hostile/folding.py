"""A text as it is read, for the search for instructions: case, accents, widths and letters that look alike folded.

Each character becomes one character, so that what is found stands at the same place in the text itself.
"""

from __future__ import annotations

import re
import unicodedata

from fairtrial.archive.hostile.characters import fold_look_alikes

_DIGITS = str.maketrans("013457@$!|", "oieastasil")
_MIXED = re.compile(r"[a-z0-9@$!|]{3,}")
_LETTER = re.compile("[a-z]")
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201b": "'", "\u201c": '"', "\u201d": '"', "\u2013": "-", "\u2014": "-",
           "\u2026": ".", "\u2212": "-"}  # fmt: skip


class _Table(dict[int, str]):
    """Code of a character -> what it is read as; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        one = chr(code)
        parts = unicodedata.normalize("NFKD", _QUOTES.get(one, one))
        base = next((part for part in parts if not unicodedata.combining(part)), " ")
        folded = fold_look_alikes(base).casefold()[:1] or " "
        folded = fold_look_alikes(folded)
        self[code] = " " if folded.isspace() and folded != "\n" else folded
        return self[code]


_TABLE = _Table()


def fold_text(text: str) -> str:
    """Return a text of the same length as it is read."""
    return text.translate(_TABLE)


def read_digits(folded: str) -> str:
    """Return a folded text with digits and signs within words as the letters that they stand for, as in ``1gn0re``."""
    return _MIXED.sub(lambda run: run[0].translate(_DIGITS) if _LETTER.search(run[0]) else run[0], folded)
