"""p-values of the hypothesis that it makes no difference which of two candidates gave an answer.

Exact McNemar for items that are right or wrong, sign flips of whole clusters for measures without bounds.  Knows only
numbers.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from fairtrial.stats.arrays import Floats
from fairtrial.stats.intervals import ClusterTotals

EXACT_UP_TO = 12
"""Clusters that differ, up to which all 2^G assignments are enumerated."""

NORMAL_FROM = 1000
"""Clusters that differ, from which the normal limit of the permutation distribution is used."""

FLIPS = 9_999

_AT_ONCE = 1_000
"""Random assignments held in memory at a time."""


def mcnemar(up: int, down: int) -> float:
    """Return the exact two-sided p-value that, of ``up + down`` pairs that differ, either way is equally likely.

    McNemar 1947, doi:10.1007/BF02295996, in its exact binomial form; 1 if no pair differs.

    >>> mcnemar(5, 0)
    0.0625
    """
    number = up + down
    return min(1.0, 2 * float(special.bdtr(min(up, down), number, 0.5))) if number else 1.0


def sign_flip(a: ClusterTotals, b: ClusterTotals, seed: int = 0) -> tuple[float, str]:
    """Return the two-sided p-value, and its method, when whole clusters may swap their two candidates.

    Under the hypothesis each cluster's pair of totals is as likely the other way round; the statistic is the absolute
    difference of the two ratios.  All assignments are enumerated for up to 12 clusters that differ; for up to 1,000
    there are 9,999 random ones by ``seed`` (p = (1 + as large) / 10,000, valid: Phipson and Smyth 2010,
    doi:10.2202/1544-6115.1585; if none is as large, the bound of Hoeffding 1963, doi:10.1080/01621459.1963.10500830,
    where it is smaller); beyond, the normal limit.
    """
    differ = (a.values != b.values) | (a.weights != b.weights)
    number = int(differ.sum())
    if number == 0:
        return 1.0, "no cluster differs"
    seen = abs(a.ratio - b.ratio)
    if number > NORMAL_FROM:
        return _normal_limit(a, b), "sign flips of clusters (normal limit)"
    if number <= EXACT_UP_TO:
        every = ((np.arange(2**number)[:, None] >> np.arange(number)) & 1).astype(np.float64)
        return float(_is_at_least(a, b, differ, every, seen).mean()), "sign flips of clusters (exact)"
    rng, larger = np.random.default_rng(seed), 0
    for start in range(0, FLIPS, _AT_ONCE):
        flips = rng.integers(0, 2, (min(_AT_ONCE, FLIPS - start), number)).astype(np.float64)
        larger += int(_is_at_least(a, b, differ, flips, seen).sum())
    p_value = (1 + larger) / (1 + FLIPS)
    if not larger:
        p_value = min(p_value, 2 * float(np.exp(-(_standardise(a, b) ** 2) / 2)))
    return p_value, f"sign flips of clusters ({FLIPS:,} random)"


def _is_at_least(a: ClusterTotals, b: ClusterTotals, differ: np.ndarray, flips: Floats, seen: float) -> np.ndarray:
    """Return, for each row of ``flips`` (1 = swapped), whether the difference is as large as the one seen."""
    value_change = flips @ (b.values - a.values)[differ]
    weight_change = flips @ (b.weights - a.weights)[differ]
    a_weights, b_weights = a.weights.sum() + weight_change, b.weights.sum() - weight_change
    defined = (a_weights > 0) & (b_weights > 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        difference = (a.values.sum() + value_change) / a_weights - (b.values.sum() - value_change) / b_weights
    result: np.ndarray = ~defined | (np.abs(difference) >= seen * (1 - 1e-12) - 1e-15)
    return result


def _normal_limit(a: ClusterTotals, b: ClusterTotals) -> float:
    return float(2 * special.ndtr(-_standardise(a, b)))


def _standardise(a: ClusterTotals, b: ClusterTotals) -> float:
    """Return the absolute difference over its spread about the hypothesis, by the linearised statistic."""
    pooled = (a.values.sum() + b.values.sum()) / (a.weights.sum() + b.weights.sum())
    weight = (a.weights.sum() + b.weights.sum()) / 2
    steps = (a.values - pooled * a.weights - b.values + pooled * b.weights) / weight
    return float(abs(a.ratio - b.ratio) / (steps**2).sum() ** 0.5)
