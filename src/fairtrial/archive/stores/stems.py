"""English endings that make no other word: plurals, -ing, -ed, -ly.  The same for passages and queries, so that a word
of another language that happens to lose its end is still found by itself.

Plurals as in Harman, "How effective is suffixing?", JASIS 42 (1991); the rest is in the way of Porter's first step, "An
algorithm for suffix stripping", Program 14 (1980).  More is not gained by cutting more: on the Cranfield collection
Porter's whole algorithm finds no better (docs/search.md).
"""

from __future__ import annotations

from functools import lru_cache

_ENDINGS = ("ingly", "edly", "ing", "ed", "ly")
_VOWELS = frozenset("aeiouy")
_AS_THEY_ARE = frozenset({"news", "lens", "always", "perhaps", "species", "series", "does", "gas", "thing", "during"})
SHORTEST = 3
"""Letters that are left of a word at least."""


@lru_cache(maxsize=1 << 16)
def stem_word(word: str) -> str:
    """Return a folded word without such an ending.

    >>> [stem_word(word) for word in ("ferries", "ferry", "closing", "closed", "close", "news", "stopped", "bus")]
    ['ferry', 'ferry', 'clos', 'clos', 'clos', 'news', 'stop', 'bus']
    """
    if len(word) <= SHORTEST or not (word.isascii() and word.isalpha()) or word in _AS_THEY_ARE:
        return word
    word = _cut_plural(word)
    for ending in _ENDINGS:
        stem = word[: -len(ending)]
        if word.endswith(ending) and len(stem) >= SHORTEST and not _VOWELS.isdisjoint(stem):
            doubled = len(stem) > SHORTEST and stem[-1] == stem[-2] and stem[-1] not in "lsz"
            word = stem[:-1] if doubled else stem + "e" if _ends_short(stem) else stem
            break
    return word[:-1] if len(word) > SHORTEST + 1 and word.endswith("e") else word


def _ends_short(stem: str) -> bool:
    """Whether three letters are what is left of a word like ``voted``, and not of one like ``fixed``."""
    first, middle, last = (letter in _VOWELS for letter in stem[-3:])
    return len(stem) == SHORTEST and not first and middle and not last and stem[-1] not in "wx"


def _cut_plural(word: str) -> str:
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return word[:-3] + "y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word[:-1] if word.endswith("s") and not word.endswith(("us", "ss")) else word
