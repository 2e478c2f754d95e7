"""How many more items would settle a comparison, if things stay as they are.  A guess, not a promise."""

from __future__ import annotations

import math

import numpy as np


def estimate_more_items(
    difference: float, ends: tuple[float, float], used: int, limits: tuple[float, float], spread: float = math.inf
) -> int | None:
    """Return about how many more items would make a fixed-sample interval exclude 0, or fit into the margin.

    What the differences vary, ``spread`` of the distance of an end, falls with the root of the number of items; the
    rest, which allows for what has not been seen yet, with the number itself.  (Both fall to 0 at the end of a finite
    benchmark.)  None if the ends are infinite, or neither outcome is in sight.

    Args:
        difference: as estimated.
        ends: of its interval.
        used: items so far.
        limits: the margin, and the share of all items that was asked (0 where new items could be drawn).
        spread: half width of an interval of what the differences vary; infinite if all of the distance is that.
    """
    margin, share = limits
    over, under = ends[1] - difference, difference - ends[0]
    if not np.isfinite([over, under]).all():
        return None
    shrinks = []
    if abs(difference) > 1e-9 and 0.0 not in ends:  # else it was widened to hold 0; no number of items is told by that
        shrinks.append(_compute_growth(under if difference > 0 else over, spread, abs(difference)))
    if abs(difference) < margin:
        above, below = margin - difference, margin + difference
        shrinks.append(max(_compute_growth(over, spread, above), _compute_growth(under, spread, below)))
    if not shrinks:
        return None
    shrink = max(1.0, min(shrinks))
    number = used * shrink if share == 0 else used / (share + (1 - share) / shrink)
    return max(1, int(np.ceil(number - used)))


def _compute_growth(distance: float, spread: float, wanted: float) -> float:
    """Return how many times as many items bring an end from ``distance`` to the distance that is ``wanted``."""
    rooted = min(spread, distance)
    rest = distance - rooted
    if rest <= 1e-9 * distance:
        return (distance / wanted) ** 2
    root = (math.sqrt(rooted**2 + 4 * rest * wanted) - rooted) / (2 * rest)  # of rest x^2 + rooted x = wanted
    return 1 / max(root, 1e-9) ** 2
