"""Ranking of passages by words (BM25) and by meaning (cosine), the same to the last bit for every store.

BM25 as in Robertson and Zaragoza, "The Probabilistic Relevance Framework" (2009), with an inverse document frequency
that is never negative, ln(1 + (N - n + 0.5) / (n + 0.5)).  N, n and the mean length are those of the passages that the
scope allows: what may not be used influences no score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Hit, Scope
from fairtrial.archive.stores.columns import StoredColumns, allow_passages
from fairtrial.archive.stores.postings import read_postings

K1 = 1.2
"""How soon repeating a word stops to matter."""
B = 0.75
"""How much long passages are held to be long-winded."""
SPARE = 64
"""Candidates beyond those asked for that are scored again exactly."""


@dataclass(frozen=True)
class SearchField:
    """The passages among which a search looks.

    Attributes:
        allowed: by number of the passage, whether the scope allows it.
        searchable: likewise, and its words are in the index.
        count: how many are searchable.
        penalty: K1 times what the length of a passage does to its counts, by number.
    """

    allowed: NDArray[np.bool_]
    searchable: NDArray[np.bool_]
    count: int
    penalty: NDArray[np.float64]


def make_field(columns: StoredColumns, scope: Scope) -> SearchField:
    """Return the passages that a scope allows, and the statistics of them."""
    allowed = allow_passages(columns, scope)
    searchable = allowed & columns.indexed
    count = int(searchable.sum())
    mean = int(columns.lengths[searchable].sum()) / count if count else 0.0
    penalty = K1 * (1 - B + B * columns.lengths.astype(np.float64) / (mean or 1.0))
    return SearchField(allowed, searchable, count, np.asarray(penalty, np.float64))


def rank_words(
    columns: StoredColumns, field: SearchField, words: Mapping[str, int], postings: Mapping[str, bytes], most: int
) -> list[Hit]:
    """Return the passages that fit a query best, by BM25; ties by (document id, index).

    Args:
        columns: of all documents.
        field: among which to look.
        words: of the query, and how often each stands in it.
        postings: list of each word that any passage has.
        most: so many at most.
    """
    scores = np.zeros(len(field.allowed))
    for word in sorted(words.keys() & postings.keys()):
        numbers, counts = read_postings(postings[word])
        within = field.searchable[numbers]
        numbers, times = numbers[within], counts[within].astype(np.float64)
        rarity = math.log1p((field.count - len(numbers) + 0.5) / (len(numbers) + 0.5))
        scores[numbers] += words[word] * rarity * (K1 + 1) * times / (times + field.penalty[numbers])
    return _take_best(columns, np.flatnonzero(scores), scores, most)


def rank_vectors(
    columns: StoredColumns,
    field: SearchField,
    numbers: NDArray[np.int64],
    vectors: NDArray[np.float32],
    wanted: NDArray[np.float32],
    most: int,
) -> list[Hit]:
    """Return the passages whose vectors are nearest to another by cosine; ties by (document id, index).

    Args:
        columns: of all documents.
        field: among which to look.
        numbers: of the passages that have vectors, (m,).
        vectors: theirs, of length 1, (m, n).
        wanted: of the query, of length 1, (n,).
        most: so many at most.
    """
    if not len(numbers):
        return []
    within = np.flatnonzero(field.allowed[numbers])
    rough = vectors @ wanted if len(within) * 2 > len(numbers) else vectors[within] @ wanted
    if len(rough) != len(within):
        rough = rough[within]
    if len(within) > most + SPARE:
        within = within[np.argpartition(-rough, most + SPARE)[: most + SPARE]]
    return rescore(columns, numbers[within], vectors[within], wanted, most)


def rescore(
    columns: StoredColumns,
    numbers: NDArray[np.int64],
    vectors: NDArray[np.float32],
    wanted: NDArray[np.float32],
    most: int,
) -> list[Hit]:
    """Return the best of a few candidates, their cosines summed one by one in double precision.

    A product of matrices rounds otherwise with another number of rows; this does not, so that every store and every
    index that finds the same candidates gives the same order.
    """
    exact = (vectors.astype(np.float64) * wanted.astype(np.float64)).sum(axis=1)
    scores = np.zeros(len(columns.owner))
    scores[numbers] = exact
    return _take_best(columns, numbers, scores, most)


def _take_best(columns: StoredColumns, found: NDArray[np.int64], scores: NDArray[np.float64], most: int) -> list[Hit]:
    """Return the best of the passages that were found, in order."""
    if most < 1 or not len(found):
        return []
    if len(found) > most:
        least = np.partition(scores[found], len(found) - most)[len(found) - most]
        found = found[scores[found] >= least]
    best = found[np.lexsort((columns.index[found], columns.owner[found], -scores[found]))][:most]
    return [
        Hit(int(number), float(scores[number]), columns.ids[columns.owner[number]].decode(), int(columns.index[number]))
        for number in best
    ]


def list_ties(columns: StoredColumns, numbers: Sequence[int]) -> list[tuple[str, int]]:
    """Return (document id, index) of passages: what they are called in every store."""
    return [(columns.ids[columns.owner[n]].decode(), int(columns.index[n])) for n in numbers]
