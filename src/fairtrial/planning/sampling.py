"""Which of a task's items are asked, in which order, and which are set aside to learn thresholds from.

Knows items and seeds; nothing of models.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np

from fairtrial.levers import AppliedLever, read_lever
from fairtrial.records import Item
from fairtrial.spec.candidate import Candidate, find_references
from fairtrial.spec.trial import TaskEntry, Trial


def count_learning_items(trial: Trial) -> int:
    """Return how many items of each task are set aside: what the most demanding lever that learns asks for."""
    return max((lever.items_to_learn for one in trial.candidates for lever in _levers_of(one)), default=0)


def _levers_of(candidate: Candidate) -> Iterator[AppliedLever]:
    """Yield a candidate's levers, and those of candidates that are written out in them."""
    yield from map(read_lever, candidate.levers)
    for reference in find_references(candidate):
        if isinstance(reference.candidate, Candidate):
            yield from _levers_of(reference.candidate)


def split_items(items: Sequence[Item], wanted: int, seed: int) -> tuple[tuple[Item, ...], tuple[Item, ...]]:
    """Return items to learn from, about as many as wanted and at most half, and the others, in the task's own order.

    Whole clusters fall to one side or the other, by a hash of their name and the seed.
    """
    sizes = Counter(item.cluster for item in items)
    chosen: set[str] = set()
    count = 0
    for cluster in sorted(sizes, key=lambda name: hash_to_int(f"{seed} {name}")) if wanted else ():
        if count < wanted and count + sizes[cluster] <= len(items) / 2:
            chosen.add(cluster)
            count += sizes[cluster]
    return (
        tuple(item for item in items if item.cluster in chosen),
        tuple(item for item in items if item.cluster not in chosen),
    )


def draw_items(
    items: Sequence[Item], entry: TaskEntry, rng: np.random.Generator, whole_clusters: bool
) -> tuple[Item, ...]:
    """Return the items to ask, in random order: all, or as many as the entry's limit, chosen as it says.

    With ``whole_clusters`` the clusters are put in random order, and the items of each follow one another.
    """
    chosen = list(items)
    if entry.limit is not None and entry.sample == "first":
        chosen = chosen[: entry.limit]
    order = rng.permutation(len(chosen))
    if whole_clusters:  # every order of clusters equally likely, whatever their sizes
        names = sorted({item.cluster for item in chosen})
        rank = dict(zip((names[i] for i in rng.permutation(len(names))), range(len(names)), strict=True))
        order = np.array(sorted(order, key=lambda i: rank[chosen[i].cluster]), dtype=np.int64)
    shuffled = [chosen[i] for i in order]
    return tuple(shuffled if entry.limit is None else shuffled[: entry.limit])


def count_largest_cluster(items: Sequence[Item]) -> int:
    """Return the number of items in the largest cluster."""
    return max(Counter(item.cluster for item in items).values(), default=1)


def hash_to_int(text: str) -> int:
    """Return 64 bits of a hash of ``text``, the same everywhere, to seed a generator."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
