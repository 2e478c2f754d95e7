"""Many questions asked at once: what each answer is worth among its family.  Knows only numbers.

p-values come from fixed samples or are valid at any look; e-values are evidence (wealth from betting) whose mean is at
most 1 where the hypothesis is true, at any look.  What the corrections promise:

- `holm`, `e_holm`: the chance of one or more false claims in the family is at most alpha, whatever depends on what.
- `e_bh`: of all claims made, on average at most a share alpha is false, whatever depends on what.  For exploring.
- `compute_shared_level`: intervals at this level give words (better, worse, tied) of which one or more are false with a
  chance of at most alpha, whatever depends on what; also at any look, if the intervals hold at any look.
- `find_survivors`: the truly best candidate is dropped, at any look, with a chance of at most alpha.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from fairtrial.stats.arrays import Floats


def compute_shared_level(questions: int, excluded: int, alpha: float) -> float:
    """Return the error that each of a family's intervals is allowed, so that all their words hold together.

    Each question has two one-sided bounds, so a family of m questions has 2m, and each may miss with a chance of
    alpha / 2m.  A bound that has excluded 0 has said all that it can say (behind it, "better" is true, and nothing
    else is claimed of that side), so what it was allowed goes to the others, as in Holm's procedure (1979): alpha /
    (2m - k) for each bound after k exclusions.  The other bound of the same question stays in the family, for
    "tied" is still to be said of it; so does a question that is tied.  Plain Holm over questions, which lets a
    decided one go altogether, would say some false word in up to 1.5 alpha of the trials: of a question whose
    difference is just the margin, "better" is true and "tied" is not.

    Args:
        questions: in the family, at least 1.
        excluded: of them, those whose interval excludes 0 at the level of an earlier step.
        alpha: chance of one or more false words.

    >>> [round(compute_shared_level(9, k, 0.05), 5) for k in (0, 1, 8)]
    [0.00556, 0.00588, 0.01]
    """
    return 2 * alpha / (2 * questions - excluded)


def excludes_zero(low: float, high: float, p_value: float | None, confidence: float) -> bool:
    """Return whether a comparison rules out that there is no difference, by its interval and its p-value, if any."""
    return (low > 0 or high < 0) and (p_value is None or p_value <= 1 - confidence)


def count_excluded(questions: int, excludes: Callable[[int, int], bool]) -> int:
    """Return how many of a family's questions exclude 0 in the end, each exclusion helping the others.

    Args:
        questions: of the family that have answers.
        excludes: whether the interval of a question, by its number, excludes 0 at `compute_shared_level` after so many
            exclusions.  With more exclusions no fewer do.
    """
    apart = [excludes(i, 0) for i in range(questions)]
    while (excluded := sum(apart)) < questions:
        new = [i for i in range(questions) if not apart[i] and excluded and excludes(i, excluded)]
        if not new:
            break
        for i in new:
            apart[i] = True
    return sum(apart)


def holm(p_values: Sequence[float]) -> list[float]:
    """Return Holm's adjusted p-values, in the order given.

    Holm 1979, https://www.jstor.org/stable/4615733.

    >>> [round(p, 9) for p in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    steps = np.minimum(1.0, p[order] * np.arange(p.size, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.maximum.accumulate(steps)
    return [float(x) for x in adjusted]


def e_holm(e_values: Sequence[float]) -> list[float]:
    """Return adjusted e-values, in the order given; claim those of at least 1/alpha.

    Closed testing with the arithmetic mean: the adjusted value is the smallest mean of any set that holds the value
    (Vovk and Wang 2021, Algorithm 1, arXiv 1912.06116).  The smallest set mean is reached with the smallest others.

    >>> e_holm([100.0, 4.0, 0.5])
    [34.833333333333336, 2.25, 0.5]
    """
    e = np.asarray(e_values, dtype=np.float64)
    if e.size == 0:
        return []
    order = np.argsort(e, kind="stable")
    sums = np.cumsum(e[order])
    adjusted = np.empty_like(e)
    for place, index in enumerate(order):
        others = sums[:place]  # sums of the 1, 2, ... smallest; larger ones can only raise the mean
        means = (e[index] + others) / np.arange(2, place + 2)
        adjusted[index] = min(float(e[index]), float(means.min(initial=np.inf)))
    return [float(x) for x in adjusted]


def e_bh(e_values: Sequence[float], alpha: float) -> list[bool]:
    """Return which claims to make so that on average at most a share ``alpha`` of them is false.

    The k largest, for the largest k whose k-th e-value is at least K / (k alpha) (Wang and Ramdas 2022, e-BH,
    arXiv 2009.02824).

    >>> e_bh([100.0, 30.0, 0.5], 0.05)
    [True, True, False]
    """
    e = np.asarray(e_values, dtype=np.float64)
    ranked = np.sort(e)[::-1]
    enough = np.flatnonzero(ranked >= e.size / (np.arange(1, e.size + 1) * alpha))
    if enough.size == 0:
        return [False] * e.size
    return [bool(x) for x in e >= ranked[enough[-1]]]


def find_survivors(evidence: Floats, alpha: float) -> NDArray[np.bool_]:
    """Return (K,) which candidates may still be the best one; the others need no more items.

    Args:
        evidence: (K, K); row i, column j: the largest evidence so far that i exceeds j (an e-process for "i is at
            most as good as j", e.g. `fairtrial.stats.sequential.compute_evidence_beyond` of 0).  The diagonal is not
            read.
        alpha: chance of ever dropping the best.

    j is dropped once the evidence for any one of the K - 1 others against it reaches (K - 1) / alpha.  Evidence of
    dropped candidates may stay as it was.
    """
    count = evidence.shape[0]
    if evidence.shape != (count, count):
        raise ValueError(f"evidence has the shape {evidence.shape}; it must be square")
    against = np.where(np.eye(count, dtype=bool), 0.0, evidence)
    return np.asarray(against.max(axis=0, initial=0.0) < max(1, count - 1) / alpha)
