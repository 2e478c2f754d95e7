"""Gaps of many groups in counterfactual pairs: each group against the others in the same pairs, all of them at once.

A *pair* is one question asked about every group.  A group's gap is the mean over pairs of its value less the mean of
the other groups' values in that pair, so that what makes a question hard for all cancels out.  Every pair counts the
same.

The intervals of a family hold together: with the confidence given, all of them contain their gap.  They come from the
largest studentised deviation of the family (max-t; Westfall and Young 1993; Romano and Wolf 2005,
doi:10.1198/016214504000000539), whose distribution is found by a wild bootstrap over clusters with Rademacher signs,
studentised anew in each draw (Cameron, Gelbach and Miller 2008, doi:10.1162/rest.90.3.414).  p-values are those of the
same distribution, so that a gap has p at most 1 - confidence exactly where its interval excludes 0.

That distribution is symmetric, and an approximation for many clusters.  Intervals are widened on both sides by what
skewness may move them (Johnson 1978, doi:10.1080/01621459.1978.10480051).  Where that is not enough, by
Cochran's rule for means (25 times the squared skewness; Sampling Techniques 1977, section 2.15) and for few clusters
that say anything, a bounded value gets the interval of `fairtrial.stats.gaffke` instead, which needs no approximation,
at its share of the error (Bonferroni), and the others share the rest.  Knows arrays only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from fairtrial.stats.gaffke import compute_limits, compute_two_sided_p, gather_units
from fairtrial.stats.intervals import Floats, Ints, encode_clusters, t_quantile

DRAWS = 4999
"""Of the bootstrap."""

FEWEST = 15
"""Clusters with a gap other than 0 that a group needs for the bootstrap."""

SURE = 40
"""Clusters from which on the bootstrap's quantile stands alone; with fewer it is Bonferroni's at least."""

COCHRAN = 25.0
"""Times the squared skewness: as many clusters a bounded value needs for it."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class GroupGap:
    """One group against the others in the same pairs.

    Attributes:
        mean: of the group's values in the pairs in which there are others.
        others: mean over these pairs of the others' mean.
        gap: ``mean - others``.
        low, high: interval of the gap that holds together with those of the family; infinite where nothing bounds it.
        p_value: of "there is no gap", adjusted for the family.
        standardised: the gap over the standard deviation of its values in single clusters (Cohen's d of paired values);
            None where that is 0.
        pairs: in which the group is compared.
        clusters: that these pairs lie in.
    """

    mean: float
    others: float
    gap: float
    low: float
    high: float
    p_value: float
    standardised: float | None
    pairs: int
    clusters: int


@dataclass(frozen=True, slots=True)
class GapChange:
    """One group's gaps with two candidates, A and B, in the same pairs.

    Attributes:
        a, b: the gaps.
        difference: ``a - b``.
        low, high: its interval, which holds together with all of the family.
        p_value: of "the gaps are the same", adjusted for the family.
        word: whether A's gap is ``smaller`` than B's, whatever their directions, ``larger``, ``tied`` within the
            margin, or ``undecided``.
        pairs: that both have.
        clusters: that these lie in.
    """

    a: float
    b: float
    difference: float
    low: float
    high: float
    p_value: float
    word: Literal["smaller", "larger", "tied", "undecided"]
    pairs: int
    clusters: int


@dataclass(frozen=True, slots=True)
class _Means:
    """Means of the columns of a table with gaps, and how far each of its clusters is from them; arrays of K columns."""

    means: Floats
    errors: Floats
    influence: Floats
    """(G, K)"""
    sums: Floats
    sizes: Floats
    """(G, K)"""
    clusters: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Bound:
    low: float
    high: float
    p_value: float


def compare_groups(
    values: Floats, clusters: Ints, confidence: float, bounds: tuple[float, float] | None, rng: np.random.Generator
) -> list[GroupGap | None]:
    """Return each group's gap to the others; None for a group that no pair compares.

    Args:
        values: (P, K) value of each group in each pair, NaN where the pair has none.  Groups of different attributes
            are columns of the same table that no pair has together.
        clusters: (P,) pairs with the same number are not independent of each other.
        confidence: with which all intervals hold.
        bounds: smallest and largest possible value, or None.
        rng: for the bootstrap.

    Raises ValueError if shapes do not fit, or a value is infinite or outside the bounds.
    """
    _check(values, clusters, bounds)
    others = _average_others(values)
    found = _summarise(values - others, clusters)
    width = None if bounds is None else bounds[1] - bounds[0]
    limits = _bound_together(found, confidence, np.full(values.shape[1], math.inf if width is None else width), rng)
    made: list[GroupGap | None] = []
    for k, limit in enumerate(limits):
        there = np.isfinite(values[:, k] - others[:, k])
        if limit is None:
            made.append(None)
            continue
        spread = found.errors[k] * math.sqrt(found.clusters[k])
        made.append(
            GroupGap(
                mean=float(values[there, k].mean()),
                others=float(others[there, k].mean()),
                gap=float(found.means[k]),
                low=limit.low,
                high=limit.high,
                p_value=limit.p_value,
                standardised=float(found.means[k] / spread) if spread > _ROUNDING else None,
                pairs=int(there.sum()),
                clusters=int(found.clusters[k]),
            )
        )
    return made


def compare_gaps(
    a: Floats,
    b: Floats,
    clusters: Ints,
    confidence: float,
    bounds: tuple[float, float] | None,
    margin: float,
    rng: np.random.Generator,
) -> list[GapChange | None]:
    """Return whether each group's gap is smaller with A than with B, by the pairs that both have.

    A gap is smaller in size where (A - B)(A + B) < 0, so that the intervals of the gaps' difference and of their sum
    decide it, whichever way the gaps go; they hold together for all groups.

    Args:
        a: (P, K) values of candidate A, as of `compare_groups`.
        b: (P, K) those of candidate B.
        clusters: (P,) of pairs.
        confidence: with which all intervals hold.
        bounds: of a value, or None.
        margin: gaps whose difference is certainly inside +-margin are tied.
        rng: for the bootstrap.
    """
    _check(a, clusters, bounds)
    _check(b, clusters, bounds)
    shared = np.isfinite(a) & np.isfinite(b)
    a, b = np.where(shared, a, np.nan), np.where(shared, b, np.nan)
    gaps_a, gaps_b = a - _average_others(a), b - _average_others(b)
    groups = a.shape[1]
    found = _summarise(np.hstack([gaps_a - gaps_b, gaps_a + gaps_b]), clusters)
    width = math.inf if bounds is None else 2 * (bounds[1] - bounds[0])
    limits = _bound_together(found, confidence, np.full(2 * groups, width), rng)
    made: list[GapChange | None] = []
    for k, (difference, total) in enumerate(zip(limits[:groups], limits[groups:], strict=True)):
        if difference is None or total is None:
            made.append(None)
            continue
        mean, whole = float(found.means[k]), float(found.means[groups + k])
        made.append(
            GapChange(
                a=(whole + mean) / 2,
                b=(whole - mean) / 2,
                difference=mean,
                low=difference.low,
                high=difference.high,
                p_value=difference.p_value,
                word=_decide(difference, total, margin),
                pairs=int(np.isfinite(gaps_a[:, k]).sum()),
                clusters=int(found.clusters[k]),
            )
        )
    return made


def _decide(difference: _Bound, total: _Bound, margin: float) -> Literal["smaller", "larger", "tied", "undecided"]:
    if -margin <= difference.low and difference.high <= margin:
        return "tied"
    signs = [1 if one.low > 0 else -1 if one.high < 0 else 0 for one in (difference, total)]
    product = signs[0] * signs[1]
    return "smaller" if product < 0 else "larger" if product > 0 else "undecided"


def _check(values: Floats, clusters: Ints, bounds: tuple[float, float] | None) -> None:
    if values.ndim != 2 or clusters.shape != values.shape[:1]:
        raise ValueError(f"values {values.shape} must be (P, K) and clusters {clusters.shape} (P,)")
    if np.isinf(values).any():
        raise ValueError("a value is infinite")
    known = values[np.isfinite(values)]
    if bounds is not None and known.size:
        slack = 1e-9 * (bounds[1] - bounds[0])
        if known.min() < bounds[0] - slack or known.max() > bounds[1] + slack:
            raise ValueError(f"values from {known.min()} to {known.max()} lie outside the bounds {bounds}")


def _average_others(values: Floats) -> Floats:
    """Return (P, K) the mean of the other groups' values in the same pair; NaN where there are none."""
    there = np.isfinite(values)
    filled = np.where(there, values, 0.0)
    count = there.sum(axis=1, keepdims=True) - there
    total = filled.sum(axis=1, keepdims=True) - filled
    result: Floats = np.divide(total, count, out=np.full(values.shape, np.nan), where=there & (count > 0))
    return result


def _summarise(table: Floats, clusters: Ints) -> _Means:
    """Return the means of the columns of (P, K), with errors by clusters."""
    codes = encode_clusters(clusters)
    there = np.isfinite(table)
    shape = (int(codes.max(initial=-1)) + 1, table.shape[1])
    sums, sizes = np.zeros(shape), np.zeros(shape)
    np.add.at(sums, codes, np.where(there, table, 0.0))
    np.add.at(sizes, codes, there.astype(np.float64))
    weight = sizes.sum(axis=0)
    means = np.divide(sums.sum(axis=0), weight, out=np.full(shape[1], np.nan), where=weight > 0)
    influence = np.where(sizes > 0, sums - sizes * np.nan_to_num(means), 0.0)
    count = (sizes > 0).sum(axis=0)
    factor = np.divide(count, count - 1, out=np.zeros(shape[1]), where=count > 1)
    errors = np.divide(np.sqrt(factor * (influence**2).sum(axis=0)), weight, out=np.zeros(shape[1]), where=weight > 0)
    return _Means(means, errors, influence, sums, sizes, count)


def _bound_together(found: _Means, confidence: float, half: Floats, rng: np.random.Generator) -> list[_Bound | None]:
    """Return limits of all means that hold together; None for a column without any value.

    Args:
        found: the means.
        confidence: with which all hold.
        half: (K,) half the range of a value, around 0.
        rng: for the bootstrap.
    """
    asked = found.clusters > 0
    changed = (np.abs(found.sums) > _ROUNDING).sum(axis=0)
    straight = ~np.isfinite(half) | (found.clusters >= COCHRAN * _compute_skewness(found) ** 2)
    dense = asked & (changed >= FEWEST) & straight & (found.errors > _ROUNDING)
    family, sparse = int(asked.sum()), int((asked & ~dense).sum())
    share = (1 - confidence) / family if family else 0.0
    limits: list[_Bound | None] = [None] * found.means.size
    for k in np.flatnonzero(asked & ~dense):
        limits[k] = _bound_alone(found, int(k), float(half[k]), share, family)
    if dense.any():
        deviations = _draw_deviations(found, dense, rng)
        widest = np.quantile(deviations, 1 - (1 - confidence) * (family - sparse) / family, method="higher")
        skewness = np.abs(_compute_skewness(found)) / (6 * np.sqrt(np.maximum(found.clusters, 1)))
        for k in np.flatnonzero(dense):
            count, mean, error = int(found.clusters[k]), float(found.means[k]), float(found.errors[k])
            # few clusters know no longer tail than they have: with them it is Student's, at each one's share, at least
            least = t_quantile(1 - share if count < SURE else confidence, count - 1.0)
            quantile, skew = max(float(widest), least), float(skewness[k])
            reach = (quantile + skew * (1 + 2 * quantile**2)) * error
            size = _undo_skewness(abs(mean) / error, skew)
            chance = (1 + int((deviations >= size).sum())) / (DRAWS + 1) * family / (family - sparse)
            inside = abs(mean) <= reach
            p_value = max(chance, float(np.nextafter(1 - confidence, 1))) if inside else min(chance, 1 - confidence)
            limits[k] = _Bound(max(-half[k], mean - reach), min(half[k], mean + reach), min(1.0, float(p_value)))
    return limits


def _compute_skewness(found: _Means) -> Floats:
    """Return (K,) the skewness of the clusters' deviations; 0 where they do not vary."""
    count = np.maximum(found.clusters, 1)
    second = (found.influence**2).sum(axis=0) / count
    third = (found.influence**3).sum(axis=0) / count
    result: Floats = np.divide(third, second**1.5, out=np.zeros(third.size), where=second > _ROUNDING**2)
    return result


def _undo_skewness(size: float, skew: float) -> float:
    """Return the q of which ``q + skew (1 + 2 q^2)`` is a size, at least 0."""
    if skew < _ROUNDING or size <= skew:
        return size if skew < _ROUNDING else 0.0
    return float((-1 + math.sqrt(1 + 8 * skew * (size - skew))) / (4 * skew))


def _bound_alone(found: _Means, k: int, half: float, error: float, family: int) -> _Bound:
    """Return limits of one mean at its share of the family's error."""
    if not math.isfinite(half):
        return _Bound(-math.inf, math.inf, 1.0)
    there = found.sizes[:, k] > 0
    sums, sizes = found.sums[there, k], found.sizes[there, k]
    if there.sum() < 2:
        return _Bound(-half, half, 1.0)
    units = gather_units(np.clip(sums, -half * sizes, half * sizes), sizes, (-half, half))
    low, high = compute_limits(units, 1 - error)
    return _Bound(max(-half, low), min(half, high), min(1.0, family * compute_two_sided_p(units, 0.0)))


def _draw_deviations(found: _Means, columns: NDArray[np.bool_], rng: np.random.Generator) -> Floats:
    """Return (DRAWS,) the largest studentised deviation of any column when clusters' signs are drawn anew."""
    influence = found.influence[:, columns]
    count = found.clusters[columns].astype(np.float64)
    share = found.sizes[:, columns] / np.maximum(found.sizes[:, columns].sum(axis=0), 1.0)
    squares = (influence**2).sum(axis=0)
    largest = np.zeros(DRAWS)
    for start in range(0, DRAWS, 1000):
        stop = min(DRAWS, start + 1000)
        signs = rng.integers(0, 2, (stop - start, influence.shape[0])).astype(np.float64) * 2 - 1
        total = signs @ influence
        # about the mean of the draw, in proportion to the clusters' sizes: sum (s u - h t)^2
        spread = squares - 2 * total * (signs @ (influence * share)) + total**2 * (share**2).sum(axis=0)
        spread = np.sqrt(np.maximum(spread, 1e-12 * squares) * count / (count - 1))
        largest[start:stop] = np.abs(total / spread).max(axis=1)
    return largest
