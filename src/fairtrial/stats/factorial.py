"""Contrasts of several arms that answer the same items, and the main effects and interactions of a two-level design.

An *arm* is one combination of factors, each there or not.  A *contrast* is a weighted sum of the arms' means whose
weights add up to 0; on one item it is the same sum of the arms' values there, so that it is paired item by item.

Effects are on the scale of the values.  A factor's main effect is the mean over all combinations of the others of the
value with it less the value without it.  An interaction of two is the difference of such differences: what the two
bring together beyond what each brings without the other, on average over the rest; and so on for three.  Textbooks that
code levels as -1 and 1 have half, a quarter and so on of these (Box, Hunter and Hunter, Statistics for Experimenters
2005, chapter 5; Wu and Hamada, Experiments 2009, section 4.3).

All intervals of one call hold together; how is in `fairtrial.stats.simultaneous`.  Knows arrays only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations, product

import numpy as np

from fairtrial.stats.arrays import Bools, Floats, Ints
from fairtrial.stats.intervals import encode_clusters
from fairtrial.stats.simultaneous import ROUNDING, bound_together, summarise_columns


@dataclass(frozen=True, slots=True)
class ContrastEstimate:
    """A contrast on the items that all its arms have.

    Attributes:
        value: its mean.
        low, high: interval that holds together with those of the family; infinite where nothing bounds it.
        p_value: of "it is 0", adjusted for the family.
        items: that all its arms have.
        clusters: that these lie in.
    """

    value: float
    low: float
    high: float
    p_value: float
    items: int
    clusters: int


def list_combinations(factors: int) -> Bools:
    """Return (2**k, k) all combinations of k factors, the one without any first.

    >>> list_combinations(2).astype(int).tolist()
    [[0, 0], [1, 0], [0, 1], [1, 1]]
    """
    rows = [row[::-1] for row in product((False, True), repeat=factors)]
    return np.array(rows, dtype=np.bool_).reshape(len(rows), factors)


def make_effects(combined: Bools, most: int = 3) -> dict[tuple[int, ...], Floats]:
    """Return the weights of each effect over the arms of a full two-level design, by the factors that it is of.

    Args:
        combined: (2**k, k) which factors each arm has, every combination once.
        most: factors in an interaction at most.

    Raises ValueError if it is no full design.

    >>> [(factors, w.tolist()) for factors, w in make_effects(list_combinations(2)).items()]
    [((0,), [-0.5, 0.5, -0.5, 0.5]), ((1,), [-0.5, -0.5, 0.5, 0.5]), ((0, 1), [1.0, -1.0, -1.0, 1.0])]
    """
    arms, factors = combined.shape
    if arms != 2**factors or len({tuple(row) for row in combined.tolist()}) != arms:
        raise ValueError(f"{arms} arms are no full two-level design of {factors} factors")
    signs = np.where(combined, 1.0, -1.0)
    return {
        chosen: signs[:, list(chosen)].prod(axis=1) * 2.0**order / arms
        for order in range(1, min(most, factors) + 1)
        for chosen in combinations(range(factors), order)
    }


def estimate_contrasts(
    values: Floats,
    clusters: Ints,
    weights: Sequence[Floats],
    confidence: float,
    bounds: tuple[float, float] | None,
    rng: np.random.Generator,
) -> list[ContrastEstimate | None]:
    """Return each contrast; None for one of which no item has all arms.

    Args:
        values: (n, A) of each arm on each item, NaN where an arm has none.
        clusters: (n,) items with the same number belong together.
        weights: of each contrast, (A,), adding up to 0.
        confidence: with which all intervals hold.
        bounds: smallest and largest possible value, or None.
        rng: for the bootstrap.

    Without bounds, a contrast that is the same on every item is taken to be so always.  Raises ValueError if weights do
    not add up to 0 or do not fit.
    """
    for one in weights:
        if one.shape != values.shape[1:] or abs(float(one.sum())) > ROUNDING:
            raise ValueError(f"weights {one.tolist()} must be {values.shape[1]} numbers that add up to 0")
    if not weights:
        return []
    table = np.stack([_apply_weights(values, one) for one in weights], axis=1)
    found = summarise_columns(table, clusters)
    reach = np.inf if bounds is None else bounds[1] - bounds[0]
    half = np.array([reach * float(np.abs(one).sum()) / 2 for one in weights])
    limits = bound_together(found, confidence, half, rng)
    made: list[ContrastEstimate | None] = []
    for k, limit in enumerate(limits):
        there = np.isfinite(table[:, k])
        if limit is None:
            made.append(None)
            continue
        value, low, high, p_value = float(found.means[k]), limit.low, limit.high, limit.p_value
        if bounds is None and float(np.ptp(table[there, k])) <= ROUNDING:
            low = high = value
            p_value = 1.0 if abs(value) <= ROUNDING else 0.0
        made.append(ContrastEstimate(value, low, high, p_value, int(there.sum()), int(found.clusters[k])))
    return made


def _apply_weights(values: Floats, weights: Floats) -> Floats:
    """Return (n,) the weighted sum of the arms that count; NaN where one of them is missing."""
    used = np.flatnonzero(weights)
    result: Floats = values[:, used] @ weights[used]
    return result


def find_rank_bounds(lows: Floats) -> list[tuple[int, int]]:
    """Return the best and the worst place that each of K effects can have.

    Args:
        lows: (K, K) lower limit of "effect i less effect j", all holding together; minus infinity where nothing is
            known.  The diagonal is not read.

    An effect stands behind those that are certainly larger, and before those that are certainly smaller.  With the
    confidence of the limits, all places together hold the true order (Mogstad, Romano, Shaikh and Wilhelm 2024,
    doi:10.1093/restud/rdad006).

    >>> find_rank_bounds(np.array([[0.0, 0.1, 0.2], [-0.5, 0.0, -0.1], [-0.6, -0.3, 0.0]]))
    [(1, 1), (2, 3), (2, 3)]
    """
    count = len(lows)
    ahead = (lows > 0) & ~np.eye(count, dtype=bool)
    return [(1 + int(ahead[:, k].sum()), count - int(ahead[k].sum())) for k in range(count)]


@dataclass(frozen=True, slots=True)
class OrderShares:
    """How often an order stays when clusters of items are drawn again.

    Attributes:
        first: (K,) share of the draws in which the effect is the largest, ties shared.
        same: share of the draws in which all effects stand in the order of their values.
    """

    first: Floats
    same: float


def draw_orders(
    values: Floats, clusters: Ints, weights: Sequence[Floats], rng: np.random.Generator, draws: int = 2000
) -> OrderShares | None:
    """Return how often the order of some contrasts stays; None if no item has all their arms.

    Args:
        values, clusters, weights: as of `estimate_contrasts`.
        rng: for the draws.
        draws: of as many clusters as there are, with replacement.
    """
    table = np.stack([_apply_weights(values, one) for one in weights], axis=1)
    there = np.isfinite(table).all(axis=1)
    if not there.any():
        return None
    table, codes = table[there], encode_clusters(clusters[there])
    count = int(codes.max()) + 1
    sums = np.zeros((count, table.shape[1] + 1))
    np.add.at(sums, codes, np.column_stack([table, np.ones(len(table))]))
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=draws) @ sums
    means = drawn[:, :-1] / drawn[:, -1:]
    top = means >= means.max(axis=1, keepdims=True) - ROUNDING
    order = np.argsort(-table.mean(axis=0), kind="stable")
    steps = np.diff(means[:, order], axis=1)
    return OrderShares(
        (top / top.sum(axis=1, keepdims=True)).mean(axis=0), float((steps < -ROUNDING).all(axis=1).mean())
    )
