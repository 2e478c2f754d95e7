"""Questions of few words: too short for grams, so that question and answer are looked for side by side.

A text is cut into short pieces at line ends, ends of sentences, and what separates cells and values.  A key is made of
a piece and one of those that soon follow it, or their last words; signs of arithmetic count, which words leave out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np

from fairtrial.curation.contamination.words import Hashes, clean_text, hash_word

MOST_WORDS = 16
"""Words of a piece at most; what is longer has grams."""
MOST_LETTERS = 160
MOST_PIECES = 3
"""Of a question: the words of a small table stand side by side in many."""
REACH = 7
"""Pieces behind a question among which its answer is looked for: options may stand between."""
_LAST_WORDS = (1, 2, 3)
_ENDS = tuple((mark, f"{mark}\n") for mark in "?=") + tuple((f"{mark} ", f"{mark}\n") for mark in ".!:")
_BETWEEN = str.maketrans(dict.fromkeys('\r\t|"{}[]\u201c\u201d\u00ab\u00bb\u2026\u3002\uff01', "\n"))
_TOKEN = re.compile(r"[^\W_]+|[-+*/=<>%^?\u00d7\u00f7\u2212]")
_LABEL = re.compile(
    r"\s*(?:[-*\u2022>#]+\s+)?(?:(?:q|question|query|problem|a|answer|ans|correct|gold|target|user|assistant|human|gpt|prompt|"
    r"response|output|input|instruction|completion)\s*[:.)=-]\s*|\(?(?:[a-j]|\d{1,2})[.):]\s+)*",
    re.IGNORECASE,
)
_KEYS = frozenset(
    re.findall(
        r"\w+",
        "q question query problem a answer ans correct gold target user assistant human gpt "
        "prompt response output input instruction completion text value content role from choices options label",
    )
)
_ASKS = ("?", "=")
_A, _B = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F)


def list_short_keys(texts: Sequence[str]) -> Hashes:
    """Return the keys of texts that were read as one: each short piece alone, and with those that soon follow."""
    pieces = [piece for text in texts for piece in cut_pieces(text)]
    hashes = np.array([hash_word(" ".join(words)) if words else 0 for words in pieces], np.uint64)
    keys = [join_keys(hashes[hashes != 0], np.uint64(0))]
    for far in range(1, min(REACH, len(hashes) - 1) + 1):
        first, second = hashes[:-far], hashes[far:]
        both = (first != 0) & (second != 0)
        keys.append(join_keys(first[both], second[both]))
    ends = [
        (hashes[at], hash_word(" ".join(answer[-count:])))
        for at, (asked, answer) in enumerate(pairwise(pieces))
        if asked and asked[-1] in _ASKS
        for count in _LAST_WORDS
        if count < len(answer)
    ]
    if ends:
        keys.append(join_keys(*np.array(ends, np.uint64).T))
    return np.concatenate(keys)


def cut_pieces(text: str) -> Iterator[tuple[str, ...]]:
    """Yield the pieces of a text as words without case and labels such as ``Answer:``; one that is long is empty.

    A question mark or a sign of equality at the end of a piece is a word of it.
    """
    cut = clean_text(text).casefold().replace("'", "").replace("**", "").translate(_BETWEEN)
    for end, marked in _ENDS:
        cut = cut.replace(end, marked)
    for piece in cut.split("\n"):
        if not piece or piece.isspace():
            continue
        if len(piece) > MOST_LETTERS:
            yield ()
            continue
        found = _TOKEN.findall(piece, _LABEL.match(piece).end())  # type: ignore[union-attr]
        if not found or (len(found) == 1 and found[0] in _KEYS):
            continue
        yield tuple(found) if len(found) <= MOST_WORDS else ()


def make_short_keys(question: str, answer: str) -> Hashes:
    """Return the keys that a row has, all of them, if it holds a question and its answer; none if they are not short.

    Args:
        question: one short piece or a few, together no longer than one may be.
        answer: one short piece; empty: the question alone counts.
    """
    asked, told = list(cut_pieces(question)), list(cut_pieces(answer))
    if not 0 < len(asked) <= MOST_PIECES or not all(asked) or sum(map(len, asked)) > MOST_WORDS:
        return np.empty(0, np.uint64)
    if answer.strip() and (len(told) != 1 or not told[0]):
        return np.empty(0, np.uint64)
    chain = np.array([*(hash_word(" ".join(piece)) for piece in (*asked, *told)), 0], np.uint64)
    return join_keys(chain[:-1], chain[1:])[: max(len(chain) - 2, 1)]


def join_keys(first: Hashes, second: Hashes | np.uint64) -> Hashes:
    """Return one number for each two, in order."""
    return first * _A ^ (second * _B + np.uint64(1))
