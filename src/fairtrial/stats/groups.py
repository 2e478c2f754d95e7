"""Gaps of many groups in counterfactual pairs: each group against the others in the same pairs, all of them at once.

A *pair* is one question asked about every group.  A group's gap is the mean over pairs of its value less the mean of
the other groups' values in that pair, so that what makes a question hard for all cancels out.  Every pair counts the
same.

The intervals of a family hold together; how is in `fairtrial.stats.simultaneous`.  Knows arrays only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.simultaneous import ROUNDING, SimultaneousBound, bound_together, summarise_columns


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
    found = summarise_columns(values - others, clusters)
    width = None if bounds is None else bounds[1] - bounds[0]
    limits = bound_together(found, confidence, np.full(values.shape[1], math.inf if width is None else width), rng)
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
                standardised=float(found.means[k] / spread) if spread > ROUNDING else None,
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
    found = summarise_columns(np.hstack([gaps_a - gaps_b, gaps_a + gaps_b]), clusters)
    width = math.inf if bounds is None else 2 * (bounds[1] - bounds[0])
    limits = bound_together(found, confidence, np.full(2 * groups, width), rng)
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


def _decide(
    difference: SimultaneousBound, total: SimultaneousBound, margin: float
) -> Literal["smaller", "larger", "tied", "undecided"]:
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
