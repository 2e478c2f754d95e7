"""The grams of training rows as numbers: what of a training set is kept for later trials, without a word of it.

Five kinds, each with numbers of its own, so that one sorted list holds them all (the file ``grams.bin``: unsigned
64-bit numbers, little-endian, ascending, each once, nothing else), with one more number that stands for the version:

========  =====================================================================================================
thirteen  13 words in a row: GPT-3's (Brown et al. 2020, appendix C; lm-evaluation-harness and others since)
eight     8 words in a row: PaLM's (Chowdhery et al. 2022, section 8; Llama 3 too)
changed   8 words in a row, numbers and capitalised words of which count as the same: names and numbers changed
near      4 beginnings of longer words in a row, whatever their order: a sentence turned round, other endings
short     two short sentences, lines or cells that stand near each other: a question of few words and its answer
========  =====================================================================================================

The last three are our own.  A gram is never made of words of two texts (turns of a conversation, cells of a table).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from fairtrial.curation.base import TrainingRow
from fairtrial.curation.contamination.short import list_short_keys
from fairtrial.curation.contamination.words import (
    Hashes,
    NumberedWords,
    WordReader,
    hash_word,
    join_numbers,
    mix_numbers,
)
from fairtrial.errors import FairtrialError

GramKind = Literal["thirteen", "eight", "changed", "near", "short"]
KINDS: tuple[GramKind, ...] = ("thirteen", "eight", "changed", "near", "short")
VERSION = 1
"""Of how grams are made; grams of another version cannot be compared with these."""
NEAR_WORDS = 4
MOST_ALIKE = 4
"""Of the 8 words of a changed gram, how many may be numbers or capitalised; more, and it says nothing."""
_SALTS = {kind: np.uint64(hash_word(f"\x00{kind} {VERSION}")) for kind in KINDS}
MARKS = 1
"""Numbers of a file of grams that tell its version, and nothing of what was trained on."""
_MARK = np.array([hash_word(f"\x00version {VERSION}")], np.uint64)
_TOGETHER = 2_000_000
"""Numbers that are sorted at a time."""
NAME = "grams.bin"


def list_grams(row: TrainingRow) -> Hashes:
    """Return the grams of a row, all kinds together, in no order."""
    return list_text_grams(row.texts())


def list_text_grams(texts: Sequence[str]) -> Hashes:
    """Return the grams of texts that were read as one, all kinds together, in no order."""
    words = [READER.read(text) for text in texts]
    found = [make_word_grams(kind, one) for kind in KINDS if kind != "short" for one in words]
    return np.concatenate([*found, salt_keys(list_short_keys(texts)), _MARK])


def salt_keys(keys: Hashes) -> Hashes:
    """Return keys of short pieces as grams."""
    return _salt("short", keys)


def make_word_grams(kind: GramKind, words: NumberedWords) -> Hashes:
    """Return the grams of one kind but ``short``, one a place; of ``changed`` those alone that say something."""
    if kind == "thirteen":
        return _salt(kind, _slide(words.plain, 13))
    if kind == "eight":
        return _salt(kind, _slide(words.plain, 8))
    if kind == "changed":
        grams = _slide(words.masked, 8)
        if not len(grams):
            return grams
        return _salt(kind, grams[sliding_window_view(words.alike, 8).sum(axis=1) <= MOST_ALIKE])
    if len(words.stems) < NEAR_WORDS:
        return np.empty(0, np.uint64)
    windows = np.sort(sliding_window_view(words.stems, NEAR_WORDS), axis=1)
    return _salt(kind, join_numbers(tuple(windows.T)))


def collect_grams(rows: Iterable[Sequence[str]]) -> Hashes:
    """Return the grams of many rows, sorted, each once: what `write_grams` writes.

    Args:
        rows: the texts of each.
    """
    known, waiting, count = np.empty(0, np.uint64), list[Hashes](), 0
    for texts in rows:
        waiting.append(list_text_grams(texts))
        count += len(waiting[-1])
        if count >= max(_TOGETHER, len(known) // 2):
            known, waiting, count = np.unique(np.concatenate([known, *waiting])), [], 0
    return np.unique(np.concatenate([known, *waiting]))


def write_grams(grams: Hashes, path: Path) -> None:
    """Write sorted grams to a file, whole or not at all."""
    part = path.with_suffix(".part")
    grams.astype("<u8").tofile(part)
    part.replace(path)


def open_grams(path: Path) -> Hashes:
    """Return the grams of a file, read as they are looked for.  Raises FairtrialError if it is none."""
    try:
        size = path.stat().st_size
        if size == 0:
            return np.empty(0, np.uint64)
        found = np.memmap(path, "<u8", "r") if size % 8 == 0 else None
    except OSError as error:
        raise FairtrialError(
            f"the grams of a training set cannot be read: {error.strerror}.", where=str(path)
        ) from error
    if found is None or any(not bool(np.all(part[1:] > part[:-1])) for part in _cut(found)):
        raise FairtrialError(
            "the grams of a training set are damaged: their numbers do not ascend.",
            fix="Curate the training set again, or tune again.",
            where=str(path),
        )
    if not look_up(_MARK, found).all():
        raise FairtrialError(
            "the grams of a training set were made by another version, so that no item can be looked up in them.",
            fix="Curate the training set again, or tune again.",
            where=str(path),
        )
    return found


def look_up(grams: Hashes, known: Hashes) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return of each gram whether it is among ``known``, which are sorted."""
    if not len(known) or not len(grams):
        return np.zeros(len(grams), np.bool_)
    order = np.argsort(grams)
    at = np.searchsorted(known, grams[order])
    found = np.zeros(len(grams), np.bool_)
    found[order] = known[np.minimum(at, len(known) - 1)] == grams[order]
    return found


class GramSet:
    """Numbers that others are looked up among, fast where few are: a table of their last bits comes first.

    Attributes:
        numbers: sorted, each once.
    """

    def __init__(self, numbers: Hashes) -> None:
        """Make the table."""
        self.numbers = numbers
        bits = max(12, int(16 * len(numbers)).bit_length())
        self._mask = np.uint64((1 << bits) - 1)
        self._table = np.zeros(1 << bits, np.bool_)
        self._table[(numbers & self._mask).astype(np.int64)] = True

    def find(self, grams: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the places in ``grams`` of those that are among the numbers, and their places among these."""
        places = np.flatnonzero(self._table[(grams & self._mask).astype(np.int64)])
        if not len(places):
            return places, places
        wanted = grams[places]
        at = np.minimum(np.searchsorted(self.numbers, wanted), len(self.numbers) - 1)
        hit = self.numbers[at] == wanted
        return places[hit], at[hit]


def _cut(grams: Hashes) -> Iterator[Hashes]:
    """Yield parts that share their first and last number with their neighbours, so that memory stays small."""
    for start in range(0, len(grams), _TOGETHER):
        yield grams[start : start + _TOGETHER + 1]


def _slide(numbers: Hashes, width: int) -> Hashes:
    """Return one number for each ``width`` numbers in a row."""
    count = len(numbers) - width + 1
    if count < 1:
        return np.empty(0, np.uint64)
    return join_numbers([numbers[at : at + count] for at in range(width)])


def _salt(kind: GramKind, grams: Hashes) -> Hashes:
    return mix_numbers(grams ^ _SALTS[kind])


READER = WordReader()
"""Of this process; no thread beside it reads."""
