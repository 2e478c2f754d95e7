"""All ways in which a text is read: as it stands, and with each disguise that it seems to wear taken off.

A view is a folded text: NFKC, no characters that nobody sees, look-alike letters as Latin ones, small letters.  Rules
are tried on every view.  Pure.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from fairtrial.archive.hostile.characters import clean_characters
from fairtrial.archive.hostile.folding import fold_text, read_digits
from fairtrial.levers.guard.reading.ciphers import decipher, split_run, transliterate
from fairtrial.levers.guard.reading.decoding import decode_pieces

METHOD = 2
"""Counts up when the same text is read otherwise."""
MOST_VIEWS = 80
"""Of one piece."""
PIECE = 24_000
"""Characters that are read at a time; of a longer text one piece after the other, with `OVERLAP`."""
OVERLAP = 400
PLAIN = "plain"

_BOXED = str.maketrans(
    {first + i: chr(97 + i) for first in (0x1F130, 0x1F150, 0x1F170, 0x1F1E6) for i in range(26)}
    | {0xE0020 + i: chr(0x20 + i) for i in range(95)}
)
"""Letters in boxes and circles, of flags, and of tags that nobody sees, as plain letters."""
_ALIKE = _BOXED | str.maketrans(
    "\u0585\u057d\u0570\u0578\u0581\u0575\u0566"
    "\u13aa\u13f4\u13df\u13a0\u13ac\u13c0\u13bb\u13ab\u13e6\u13de\u13b7\u13e2\u13da\u13a2\u13d9\u13b3\u13c3"
    "\u1d00\u0299\u1d04\u1d05\u1d07\ua730\u0262\u029c\u026a\u1d0a\u1d0b\u029f\u1d0d\u0274\u1d0f\u1d18\u0280\ua731\u1d1b"
    "\u1d1c\u1d20\u1d21\u028f\u1d22",
    "ouhngjqabcdeghjklmpstvwzabcdefghijklmnoprstuvwyz",
)
"""The same, and Armenian, Cherokee and small capital letters that look like Latin ones."""
_MARKS = re.compile(
    "[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
"""Marks upon letters, and selectors of how they look: nothing that a word is told by."""
_TAGS = re.compile("[\U000e0020-\U000e007e]{4,}")
_SPELT = re.compile(r"(?<![^\W_])[a-z0-9](?:(?P<gap>[ \t._*|/~,-]{1,3})[a-z0-9](?![a-z0-9])){3,400}")
_INSIDE = re.compile(r"(?<=[a-z])(?:[-_*.|~+^'\"`\u00b7]|/(?!\s)){1,3}(?=[a-z])")
_JOINED = re.compile(r"[\"'`]\s{0,3}(?:\+|\.\.|&|[,;])?\s{0,3}(?:\w{1,12}\s?=\s?)?[\"'`]")
_WORDS = re.compile(r"[^\W\d_]{2,}")


@dataclass(frozen=True, slots=True)
class View:
    """A text as it is read.

    Attributes:
        name: which disguise was taken off; ``plain``: none.
        text: folded.
        source: the text that the rules for instructions read: a piece as it was written, else the same.
    """

    name: str
    text: str
    source: str


def fold_disguises(text: str) -> str:
    """Return a text as rules read it: in Latin small letters as far as letters look like them."""
    if text.isascii():
        return fold_text(clean_characters(text).text)
    clean = unicodedata.normalize("NFKC", clean_characters(text.translate(_ALIKE)).text)
    return fold_text(_MARKS.sub("", unicodedata.normalize("NFD", clean)))


def list_views(text: str, known: frozenset[str], decode: bool = True) -> list[View]:
    """Return the views of a text, the plain one first.

    Args:
        text: as it was written.
        known: words by which a text is recognised, e.g. common ones and those of the rules.
        decode: whether disguises are taken off.
    """
    seen: dict[str, View] = {}
    for start in range(0, max(1, len(text)), PIECE):
        for view in _list_views(text[max(0, start - OVERLAP) : start + PIECE], known, decode):
            seen.setdefault(view.text, view)
    return list(seen.values())


@lru_cache(maxsize=16)  # checks of one policy read the same texts; 16 pieces are 30 MB at the most
def _list_views(piece: str, known: frozenset[str], decode: bool) -> tuple[View, ...]:
    """Return the views of a piece; what stands before it takes none of them."""
    views = islice(_read_piece(piece, known, decode), MOST_VIEWS)
    return tuple(View(name, made, piece if name == PLAIN else made) for name, made in views if made.strip())


def _read_piece(text: str, known: frozenset[str], decode: bool) -> Iterator[tuple[str, str]]:
    plain = fold_disguises(text)
    yield PLAIN, plain
    if not decode:
        return
    yield from _undress(plain, known)
    yield from transliterate(text, known)
    if _TAGS.search(text):
        yield "hidden characters", fold_disguises("".join(_TAGS.findall(text)))
    for name, made in decode_pieces(text):
        folded = fold_disguises(made)
        yield name, folded
        for inner, again in _undress(folded, known):
            yield f"{name}, {inner}", again


def _undress(plain: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield what becomes of a folded text without the tricks that keep its letters."""
    letters = read_digits(plain)
    if letters != plain:
        yield "digits for letters", letters
    joined = _INSIDE.sub("", _JOINED.sub("", plain))
    if joined != plain:
        yield "words put together", joined
    spelt = _SPELT.sub(lambda match: _read_spelt(match[0], known), plain)
    if spelt != plain:
        yield "spelt out", spelt
        if (inner := read_digits(spelt)) != spelt:
            yield "spelt out, digits for letters", inner
    yield from decipher(plain, known)


def _read_spelt(run: str, known: frozenset[str]) -> str:
    """Return letters that stand apart as words; wider gaps part words, else known words do."""
    gaps = [len(gap) for gap in re.findall(r"(?<=[a-z0-9])[^a-z0-9]+(?=[a-z0-9])", run)]
    narrow = min(gaps)
    if max(gaps) > narrow:
        wide = re.compile(rf"(?<=[a-z0-9])[^a-z0-9]{{{narrow + 1},}}(?=[a-z0-9])")
        return " ".join(re.sub(r"[^a-z0-9]", "", word) for word in wide.split(run))
    return split_run(re.sub(r"[^a-z0-9]", "", run), known)


def is_unreadable(text: str) -> bool:
    """Return whether most words of a text are in a script that no rule reads."""
    words = _WORDS.findall(fold_disguises(text))
    foreign = sum(sum(one >= "\u0250" for one in word) > 0.25 * len(word) for word in words)
    return len(words) >= 3 and foreign > 0.5 * len(words)
