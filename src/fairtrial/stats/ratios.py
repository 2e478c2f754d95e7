"""Ratios of two sums with an interval: dollars per correct answer, tokens per second, times as fast.

Knows arrays only.  The interval is made for the logarithm of the ratio, whose delete-one-cluster jackknife is well
behaved where the ratio itself is skewed, so it never holds a negative cost (the jackknife: Quenouille 1956,
doi:10.1093/biomet/43.3-4.353; the rule of t: `fairtrial.stats.intervals`).  A denominator of nothing gives no ratio.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.intervals import (
    check_arrays,
    compute_effective_size,
    encode_clusters,
    jackknife_variance,
    t_quantile,
)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of sums, with its interval: 0 to infinity where the data cannot bound it."""

    value: float
    low: float
    high: float


def estimate_ratio(above: Floats, below: Floats, clusters: Ints, confidence: float) -> Ratio:
    """Return ``sum(above) / sum(below)``, e.g. dollars over right answers.

    Args:
        above: (n,) at least 0, one an item.
        below: (n,) at least 0.
        clusters: (n,) items with the same number share a passage, template or image.
        confidence: coverage of the interval for new items like these.

    Raises:
        ValueError: malformed arrays, negative values, or one of the two sums is 0.
    """
    check_arrays(above, below, clusters)
    if (above < 0).any() or not (above > 0).any():
        raise ValueError("the numerator must be at least 0 everywhere and above 0 somewhere")
    codes = encode_clusters(clusters)
    return _estimate_product(np.stack([np.bincount(codes, x).astype(np.float64) for x in (above, below)]), confidence)


def compare_ratios(a: tuple[Floats, Floats], b: tuple[Floats, Floats], clusters: Ints, confidence: float) -> Ratio:
    """Return how many times A's ratio is B's, paired by item: 1.2 is a fifth dearer, an interval without 1 is certain.

    Args:
        a: A's numerators and denominators, each (n,); denominators of 1 compare plain means.
        b: B's, on the same items.
        clusters: (n,).
        confidence: coverage.

    Raises:
        ValueError: as `estimate_ratio`.
    """
    codes = encode_clusters(clusters)
    for above, below in (a, b):
        check_arrays(above, below, clusters)
        if (above < 0).any() or not (above > 0).any():
            raise ValueError("numerators must be at least 0 everywhere and above 0 somewhere")
    parts = np.stack([np.bincount(codes, x).astype(np.float64) for x in (a[0], a[1], b[1], b[0])])
    return _estimate_product(parts, confidence)


def _estimate_product(parts: Floats, confidence: float) -> Ratio:
    """Return the product of the sums at even places over those at odd places; ``parts`` is (P, G)."""
    signs = np.where(np.arange(len(parts)) % 2 == 0, 1.0, -1.0)
    sums = parts.sum(axis=1)
    value = float(np.exp(signs @ np.log(sums)))
    rest = sums[:, None] - parts
    degrees = compute_effective_size((parts / sums[:, None]).mean(axis=0)) - 1
    if (rest <= 1e-12 * sums[:, None]).any() or degrees < 0.5:
        return Ratio(value, 0.0, float("inf"))
    spread = jackknife_variance(signs @ np.log(rest), float(np.log(value))) ** 0.5
    half = t_quantile(confidence, degrees) * spread
    return Ratio(value, value * float(np.exp(-half)), value * float(np.exp(min(700.0, half))))
