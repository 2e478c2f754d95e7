"""MinHash signatures of rows, by rensa, and the hashes of their bands.  Pure: texts in, arrays out.

A row's shingles are its word n-grams, casefolded; text of scripts without spaces goes by characters.  The system prompt
is left out: a collection's rows often share a long one, and would all look alike.

MinHash: Broder 1997, doi:10.1109/SEQUEN.1997.666900; banding: Leskovec, Rajaraman, Ullman, Mining of Massive Datasets,
3.4.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt

from fairtrial.curation.base import TrainingRow
from fairtrial.errors import MissingExtraError

BAND = 4
"""Values of a signature in a band: two rows with a Jaccard index of 0.5 share one of 32 bands with a chance of 0.87, of
0.8 with a chance of 0.9999999."""

WORD = re.compile(r"\w+")
SPACELESS = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
"""Thai, Lao, Burmese, Khmer, Japanese and Chinese."""
WORD_OR_CHARACTER = re.compile(rf"[{SPACELESS}]|[^\W{SPACELESS}]+")
HAS_SPACELESS = re.compile(f"[{SPACELESS}]")

WordHashes = npt.NDArray[np.uint64]
Signatures = npt.NDArray[np.uint32]
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@cache
def import_rensa() -> ModuleType:
    """Return rensa; raise MissingExtraError if it is not installed."""
    try:
        return import_module("rensa")
    except ImportError as error:
        raise MissingExtraError("Finding near-duplicates (rensa)", "curate") from error


def list_words(row: TrainingRow) -> list[str]:
    """Return the words of a row that count for likeness, in reading order."""
    texts = [turn.content for turn in row.messages if turn.role != "system"]
    text = "\n".join([*texts, row.text, row.chosen, row.rejected]).casefold()
    if not text.isascii() and HAS_SPACELESS.search(text):
        return WORD_OR_CHARACTER.findall(text)
    return WORD.findall(text)


def hash_shingles(words: WordHashes, length: int) -> WordHashes:
    """Return hashes of all runs of ``length`` words; of fewer words than that, of all together.

    Args:
        words: hash of each word, in order.
        length: words of a shingle.
    """
    length = min(length, len(words))
    made = np.zeros(len(words) - length + 1, np.uint64)
    for at in range(length):  # wraps modulo 2**64, as it should
        made = made * _MULTIPLIER + words[at : at + len(made)]
    return mix(made ^ np.uint64(length))


def mix(values: WordHashes) -> WordHashes:
    """Return 64-bit values with every bit of each depending on all of it (the finaliser of SplitMix64)."""
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return values ^ (values >> np.uint64(31))


def sign_rows(words: Sequence[Sequence[str]], permutations: int, ngram: int, seed: int) -> Signatures:
    """Return a signature a row, shape (rows, permutations); that of a row without words is all ones' bits.

    Args:
        words: those of each row.
        permutations: length of a signature.
        ngram: words of a shingle.
        seed: of the hash functions.
    """
    rensa: Any = import_rensa()
    made = np.full((len(words), permutations), np.iinfo(np.uint32).max, np.uint32)
    spoken = [at for at, one in enumerate(words) if one]
    if not spoken:
        return made
    hashed = rensa.RMinHash.hash_token_sets([words[at] for at in spoken])
    shingles = [hash_shingles(np.array(one, np.uint64), ngram) for one in hashed]
    ends = np.cumsum([0, *map(len, shingles)]).astype(np.uint64)
    matrix = rensa.RMinHash.digest_matrix_from_flat_token_hashes(np.concatenate(shingles), ends, permutations, seed)
    made[spoken] = np.array(matrix.to_rows(), np.uint32)
    return made


def hash_bands(signatures: Signatures) -> WordHashes:
    """Return a hash of each band of each signature, shape (bands, rows)."""
    rows, permutations = signatures.shape
    parts = signatures.astype(np.uint64).reshape(rows, permutations // BAND, BAND)
    made = np.zeros(parts.shape[:2], np.uint64)
    for at in range(BAND):
        made = mix(made * _MULTIPLIER + parts[:, :, at])
    return np.ascontiguousarray(made.T)


def is_wordless(signatures: Signatures) -> npt.NDArray[np.bool_]:
    """Return which rows have no words, and so no likeness."""
    found: npt.NDArray[np.bool_] = (signatures == np.iinfo(np.uint32).max).all(axis=1)
    return found


def estimate_likeness(a: Signatures, b: Signatures) -> npt.NDArray[np.float32]:
    """Return the estimated Jaccard index of each pair of signatures, shape (pairs,).

    Its standard error is sqrt(j (1 - j) / permutations): 0.035 at 0.8 with 128.
    """
    made: npt.NDArray[np.float32] = (a == b).mean(axis=1, dtype=np.float32)
    return made
