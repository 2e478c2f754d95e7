"""Sums over clusters, and what intervals of a ratio of sums are made of.

Knows arrays of numbers; knows nothing of candidates, tasks or the ledger.  The estimate is ``sum(w v) / sum(w)``.  Its
variance is the delete-one-cluster jackknife (the CR3 form; Bell and McCaffrey 2002, Survey Methodology 28:169), with
Student's t on the effective number of clusters less one (Kish's ``1 / sum(h^2)`` over the clusters' weight shares h).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.gaffke import compute_limits, gather_units


@dataclass(frozen=True, slots=True)
class IntervalEstimate:
    """A mean with its interval; ``low`` and ``high`` are infinite where the data cannot bound it."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClusterTotals:
    """Sums over clusters.

    Attributes:
        values: (G,) sum of weight times value in each cluster.
        weights: (G,) sum of weights in each cluster; every one above 0.
    """

    values: Floats
    weights: Floats

    @property
    def ratio(self) -> float:
        """The estimate, ``sum(values) / sum(weights)``."""
        return float(self.values.sum() / self.weights.sum())

    @property
    def lone(self) -> bool:
        """Whether one cluster holds all the weight there is (up to rounding)."""
        return bool(self.weights.max() >= (1 - 1e-12) * self.weights.sum())

    def without_each(self) -> Floats:
        """Return (G,) the estimate without each cluster; must not be `lone`."""
        rest: Floats = (self.values.sum() - self.values) / (self.weights.sum() - self.weights)
        return rest


def sum_by_cluster(values: Floats, weights: Floats, codes: Ints) -> ClusterTotals:
    """Add up items of one cluster.

    Args:
        values: (n,) one value an item.
        weights: (n,) weights, at least 0, not all 0.
        codes: (n,) cluster numbers 0 .. G-1, as `encode_clusters` gives them.

    Raises:
        ValueError: an array is empty, not finite or of another length; a weight is negative; all weights are 0.
    """
    check_arrays(values, weights, codes)
    return ClusterTotals(
        np.bincount(codes, weights * values).astype(np.float64), np.bincount(codes, weights).astype(np.float64)
    )


def check_arrays(values: Floats, weights: Floats, clusters: Ints) -> None:
    """Raise ValueError if the arrays are not (n,), n > 0, finite, with weights at least 0 and not all 0."""
    if values.ndim != 1 or values.shape != weights.shape or values.shape != clusters.shape:
        raise ValueError(f"shapes {values.shape}, {weights.shape} and {clusters.shape} must be one and the same (n,)")
    if values.size == 0:
        raise ValueError("no items: an interval needs at least one")
    if not (np.isfinite(values).all() and np.isfinite(weights).all()):
        raise ValueError("values and weights must be finite")
    if (weights < 0).any() or not (weights > 0).any():
        raise ValueError("weights must be at least 0, and one of them above 0")


def check_bounds(values: Floats, bounds: tuple[float, float]) -> None:
    """Raise ValueError if a value lies outside ``bounds`` by more than rounding."""
    low, high = bounds
    slack = 1e-9 * (high - low)
    if values.min() < low - slack or values.max() > high + slack:
        raise ValueError(f"values from {values.min()} to {values.max()} lie outside the bounds {low} to {high}")


def encode_clusters(clusters: Ints) -> Ints:
    """Return (n,) cluster numbers 0 .. G-1 in order of first appearance of their sorted values."""
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def compute_effective_size(weights: Floats) -> float:
    """Return Kish's effective number of units, ``sum(w)^2 / sum(w^2)``; the plain number if all weigh the same."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def t_quantile(confidence: float, degrees: float) -> float:
    """Return the two-sided quantile of Student's t; infinite below half a degree of freedom (nothing is known)."""
    return float(special.stdtrit(degrees, 0.5 + confidence / 2)) if degrees >= 0.5 else float("inf")


def estimate(
    values: Floats,
    weights: Floats,
    clusters: Ints,
    confidence: float,
    bounds: tuple[float, float] | None = None,
) -> IntervalEstimate:
    """Return ``sum(w v) / sum(w)`` with a cluster-robust interval for the mean of *new items like these*.

    Args:
        values: (n,) one value an item (repeats already averaged).
        weights: (n,) weight of each item, at least 0.  Items of weight 0 count for nothing.
        clusters: (n,) items with the same number share a passage, template or image.
        confidence: coverage wanted, e.g. 0.95.
        bounds: smallest and largest possible value, or None.

    With bounds it is the interval of `fairtrial.stats.gaffke` over clusters, which holds for rare, large values, too;
    one cluster alone gives the whole range.  Clusters much heavier than those seen are not reckoned with.  Without
    bounds it is the t interval: one cluster gives (-inf, inf), and values without any spread give an interval of no
    width, since nothing in them says how far another value might lie.

    Raises:
        ValueError: see `check_arrays`; or a value lies outside ``bounds``.
    """
    check_arrays(values, weights, clusters)
    used = weights > 0
    values, weights = values[used], weights[used]
    codes = encode_clusters(clusters[used])
    sums = sum_by_cluster(values, weights, codes)
    if bounds is None:
        return _t_interval(sums, confidence)
    check_bounds(values, bounds)
    if bounds[1] <= bounds[0] or sums.lone:
        return IntervalEstimate(sums.ratio, *bounds)
    low, high = compute_limits(gather_units(sums.values, sums.weights, bounds), confidence)
    return IntervalEstimate(sums.ratio, max(bounds[0], low), min(bounds[1], high))


def jackknife_variance(without_each: Floats, whole: float) -> float:
    """Return the delete-one-cluster jackknife variance about the full estimate; ``without_each`` is (G,), G >= 2."""
    count = without_each.size
    return float((count - 1) / count * ((without_each - whole) ** 2).sum())


def _t_interval(sums: ClusterTotals, confidence: float) -> IntervalEstimate:
    mean = sums.ratio
    if sums.lone:
        return IntervalEstimate(mean, float("-inf"), float("inf"))
    spread = jackknife_variance(sums.without_each(), mean) ** 0.5
    if spread == 0:
        return IntervalEstimate(mean, mean, mean)
    half = t_quantile(confidence, compute_effective_size(sums.weights) - 1) * spread
    return IntervalEstimate(mean, mean - half, mean + half)
