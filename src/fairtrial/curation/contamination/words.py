"""A text as words, and each word as numbers: what grams are made of.  Knows no item and no training row.

Words are what GPT-3's appendix C (Brown et al. 2020, arXiv:2005.14165) calls so: without case and punctuation.  Three
things are added, since test items leak in other dress than they had: characters that nobody sees and forms of one
character count as one (NFKC), markup and escapes of JSON and HTML are taken off, and scripts without spaces give one
word a character.
"""

from __future__ import annotations

import hashlib
import html
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Hashes = NDArray[np.uint64]

_UNSEEN = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_TAG = re.compile(r"</?[A-Za-z][^<>]{0,300}>")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")
_BLANK = re.compile(r"\\[nrt]")
_THOUSANDS = re.compile(r"(?<=\d)[,\u2009\u202f](?=\d{3}(?!\d))")
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_ASCII_WORD = re.compile(r"[A-Za-z0-9]+(?:'[A-Za-z0-9]+)*")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
CONTENT_LETTERS = 4
"""Letters from which a word says what a text is about, in any language: shorter ones mostly join others."""
STEM_LETTERS = 5
"""Letters of a word that count in near matches, so that endings do not."""
_MOST_KNOWN = 400_000
"""Different words that are remembered at a time."""


@dataclass(frozen=True, slots=True)
class NumberedWords:
    """The words of a text, as numbers; arrays are (words,).

    Attributes:
        plain: one number a word.
        masked: the same, with all numbers alike, and all capitalised words and English pronouns of persons alike.
        alike: whether ``masked`` is such a common number.
        stems: beginnings of the words that say something, in order; (fewer,).
    """

    plain: Hashes
    masked: Hashes
    alike: NDArray[np.bool_]
    stems: Hashes


class WordReader:
    """Turns texts into words; remembers the numbers of words that it has seen.  Not to be shared by threads."""

    def __init__(self) -> None:
        """Begin without any words."""
        self._known = _Known()

    def read(self, text: str) -> NumberedWords:
        """Return the words of a text."""
        found = split_words(text)
        if len(self._known) > _MOST_KNOWN:
            self._known = _Known()
        numbers = np.fromiter(map(self._known.__getitem__, found), np.int64, len(found))
        plain, masked, stems = self._known.table[:, numbers]
        return NumberedWords(plain, masked, masked != plain, stems[stems != 0])


class _Known(dict[str, int]):
    """Word as written to the column of a table that holds its three numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.table = np.zeros((3, 4096), np.uint64)

    def __missing__(self, word: str) -> int:
        at = len(self)
        if at == self.table.shape[1]:
            self.table = np.concatenate([self.table, np.zeros_like(self.table)], axis=1)
        folded = fold_word(word)
        digit = any(map(str.isdigit, word))
        plain = hash_word(folded)
        masked = _NUMBER if digit else _NAME if word[0].isupper() or folded in _PRONOUNS else plain
        says = digit or len(folded) >= CONTENT_LETTERS or _UNSPACED.match(word)
        self.table[:, at] = plain, masked, hash_word(folded if digit else folded[:STEM_LETTERS]) if says else 0
        self[word] = at
        return at


def clean_text(text: str) -> str:
    """Return a text without markup, escapes, characters that nobody sees, and marks between thousands."""
    if "&" in text:
        text = html.unescape(text)
    if "<" in text:
        text = _TAG.sub(" ", text)
    if "\\" in text:
        text = _BLANK.sub(" ", _ESCAPED.sub(_read_escape, text))
    if not text.isascii():
        text = _UNSEEN.sub("", unicodedata.normalize("NFKC", text.replace("\u2019", "'")))
    return _THOUSANDS.sub("", text)


def split_words(text: str) -> list[str]:
    """Return the words of a text as they are written."""
    cleaned = clean_text(text)
    if cleaned.isascii():
        return _ASCII_WORD.findall(cleaned)
    cleaned = _UNSPACED.sub(r" \g<0> ", cleaned)
    with_marks, marked = _compile_marks()
    return (marked if with_marks.search(cleaned) else _WORD).findall(cleaned)


def fold_word(word: str) -> str:
    """Return a word without case and apostrophes."""
    return word.casefold().replace("'", "")


def hash_word(word: str) -> int:
    """Return 64 bits of BLAKE2b (RFC 7693) of a word."""
    return int.from_bytes(hashlib.blake2b(word.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little")


def mix_numbers(numbers: Hashes) -> Hashes:
    """Return numbers with their bits mixed: the last steps of SplitMix64 (Steele et al. 2014)."""
    mixed = (numbers ^ (numbers >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed ^= mixed >> np.uint64(31)
    return mixed


def join_numbers(columns: Sequence[Hashes]) -> Hashes:
    """Return one number for each row of columns of numbers, in which the order of the columns matters."""
    total = np.zeros(len(columns[0]), np.uint64)
    for column, factor in zip(columns, _FACTORS, strict=False):
        total += column * factor
    return mix_numbers(total)


def _make_factors(count: int) -> Iterator[np.uint64]:
    """Yield odd numbers: SplitMix64 from 0, the last bit set."""
    steps = np.arange(1, count + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    yield from mix_numbers(steps) | np.uint64(1)


def _read_escape(found: re.Match[str]) -> str:
    code = int(found[1], 16)
    return " " if 0xD800 <= code < 0xE000 else chr(code)


@cache
def _compile_marks() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return what finds a mark that belongs to a letter, and a word with such marks."""
    marks = "".join(
        chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code)) in ("Mn", "Mc", "Me")
    )
    letter = rf"(?:[^\W_]|[{marks}])"
    return re.compile(f"[{marks}]"), re.compile(rf"[^\W_]{letter}*(?:'{letter}+)*")


_FACTORS = tuple(_make_factors(16))
_PRONOUNS = frozenset(
    ("he", "him", "his", "himself", "she", "her", "hers", "herself", "they", "them", "their", "theirs", "themselves")
)
_NUMBER, _NAME = hash_word("\x00number"), hash_word("\x00name")
