"""How far two graders agree beyond chance: Cohen's kappa with quadratic weights, and an interval for it.

Cohen 1968 (doi:10.1037/h0026256).  For two grades the weights make no difference.  The interval is that of the
percentile bootstrap over items (Efron and Tibshirani 1993, ch. 13).  Knows arrays of numbers only.
"""

from __future__ import annotations

import numpy as np

from fairtrial.stats.arrays import Floats
from fairtrial.stats.intervals import IntervalEstimate

DRAWS = 2000


def compute_kappa(a: Floats, b: Floats) -> float | None:
    """Return the kappa of two graders, 1 for full agreement and 0 for that of chance.

    Args:
        a, b: (n,) their grades of the same items, as numbers.

    None where it is not defined: no items, or both give one and the same grade throughout.
    """
    if a.size == 0:
        return None
    expected = float(np.mean(a**2) - 2 * a.mean() * b.mean() + np.mean(b**2))
    if expected <= 1e-15:
        return None
    return 1 - float(np.mean((a - b) ** 2)) / expected


def estimate_kappa(a: Floats, b: Floats, confidence: float, rng: np.random.Generator) -> IntervalEstimate | None:
    """Return kappa with its interval; None where it is not defined.

    Args:
        a, b: (n,) grades of the same items.
        confidence: coverage, e.g. 0.95.
        rng: draws items; draws in which kappa is not defined are left out.
    """
    whole = compute_kappa(a, b)
    if whole is None:
        return None
    at = rng.integers(a.size, size=(DRAWS, a.size))
    x, y = a[at], b[at]
    expected = (x**2).mean(axis=1) - 2 * x.mean(axis=1) * y.mean(axis=1) + (y**2).mean(axis=1)
    defined = expected > 1e-15
    drawn = 1 - ((x - y) ** 2).mean(axis=1)[defined] / expected[defined]
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return IntervalEstimate(whole, float(low), float(high))
