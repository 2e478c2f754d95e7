"""Which of several candidates are on the frontier of several measures, and how sure that is.

A candidate is dominated where another one is at least as good on every measure and better on one (Pareto); the others
are the frontier.  How sure that is comes from drawing the clusters of items anew, with replacement, the same ones for
every candidate (a paired cluster bootstrap: Efron 1979, doi:10.1214/aos/1176344552; Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x), each task's own.  The share of the draws in which a candidate is on the frontier
is not the probability that it truly is; of a candidate whose true place is exactly on the edge it is anything between
0 and 1.  What is claimed from 95% of the draws on is wrong in about 5% of the cases at such an edge, and less often
elsewhere; see docs/statistics.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Bools, Floats, Ints


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """What k candidates have on one task and measure, added up by cluster.

    Attributes:
        above: (k, c) sums of weight times value in each cluster.
        below: (k, c) sums of weights; a cluster without answers of a candidate has 0 there.
    """

    above: Floats
    below: Floats


@dataclass(frozen=True, slots=True)
class Frontier:
    """Who is on the frontier.

    Attributes:
        on: (k,) whether a candidate is on it by the values as they are.
        share: (k,) share of the draws in which it is.
        dominated: (k, k) share of the draws in which the row's candidate is dominated by the column's.
    """

    on: Bools
    share: Floats
    dominated: Floats


def sum_clusters(values: Floats, weights: Floats, clusters: Ints) -> ClusterSums:
    """Add up (k, n) values with (k, n) weights, 0 where a candidate has no answer, by the (n,) cluster of each item."""
    codes = np.unique(clusters, return_inverse=True)[1]
    size = int(codes.max()) + 1 if codes.size else 0
    above = [np.bincount(codes, w * v, size) for v, w in zip(values, weights, strict=True)]
    below = [np.bincount(codes, w, size) for w in weights]
    return ClusterSums(np.array(above, dtype=np.float64), np.array(below, dtype=np.float64))


def draw_counts(sizes: Sequence[int], draws: int, rng: np.random.Generator) -> list[Floats]:
    """Return, for each task with so many clusters, (draws, clusters) how often each cluster is drawn."""
    return [rng.multinomial(size, np.full(size, 1 / size), size=draws).astype(np.float64) for size in sizes]


def compute_means(sums: ClusterSums, counts: Floats | None = None) -> Floats:
    """Return (k,) the means as they are, or (draws, k) those of every draw; NaN where a candidate has no answer."""
    if counts is None:
        above, below = sums.above.sum(axis=1), sums.below.sum(axis=1)
    else:
        above, below = counts @ sums.above.T, counts @ sums.below.T
    found: Floats = np.divide(above, below, out=np.full_like(above, np.nan), where=below > 0)
    return found


def compute_dominance(points: Floats) -> Bools:
    """Return (..., k, k) whether the column's candidate dominates the row's.

    Args:
        points: (..., k, m) values, more being better; a candidate with a NaN dominates nobody and is dominated by
            nobody.
    """
    own, other = points[..., :, None, :], points[..., None, :, :]
    return np.asarray((other >= own).all(axis=-1) & (other > own).any(axis=-1))


def find_frontier(point: Floats, draws: Floats) -> Frontier:
    """Return who is on the frontier.

    Args:
        point: (k, m) the values as they are, more being better.
        draws: (b, k, m) those of every draw.
    """
    beaten = compute_dominance(draws)
    known = ~np.isnan(point).any(axis=1)
    return Frontier(
        on=np.asarray(known & ~compute_dominance(point).any(axis=1)),
        share=np.where(known, 1 - beaten.any(axis=2).mean(axis=0), np.nan),
        dominated=beaten.mean(axis=0),
    )
