"""The prefix tree of many token sequences: every distinct prefix is one node.

The tree is held as the distinct sequences in lexicographic order and, for each, how many leading tokens it shares with
the one before it.  Sequence ``i`` then owns the nodes of its tokens from ``shared[i]`` on, and all nodes numbered in
this order are the tree depth first: a node's ancestors come before it, and its descendants follow it without a gap.
Knows nothing of what the tokens mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class PrefixTree:
    """Distinct sequences in lexicographic order, a prefix before what extends it.

    Attributes:
        sequences: n distinct arrays of token ids, int32, none empty.
        shared: (n,) int64; leading tokens that each sequence has in common with the one before it; ``shared[0]`` is 0.
        place: (m,) int64; where each of the m given sequences stands in ``sequences``.
        first: (n + 1,) int64; the number of the first node that each sequence owns; the last entry is the node count.
    """

    sequences: tuple[Tokens, ...]
    shared: Indices
    place: Indices
    first: Indices

    @property
    def nodes(self) -> int:
        """Number of nodes: tokens that have to go through the network."""
        return int(self.first[-1])

    @property
    def lengths(self) -> Indices:
        """(n,) int64 lengths of ``sequences``."""
        return self.shared + np.diff(self.first)

    @property
    def common(self) -> int:
        """Leading tokens that all sequences have in common."""
        return len(self.sequences[0]) if len(self.sequences) == 1 else int(self.shared[1:].min())

    def tokens(self) -> Tokens:
        """(nodes,) int32 token of every node."""
        return np.concatenate([s[k:] for s, k in zip(self.sequences, self.shared.tolist(), strict=True)])

    def owners(self) -> Indices:
        """(nodes,) int64 index of the sequence that owns each node."""
        return np.repeat(np.arange(len(self.sequences)), np.diff(self.first))

    def depths(self) -> Indices:
        """(nodes,) int64 position of every node's token in its sequence."""
        return np.arange(self.nodes) - np.repeat(self.first[:-1] - self.shared, np.diff(self.first))

    def locate(self, which: Indices, start: Indices, stop: Indices) -> Indices:
        """Return the node numbers of several stretches of given sequences, one after the other.

        Args:
            which: (k,) index among the given sequences.
            start: (k,) first position of each stretch.
            stop: (k,) position after its last.

        Returns:
            (sum(stop - start),) int64.
        """
        sizes = stop - start
        out = np.empty(int(sizes.sum()), dtype=np.int64)
        ends = np.cumsum(sizes)
        path = np.empty(int(self.lengths.max()), dtype=np.int64)
        place = self.place[which]
        done = 0
        for k in np.argsort(place, kind="stable").tolist():
            for owner in range(done, int(place[k]) + 1):
                first, after, depth = int(self.first[owner]), int(self.first[owner + 1]), int(self.shared[owner])
                path[depth : depth + after - first] = np.arange(first, after)
            done = max(done, int(place[k]) + 1)
            out[ends[k] - sizes[k] : ends[k]] = path[start[k] : stop[k]]
        return out


def build_tree(sequences: Sequence[Tokens]) -> PrefixTree:
    """Build the prefix tree of ``sequences`` (at least one, none empty; int32 token ids >= 0).

    Raises ValueError if there is none or one is empty.
    """
    if not sequences or any(len(s) == 0 for s in sequences):
        raise ValueError("a prefix tree needs at least one sequence, and no empty one")
    # Big-endian bytes sort as the token ids do, so that comparing is a memcmp and not a loop over tokens.
    keys = [np.ascontiguousarray(s, dtype=">u4").tobytes() for s in sequences]
    order = sorted(set(keys))
    rank = {key: i for i, key in enumerate(order)}
    place = np.fromiter((rank[key] for key in keys), dtype=np.int64, count=len(keys))
    distinct = tuple(np.frombuffer(key, dtype=">u4").astype(np.int32) for key in order)
    shared = np.zeros(len(distinct), dtype=np.int64)
    for i in range(1, len(distinct)):
        shared[i] = count_common_prefix(distinct[i - 1], distinct[i])
    sizes = np.fromiter((len(s) for s in distinct), dtype=np.int64, count=len(distinct)) - shared
    first = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(sizes)])
    return PrefixTree(distinct, shared, place, first)


def count_common_prefix(a: Tokens, b: Tokens) -> int:
    """Return how many leading tokens ``a`` and ``b`` have in common."""
    size = min(len(a), len(b))
    differs = a[:size] != b[:size]
    at = int(differs.argmax()) if size else 0
    return at if size and differs[at] else size
