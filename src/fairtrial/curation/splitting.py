"""Clusters of rows that belong together, and which of them are held back for validation.

Rows belong together that are alike, also by way of one that was dropped, and rows of one document.  Which clusters are
held back depends on their words and the seed alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from fairtrial.curation.duplicates import FoundDuplicates
from fairtrial.curation.signatures import mix
from fairtrial.curation.stored import Numbers, StoredRows
from fairtrial.spec.curate import Split


@dataclass(frozen=True)
class Sides:
    """Where each row stands.

    Attributes:
        cluster: of each row the first row that stays of its cluster; -1 of a row that is dropped.
        held_back: whether it is held back for validation.
        doubts: sentences that a reader of the training set must know.
    """

    cluster: Numbers
    held_back: npt.NDArray[np.bool_]
    doubts: tuple[str, ...] = ()

    def count_clusters(self) -> tuple[int, int]:
        """Return the number of clusters, and the rows of the largest."""
        sizes = np.unique(self.cluster[self.cluster >= 0], return_counts=True)[1]
        return len(sizes), int(sizes.max(initial=0))


def split_rows(rows: StoredRows, found: FoundDuplicates, wanted: Split) -> Sides:
    """Return the clusters of rows, and which are held back."""
    stays = found.same_as < 0
    dropped = np.flatnonzero(~stays)
    documents = _link_documents(rows.read_hashes("documents"))
    first = np.concatenate([found.links["first"], found.same_as[dropped], documents[0]])
    second = np.concatenate([found.links["second"], dropped, documents[1]])
    cluster = np.full(rows.count, -1, np.int64)
    cluster[stays] = _name_components(first, second, rows.count, stays)[stays]
    names, sizes = np.unique(cluster[stays], return_counts=True)
    ids = np.array([int(one[:16], 16) for one in rows.take_ids(names)], np.uint64)
    chosen = choose_clusters(ids, sizes, wanted)
    held_back = np.isin(cluster, names[chosen])
    return Sides(cluster, held_back, tuple(_find_doubts(sizes, int(held_back.sum()), wanted)))


def choose_clusters(ids: npt.NDArray[np.uint64], sizes: Numbers, wanted: Split) -> npt.NDArray[np.bool_]:
    """Return which clusters are held back: in an order that seed and words decide, until the share is reached.

    A cluster that is larger than the share is never held back.

    Args:
        ids: of the clusters.
        sizes: rows of each.
        wanted: share and seed.
    """
    rows = count_wanted(int(sizes.sum()), wanted)
    order = np.lexsort((ids, mix(ids ^ mix(np.array([wanted.seed + 1], np.uint64)))))
    order = order[sizes[order] <= rows]
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = np.zeros(len(ids), bool)
    chosen[order[before < rows]] = True
    if len(ids) < 2 or chosen.all():
        chosen[:] = False
    return chosen


def count_wanted(rows: int, wanted: Split) -> int:
    """Return how many rows are to be held back: at least one where any are."""
    return max(round(rows * wanted.validation), int(wanted.validation > 0 and rows > 1))


def _link_documents(hashes: npt.NDArray[np.uint64]) -> tuple[Numbers, Numbers]:
    """Return pairs of rows of one document: each with the row of it that comes before in order of hashes."""
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))
    told = hashes[order]
    same = (told[1:] == told[:-1]).all(axis=1) & told[1:].any(axis=1)
    return order[:-1][same], order[1:][same]


def _name_components(first: Numbers, second: Numbers, count: int, stays: npt.NDArray[np.bool_]) -> Numbers:
    """Return of each row the first row that stays of those that are joined to it."""
    graph = coo_array((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    labels = connected_components(graph, directed=False)[1] if count else np.zeros(0, np.int64)
    named = np.full(int(labels.max(initial=-1)) + 1, count, np.int64)
    np.minimum.at(named, labels[stays], np.flatnonzero(stays))
    return named[labels]


def _find_doubts(sizes: Numbers, held_back: int, wanted: Split) -> list[str]:
    """Return what is wrong with a split, in sentences."""
    rows, asked = int(sizes.sum()), count_wanted(int(sizes.sum()), wanted)
    told = []
    largest = int(sizes.max(initial=0))
    if rows > 1 and largest > rows / 2:
        told.append(
            f"One cluster of rows that are alike has {largest:,} of {rows:,} rows, all on the side of training: what "
            "is held back is not like them. Where rows share a template, set duplicates: together higher, or null."
        )
    if asked and abs(held_back - asked) > max(1, asked / 2):
        told.append(f"{held_back:,} rows are held back for validation and not {asked:,}: clusters are never cut.")
    return told
