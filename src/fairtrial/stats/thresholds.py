"""Thresholds learned from a sample, with a promise about what comes after.  Knows arrays only.

A unit (an item, or a cluster of them) has a signal for each of its items; items below the threshold go elsewhere.  Both
promises hold for units drawn like those learned from, and say nothing about others.
"""

from __future__ import annotations

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.betting import Units, best_log_wealth

GRID: Floats = np.concatenate([[0.0], 1 / (1 + np.exp(-np.linspace(-9, 9, 361))), [1.0]])
"""Thresholds that are tried for a margin: fixed beforehand, close together near both ends."""


def _compute_shares_below(signals: Floats, clusters: Ints, thresholds: Floats) -> Floats:
    """Return (units, T) the share of each unit's items whose signal is below each threshold."""
    codes = np.unique(clusters, return_inverse=True)[1]
    below = signals[:, None] < thresholds
    totals = np.zeros((codes.max() + 1, thresholds.size))
    np.add.at(totals, codes, below)
    return totals / np.bincount(codes)[:, None]


def choose_for_share(signals: Floats, clusters: Ints, share: float) -> float:
    """Return the largest threshold below which a new unit has, on average, at most ``share`` of its items.

    Conformal risk control (Angelopoulos, Bates, Fisch, Lei and Schuster 2022, arXiv 2208.02814): with n units seen, the
    mean with one more unit that lies wholly below must not exceed the share.  The average is over the units learned
    from, too.  Returns 0, which nothing lies below, where too few units were seen to promise more.

    >>> choose_for_share(np.arange(9) / 10, np.arange(9), 0.5)
    0.4
    """
    candidates = np.unique(np.concatenate([[0.0], signals, [np.nextafter(1.0, 2.0)]]))
    below = _compute_shares_below(signals, clusters, candidates)
    risk = (below.sum(axis=0) + 1.0) / (below.shape[0] + 1)
    fine = np.flatnonzero(risk <= share)
    if share >= 1:
        return float(candidates[-1])
    return float(candidates[fine[-1]]) if fine.size else 0.0


def choose_for_margin(signals: Floats, gains: Floats, clusters: Ints, margin: float, confidence: float) -> float:
    """Return the smallest threshold at which keeping what is not below it certainly loses less than ``margin``.

    Learn then test (Angelopoulos, Bates, Candes, Jordan and Lei 2021, arXiv 2110.01052) with fixed sequence testing:
    from "everything goes elsewhere" downwards, each threshold is tested against a loss of the margin by betting
    (Waudby-Smith and Ramdas 2023, arXiv 2010.09686) until one is not certain.  The largest is above 1: nothing is kept.

    Args:
        signals: (n,) from 0 to 1.
        gains: (n,) what is gained by asking elsewhere, from -1 to 1.
        clusters: (n,) items with one number are one unit.
        margin: mean loss that is allowed, above 0.
        confidence: of the claim.
    """
    codes = np.unique(clusters, return_inverse=True)[1]
    counts = np.bincount(codes)
    safe = float(np.nextafter(1.0, 2.0))
    for threshold in GRID[::-1]:
        lost = np.where(signals >= threshold, gains, 0.0)
        units = np.bincount(codes, weights=lost) / counts
        wealth = best_log_wealth(Units(-units, np.ones_like(units)), np.array([-margin]))[0]
        if wealth < -np.log(1 - confidence):
            break
        safe = float(threshold)
    return safe
