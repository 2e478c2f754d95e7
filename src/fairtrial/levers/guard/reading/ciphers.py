"""Words that stand letter for letter for others: shifted, mirrored, backwards, with digits, in another alphabet.

A cipher is taken off word by word, and only where enough words become known ones that were none before.  Pure.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Iterator, Mapping, Sequence

LEAST = 2
"""Words of `LONG` letters that must become known."""
LONG = 4
SHARE = 0.5
"""Share of the unknown words that must become known, or `MANY` of them."""
MANY = 6

Undo = Callable[[Sequence[str]], Sequence[Sequence[str]]]
"""Words to what each may have been, the likeliest first."""

_LETTERS = string.ascii_lowercase
_WORD = re.compile(r"[^\W_]+(?:[@$!|+()][^\W_]+)*")
_VOWELS = "aeiou"
_MORE_DIGITS = str.maketrans("0123456789@$!|+(", "oizeasgtbgasiltc")
_CYRILLIC = dict(zip(
    "\u0430\u0431\u0432\u0433\u0434\u0435\u0436\u0437\u0438\u0439\u043a\u043b\u043c\u043d\u043e\u043f\u0440\u0441\u0442"
    "\u0443\u0444\u0445\u0446\u0447\u0448\u0449\u044b\u044d\u044e\u044f\u044c\u044a\u0451",
    ("a", "b", "v", "g", "d", "e", "zh", "z", "i", "y", "k", "l", "m", "n", "o", "p", "r", "s", "t",
     "u", "f", "h", "ts", "ch", "sh", "sch", "y", "e", "yu", "ya", "", "", "yo"),
    strict=True,
))  # fmt: skip
_GREEK = dict(zip(
    "\u03b1\u03b2\u03b3\u03b4\u03b5\u03b6\u03b7\u03b8\u03b9\u03ba\u03bb\u03bc\u03bd\u03be\u03bf\u03c0\u03c1\u03c3\u03c2"
    "\u03c4\u03c5\u03c6\u03c7\u03c8\u03c9",
    ("a", "b", "g", "d", "e", "z", "i", "th", "i", "k", "l", "m", "n", "x", "o", "p", "r", "s", "s", "t", "u", "f", "h",
     "ps", "o"),
    strict=True,
))  # fmt: skip
_TRANSLITERATED = str.maketrans({**_CYRILLIC, **_GREEK})


def _exchange(table: Mapping[int, int | str]) -> Undo:
    """Return what exchanges letters, of all words at once."""
    return lambda words: [(one,) for one in "\n".join(words).translate(table).split("\n")]


def _shift(by: int) -> Undo:
    return _exchange(str.maketrans(_LETTERS, _LETTERS[by:] + _LETTERS[:by]))


def _unlatin(word: str) -> Sequence[str]:
    """Return what a word of pig Latin may have been: without its ending, one to three last letters in front."""
    stem = word.removesuffix("ay")
    if stem == word or not stem:
        return (word,)
    moved = (stem[-n:] + stem[:-n] for n in range(1, min(4, len(stem))) if not set(stem[-n:]) & set(_VOWELS))
    return (*moved, stem, stem.removesuffix("w"))


CIPHERS: tuple[tuple[str, Undo], ...] = (
    *((f"letters shifted by {by}", _shift(by)) for by in (13, *range(1, 13), *range(14, 26))),
    ("letters mirrored", _exchange(str.maketrans(_LETTERS, _LETTERS[::-1]))),
    ("words written backwards", lambda words: [(word[::-1],) for word in words]),
    ("digits for letters", _exchange(_MORE_DIGITS)),
    ("pig Latin", lambda words: [_unlatin(word) for word in words]),
)
"""Name of a cipher, and what takes it off."""


def decipher(folded: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield the ciphers that a text may be written in, by name, with the text without them.

    Args:
        folded: in small letters.
        known: words by which a text is recognised.
    """
    yield from _try_words(folded, known, CIPHERS)
    lines = folded.split("\n")
    turned = [one[::-1] if _count_known(one[::-1], known) > _count_known(one, known) + 1 else one for one in lines]
    if turned != lines:
        yield "written backwards", "\n".join(turned)


def transliterate(text: str, known: frozenset[str]) -> Iterator[tuple[str, str]]:
    """Yield an English text that is written in Cyrillic or Greek letters, in Latin ones."""
    small = text.casefold()
    if not any(one in _CYRILLIC or one in _GREEK for one in small):
        return
    yield from _try_words(small, known, (("another alphabet", _exchange(_TRANSLITERATED)),))


def _try_words(text: str, known: frozenset[str], ciphers: tuple[tuple[str, Undo], ...]) -> Iterator[tuple[str, str]]:
    words = dict.fromkeys(match[0] for match in _WORD.finditer(text))
    unknown = [word for word in words if word not in known and len(word) > 1]
    if sum(len(word) >= LONG for word in unknown) < LEAST:
        return
    for name, undo in ciphers:
        options = undo(unknown)
        gained = [some for some in options if not known.isdisjoint(some)]
        if len(gained) < LEAST or (len(gained) < SHARE * len(unknown) and len(gained) < MANY):
            continue
        chosen = [some[0] if len(some) == 1 else next(filter(known.__contains__, some), some[0]) for some in options]
        if sum(len(one) >= LONG and one in known for one in chosen) < LEAST:
            continue
        read = dict(zip(unknown, chosen, strict=True))
        yield name, _WORD.sub(lambda match, read=read: read.get(match[0], match[0]), text)  # type: ignore[misc]


def _count_known(text: str, known: frozenset[str]) -> int:
    return sum(match[0] in known for match in _WORD.finditer(text) if len(match[0]) > 2)


def split_run(run: str, known: frozenset[str], longest: int = 18) -> str:
    """Return letters without spaces between them as words: as few letters as possible in no known word."""
    best: list[tuple[int, int]] = [(0, 0)]  # cost up to here, and where the last word begins
    for end in range(1, len(run) + 1):
        options = [(best[end - 1][0] + 4, end - 1)]
        for start in range(max(0, end - longest), end):
            if run[start:end] in known:
                options.append((best[start][0] + 1 + (end - start == 1), start))
        best.append(min(options))
    words, at = [], len(run)
    while at:
        start = best[at][1]
        words.append(run[start:at])
        at = start
    return " ".join(reversed(words))
