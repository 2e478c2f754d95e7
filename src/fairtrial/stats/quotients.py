"""A quotient of two means that may have either sign, with Fieller's interval: the price of one harm avoided.

Where the mean below is not told from 0, no interval bounds the quotient, and none is given (Fieller 1954,
doi:10.1111/j.2517-6161.1954.tb00159.x).  Knows arrays only.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.intervals import check_arrays, encode_clusters, t_quantile


@dataclass(frozen=True, slots=True)
class Quotient:
    """A quotient with its interval; infinite bounds where the items cannot bound it."""

    value: float
    low: float
    high: float


def estimate_quotient(above: Floats, below: Floats, clusters: Ints, confidence: float) -> Quotient | None:
    """Return ``sum(above) / sum(below)``; None if the sum below is 0.

    Args:
        above: (n,) e.g. dollars added, one an item; of either sign.
        below: (n,) e.g. harms avoided.
        clusters: (n,) items with the same number belong together.
        confidence: coverage of the interval for new items like these.

    Raises ValueError for malformed arrays.
    """
    check_arrays(above, np.ones_like(above), clusters)
    check_arrays(below, np.ones_like(below), clusters)
    codes = encode_clusters(clusters)
    sums = np.stack([np.bincount(codes, x).astype(np.float64) for x in (above, below)])
    count = sums.shape[1]
    a, b = (float(total) for total in sums.sum(axis=1))
    if b == 0:
        return None
    if count < 2:
        return Quotient(a / b, -np.inf, np.inf)
    covariance = np.cov(sums) * count  # of the two sums
    t = t_quantile(confidence, count - 1)
    aa, ab, bb = (float(covariance[i, j]) for i, j in ((0, 0), (0, 1), (1, 1)))
    lead = b * b - t * t * bb
    if lead <= 0:
        return Quotient(a / b, -np.inf, np.inf)
    middle = a * b - t * t * ab
    root = float(np.sqrt(max(0.0, middle * middle - lead * (a * a - t * t * aa))))
    return Quotient(a / b, (middle - root) / lead, (middle + root) / lead)
