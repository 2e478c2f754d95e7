"""Intervals that others use for paired differences, to set ours beside.  Knows only numbers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fairtrial.stats.paired import PairedSample, t_interval

Floats = NDArray[np.float64]


def t_limits(differences: Floats, codes: NDArray[np.int64] | None = None) -> tuple[float, float]:
    """Return the 95% t interval of a mean difference, by the jackknife over clusters; infinite for one of them.

    Not refused for a handful of clusters, as `fairtrial.stats.paired.t_interval` is.
    """
    zeros, ones = np.zeros(differences.size), np.ones(differences.size)
    codes = np.arange(differences.size) if codes is None else codes
    if int(codes[-1]) + 1 < 2:
        return -np.inf, np.inf
    if int(codes[-1]) + 1 >= 6:
        return t_interval(PairedSample(differences, ones, zeros, ones, codes), 0.95)
    sums, sizes = np.bincount(codes, differences), np.bincount(codes).astype(float)
    mean = float(sums.sum() / sizes.sum())
    rest = (sums.sum() - sums) / (sizes.sum() - sizes)
    count = sums.size
    spread = float((count - 1) / count * ((rest - mean) ** 2).sum()) ** 0.5
    degrees = max(0.5, float(sizes.sum() ** 2 / (sizes**2).sum()) - 1)
    half = float(special.stdtrit(degrees, 0.975)) * spread
    return mean - half, mean + half


def tango(up: float, down: float, number: float, z: float) -> tuple[float, float]:
    """Return Tango's score interval (1998) for ``(up - down) / number`` where ``up + down`` of ``number`` pairs differ.

    doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B

    >>> [round(x, 3) for x in tango(0, 0, 10, 1.96)]
    [-0.278, 0.278]
    """
    point = (up - down) / number
    return -_limit(down, up, number, z, -point), _limit(up, down, number, z, point)


def _limit(up: float, down: float, number: float, z: float, point: float) -> float:
    """Return the largest difference that the score test does not reject, by bisection between ``point`` and 1."""
    low, high = point, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        if _rejected(up, down, number, z, middle):
            high = middle
        else:
            low = middle
    return high


def _rejected(up: float, down: float, number: float, z: float, delta: float) -> bool:
    a = 2 * number
    b = -up - down + (2 * number - up + down) * delta
    c = -down * delta * (1 - delta)
    root = max(0.0, b * b - 4 * a * c) ** 0.5
    rare = max(0.0, (root - b) / (2 * a))
    variance = number * max(0.0, 2 * rare + delta * (1 - delta))
    return bool((up - down - number * delta) ** 2 > z * z * variance)
