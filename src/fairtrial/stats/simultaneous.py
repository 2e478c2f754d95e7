"""Means of many columns at once, by clusters, with intervals that hold together: with the confidence given, all do.

They come from the largest studentised deviation of the family (max-t; Westfall and Young 1993; Romano and Wolf 2005,
doi:10.1198/016214504000000539), whose distribution is found by a wild bootstrap over clusters with Rademacher signs,
studentised anew in each draw (Cameron, Gelbach and Miller 2008, doi:10.1162/rest.90.3.414).  p-values are those of the
same distribution, so that a mean has p at most 1 - confidence exactly where its interval excludes 0.

That distribution is symmetric, and an approximation for many clusters.  Intervals are widened on both sides by what
skewness may move them (Johnson 1978, doi:10.1080/01621459.1978.10480051).  Where that is not enough, by
Cochran's rule for means (25 times the squared skewness; Sampling Techniques 1977, section 2.15) and for few clusters
that say anything, a bounded value gets the interval of `fairtrial.stats.gaffke` instead, which needs no approximation,
at its share of the error (Bonferroni), and the others share the rest.  Knows arrays only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.gaffke import compute_limits, compute_two_sided_p, gather_units
from fairtrial.stats.intervals import encode_clusters, t_quantile

DRAWS = 4999
"""Of the bootstrap."""

FEWEST = 15
"""Clusters with a mean other than 0 that a column needs for the bootstrap."""

SURE = 40
"""Clusters from which on the bootstrap's quantile stands alone; with fewer it is Bonferroni's at least."""

COCHRAN = 25.0
"""Times the squared skewness: as many clusters a bounded value needs for it."""

ROUNDING = 1e-9
"""What is smaller is 0."""


@dataclass(frozen=True, slots=True)
class ColumnMeans:
    """Means of the columns of a table, and how far each of its clusters is from them; arrays of K columns.

    Attributes:
        means: (K,) NaN for a column without any value.
        errors: (K,) their standard errors, by clusters.
        influence: (G, K) how far each cluster is from the mean.
        sums, sizes: (G, K) of the values in a cluster, and how many there are.
        clusters: (K,) with any value.
    """

    means: Floats
    errors: Floats
    influence: Floats
    sums: Floats
    sizes: Floats
    clusters: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SimultaneousBound:
    """Limits of one mean that hold together with those of its family, and the p-value of "it is 0", adjusted."""

    low: float
    high: float
    p_value: float


def summarise_columns(table: Floats, clusters: Ints) -> ColumnMeans:
    """Return the means of the columns of (P, K), with errors by clusters."""
    codes = encode_clusters(clusters)
    there = np.isfinite(table)
    shape = (int(codes.max(initial=-1)) + 1, table.shape[1])
    sums, sizes = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, codes, np.where(there, table, 0.0))
    np.add.at(sizes, codes, there.astype(np.float64))
    weight = sizes.sum(axis=0)
    means = np.divide(sums.sum(axis=0), weight, out=np.full(shape[1], np.nan), where=weight > 0)
    influence = np.where(sizes > 0, sums - sizes * np.nan_to_num(means), 0.0)
    count = (sizes > 0).sum(axis=0)
    factor = np.divide(count, count - 1, out=np.zeros(shape[1]), where=count > 1)
    errors = np.divide(np.sqrt(factor * (influence**2).sum(axis=0)), weight, out=np.zeros(shape[1]), where=weight > 0)
    return ColumnMeans(means, errors, influence, sums, sizes, count)


def bound_together(
    found: ColumnMeans, confidence: float, half: Floats, rng: np.random.Generator
) -> list[SimultaneousBound | None]:
    """Return limits of all means that hold together; None for a column without any value.

    Args:
        found: the means.
        confidence: with which all hold.
        half: (K,) half the range of a value, around 0.
        rng: for the bootstrap.
    """
    asked = found.clusters > 0
    changed = (np.abs(found.sums) > ROUNDING).sum(axis=0)
    straight = ~np.isfinite(half) | (found.clusters >= COCHRAN * _compute_skewness(found) ** 2)
    dense = asked & (changed >= FEWEST) & straight & (found.errors > ROUNDING)
    family, sparse = int(asked.sum()), int((asked & ~dense).sum())
    share = (1 - confidence) / family if family else 0.0
    limits: list[SimultaneousBound | None] = [None] * found.means.size
    for k in np.flatnonzero(asked & ~dense):
        limits[k] = _bound_alone(found, int(k), float(half[k]), share, family)
    if dense.any():
        deviations = _draw_deviations(found, dense, rng)
        widest = np.quantile(deviations, 1 - (1 - confidence) * (family - sparse) / family, method="higher")
        skewness = np.abs(_compute_skewness(found)) / (6 * np.sqrt(np.maximum(found.clusters, 1)))
        for k in np.flatnonzero(dense):
            count, mean, error = int(found.clusters[k]), float(found.means[k]), float(found.errors[k])
            # few clusters know no longer tail than they have: with them it is Student's, at each one's share, at least
            least = t_quantile(1 - share if count < SURE else confidence, count - 1.0)
            quantile, skew = max(float(widest), least), float(skewness[k])
            reach = (quantile + skew * (1 + 2 * quantile**2)) * error
            size = _undo_skewness(abs(mean) / error, skew)
            chance = (1 + int((deviations >= size).sum())) / (DRAWS + 1) * family / (family - sparse)
            inside = abs(mean) <= reach
            p_value = max(chance, float(np.nextafter(1 - confidence, 1))) if inside else min(chance, 1 - confidence)
            limits[k] = SimultaneousBound(
                max(-half[k], mean - reach), min(half[k], mean + reach), min(1.0, float(p_value))
            )
    return limits


def _compute_skewness(found: ColumnMeans) -> Floats:
    """Return (K,) the skewness of the clusters' deviations; 0 where they do not vary."""
    count = np.maximum(found.clusters, 1)
    second = (found.influence**2).sum(axis=0) / count
    third = (found.influence**3).sum(axis=0) / count
    result: Floats = np.divide(third, second**1.5, out=np.zeros(third.size), where=second > ROUNDING**2)
    return result


def _undo_skewness(size: float, skew: float) -> float:
    """Return the q of which ``q + skew (1 + 2 q^2)`` is a size, at least 0."""
    if skew < ROUNDING or size <= skew:
        return size if skew < ROUNDING else 0.0
    return float((-1 + math.sqrt(1 + 8 * skew * (size - skew))) / (4 * skew))


def _bound_alone(found: ColumnMeans, k: int, half: float, error: float, family: int) -> SimultaneousBound:
    """Return limits of one mean at its share of the family's error."""
    if not math.isfinite(half):
        return SimultaneousBound(-math.inf, math.inf, 1.0)
    there = found.sizes[:, k] > 0
    sums, sizes = found.sums[there, k], found.sizes[there, k]
    if there.sum() < 2:
        return SimultaneousBound(-half, half, 1.0)
    units = gather_units(np.clip(sums, -half * sizes, half * sizes), sizes, (-half, half))
    low, high = compute_limits(units, 1 - error)
    return SimultaneousBound(max(-half, low), min(half, high), min(1.0, family * compute_two_sided_p(units, 0.0)))


def _draw_deviations(found: ColumnMeans, columns: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Return (DRAWS,) the largest studentised deviation of any column when clusters' signs are drawn anew."""
    influence = found.influence[:, columns]
    count = found.clusters[columns].astype(np.float64)
    share = found.sizes[:, columns] / np.maximum(found.sizes[:, columns].sum(axis=0), 1.0)
    squares = (influence**2).sum(axis=0)
    largest = np.zeros(DRAWS)
    step = max(1, min(1000, 4_000_000 // max(1, len(influence))))  # many clusters shall not fill the memory
    for start in range(0, DRAWS, step):
        stop = min(DRAWS, start + step)
        signs = rng.integers(0, 2, (stop - start, influence.shape[0])).astype(np.float64) * 2 - 1
        total = signs @ influence
        # about the mean of the draw, in proportion to the clusters' sizes: sum (s u - h t)^2
        spread = squares - 2 * total * (signs @ (influence * share)) + total**2 * (share**2).sum(axis=0)
        spread = np.sqrt(np.maximum(spread, 1e-12 * squares) * count / (count - 1))
        largest[start:stop] = np.abs(total / spread).max(axis=1)
    return largest
