"""Intervals for one mean: a ratio of sums over items that may come in clusters.

Knows arrays of numbers; knows nothing of candidates, tasks or the ledger.  The estimate is ``sum(w v) / sum(w)``.  Its
variance is the delete-one-cluster jackknife (the CR3 form; Bell and McCaffrey 2002, Survey Methodology 28:169), with
Student's t on the effective number of clusters less one (Kish's ``1 / sum(h^2)`` over the clusters' weight shares h).
Bounded measures get a Clopper-Pearson interval on the effective number of items (Korn and Graubard 1998, Survey
Methodology 24:193), so that "all right" or "all wrong" never looks certain.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_UNSEEN = 0.25
"""Squared deviation, in squared ranges, of one unseen extreme value; keeps graded data without spread honest."""


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean with its interval; ``low`` and ``high`` are infinite where the data cannot bound it."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Totals:
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


def totals(values: Floats, weights: Floats, codes: Ints) -> Totals:
    """Add up items of one cluster.

    Args:
        values: (n,) one value an item.
        weights: (n,) weights, at least 0, not all 0.
        codes: (n,) cluster numbers 0 .. G-1, as `codes_of` gives them.

    Raises:
        ValueError: an array is empty, not finite or of another length; a weight is negative; all weights are 0.
    """
    check(values, weights, codes)
    return Totals(
        np.bincount(codes, weights * values).astype(np.float64), np.bincount(codes, weights).astype(np.float64)
    )


def check(values: Floats, weights: Floats, clusters: Ints) -> None:
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


def codes_of(clusters: Ints) -> Ints:
    """Return (n,) cluster numbers 0 .. G-1 in order of first appearance of their sorted values."""
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)


def effective_number(weights: Floats) -> float:
    """Return Kish's effective number of units, ``sum(w)^2 / sum(w^2)``; the plain number if all weigh the same."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def t_quantile(confidence: float, degrees: float) -> float:
    """Return the two-sided quantile of Student's t; infinite below half a degree of freedom (nothing is known)."""
    return float(special.stdtrit(degrees, 0.5 + confidence / 2)) if degrees >= 0.5 else float("inf")


def z_quantile(confidence: float) -> float:
    """Return the two-sided quantile of the normal distribution."""
    return float(special.ndtri(0.5 + confidence / 2))


def estimate(
    values: Floats,
    weights: Floats,
    clusters: Ints,
    confidence: float,
    bounds: tuple[float, float] | None = None,
) -> Interval:
    """Return ``sum(w v) / sum(w)`` with a cluster-robust interval for the mean of *new items like these*.

    Args:
        values: (n,) one value an item (repeats already averaged).
        weights: (n,) weight of each item, at least 0.  Items of weight 0 count for nothing.
        clusters: (n,) items with the same number share a passage, template or image.
        confidence: coverage wanted, e.g. 0.95.
        bounds: smallest and largest possible value, or None.

    With bounds the interval lies inside them, and one cluster alone gives the whole range.  Without bounds it is the t
    interval: one cluster gives (-inf, inf), and values without any spread give an interval of no width, since nothing
    in them says how far another value might lie.

    Raises:
        ValueError: see `check`; or a value lies outside ``bounds``.
    """
    check(values, weights, clusters)
    used = weights > 0
    values, weights = values[used], weights[used]
    codes = codes_of(clusters[used])
    sums = totals(values, weights, codes)
    if bounds is None:
        return _t_interval(sums, confidence)
    low, high = bounds
    check_bounds(values, bounds)
    if high <= low:
        return Interval(sums.ratio, low, high)
    share = Totals((sums.values - low * sums.weights) / (high - low), sums.weights)
    binary = bool(np.isin(values, (low, high)).all())
    below, above = _share_interval(share, confidence, effective_number(weights) if binary else None)
    return Interval(sums.ratio, low + below * (high - low), low + above * (high - low))


def jackknife_variance(without_each: Floats, whole: float) -> float:
    """Return the delete-one-cluster jackknife variance about the full estimate; ``without_each`` is (G,), G >= 2."""
    count = without_each.size
    return float((count - 1) / count * ((without_each - whole) ** 2).sum())


def _t_interval(sums: Totals, confidence: float) -> Interval:
    mean = sums.ratio
    if sums.lone:
        return Interval(mean, float("-inf"), float("inf"))
    spread = jackknife_variance(sums.without_each(), mean) ** 0.5
    if spread == 0:
        return Interval(mean, mean, mean)
    half = t_quantile(confidence, effective_number(sums.weights) - 1) * spread
    return Interval(mean, mean - half, mean + half)


def _share_interval(sums: Totals, confidence: float, items: float | None) -> tuple[float, float]:
    """Return the Korn-Graubard interval for a mean in [0, 1]; ``items`` caps the effective number for 0/1 data."""
    clusters = effective_number(sums.weights)
    mean = min(1.0, max(0.0, sums.ratio))
    degrees = clusters - 1
    if sums.lone or degrees < 0.5:
        return 0.0, 1.0
    independent = items is not None and items == sums.weights.size
    if independent and items is not None:
        return clopper_pearson(mean * items, items, confidence)
    variance = jackknife_variance(sums.without_each(), sums.ratio)
    if items is None:
        variance += _UNSEEN / clusters**2
    number = mean * (1 - mean) / variance if variance > 0 else clusters
    number = max(clusters, number if items is None else min(items, number))
    number *= (z_quantile(confidence) / t_quantile(confidence, degrees)) ** 2
    return clopper_pearson(mean * number, number, confidence)


def clopper_pearson(right: float, number: float, confidence: float) -> tuple[float, float]:
    """Return the exact interval for a share of ``right`` out of ``number`` (real numbers allowed).

    Clopper and Pearson 1934, doi:10.1093/biomet/26.4.404; never below its nominal coverage for whole numbers.

    >>> low, high = clopper_pearson(10, 10, 0.95)
    >>> round(low, 4), high
    (0.6915, 1.0)
    """
    tail = (1 - confidence) / 2
    wrong = max(0.0, number - right)
    low = float(special.betaincinv(right, wrong + 1, tail)) if right > 1e-12 else 0.0
    high = float(special.betaincinv(right + 1, wrong, 1 - tail)) if wrong > 1e-12 else 1.0
    return low, high
