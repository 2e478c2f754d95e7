"""A score interval for a mean of paired differences that stays honest when few pairs differ.

For items that are right or wrong it is Tango's interval for a paired difference of shares (Tango 1998,
doi:10.1002/(SICI)1097-0258(19980430)17:8<891::AID-SIM780>3.0.CO;2-B).  Graded differences and cluster means are first
written as that many effective events of one size: the size and numbers that keep their mean and mean square, after one
unseen event of the full range was added to the size.  Knows only numbers.
"""

from __future__ import annotations

import numpy as np

from fairtrial.stats.intervals import Floats

_UNSEEN_EVENTS = 1.0


def tango(up: float, down: float, number: float, z: float) -> tuple[float, float]:
    """Return the interval for ``(up - down) / number`` where ``up + down`` of ``number`` pairs differ.

    Args:
        up: pairs in which the first is right and the second wrong (a real number of effective pairs is allowed).
        down: pairs the other way round.
        number: all pairs, at least ``up + down``.
        z: quantile of the reference distribution, e.g. 1.96.

    >>> [round(x, 3) for x in tango(0, 0, 10, 1.96)]
    [-0.278, 0.278]
    """
    point = (up - down) / number
    return -_limit(down, up, number, z, -point), _limit(up, down, number, z, point)


def _limit(up: float, down: float, number: float, z: float, point: float) -> float:
    """Return the largest difference that the score test does not reject, by bisection between ``point`` and 1."""
    low, high = point, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _rejected(up, down, number, z, middle):
            high = middle
        else:
            low = middle
        if high - low < 1e-12:
            break
    return high


def _rejected(up: float, down: float, number: float, z: float, delta: float) -> bool:
    a = 2 * number
    b = -up - down + (2 * number - up + down) * delta
    c = -down * delta * (1 - delta)
    root = max(0.0, b * b - 4 * a * c) ** 0.5
    rare = max(0.0, (root - b) / (2 * a))
    variance = number * max(0.0, 2 * rare + delta * (1 - delta))
    return bool((up - down - number * delta) ** 2 > z * z * variance)


def score_interval(values: Floats, reach: float, z: float, stretch: float = 1.0) -> tuple[float, float]:
    """Return the interval for the mean of paired differences.

    Args:
        values: (G,) one difference a unit (an item, or the jackknife pseudo-value of a cluster).
        reach: size of the largest difference a unit could have shown; above 0.
        z: quantile of the reference distribution.
        stretch: factor on the number of units, at least 1: ``1 / (1 - sampled share)`` for a finite population.
    """
    size, squares = float(np.abs(values).sum()), float((values**2).sum())
    event = (squares + _UNSEEN_EVENTS * reach**2) / (size + _UNSEEN_EVENTS * reach)
    up = float(values[values > 0].sum()) / event
    down = float(-values[values < 0].sum()) / event
    number = max(float(values.size), up + down)
    low, high = tango(up * stretch, down * stretch, number * stretch, z)
    # `number` exceeds values.size only if the pseudo-values reach further than `reach`; the mean is over the units.
    scale = event * number / values.size
    return low * scale, high * scale
