"""Strengths of several candidates from votes between two of them: intervals that hold at any look, and at separation.

Bradley and Terry (1952, doi:10.2307/2334029): among votes that decide, i is chosen over j with the probability
``1 / (1 + exp(s_j - s_i))``.  Votes that decide for neither say nothing of strengths.

All strengths are in the set that the votes have not spoken against: those at which the likelihood is not smaller by
1 / alpha than what was foretold of the votes, each from those before it, by rates of each pair alone (Krichevsky and
Trofimov 1981, doi:10.1109/TIT.1981.1056331).  While a strength is right, that ratio is a nonnegative martingale, so the
set holds all strengths at all looks with probability at least 1 - alpha (universal inference; Wasserman, Ramdas and
Balakrishnan 2020, arXiv 1912.11436).  Its widths along the difference of two are intervals of all pairs together.
Who never loses has an interval without an upper end, and no number is made up for it.  As the foretelling does not
suppose the model, a set that is empty says that the model does not fit.

Knows arrays only.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

import numpy as np
from scipy import special

from fairtrial.stats.arrays import Floats

FARTHEST = 15.0
"""Differences of strengths (logarithms of odds) beyond which an end is infinite."""
_BEYOND = 25.0
_ACCURACY = 1e-4


@dataclass(frozen=True, slots=True)
class StrengthEstimate:
    """What votes say of all candidates.

    Attributes:
        difference: (C, C) likeliest difference of strengths of each two; infinite where one never lost to the other.
        low, high: (C, C) ends of their intervals, of all pairs together; infinite where votes do not bound them.
        fits: whether the model has not been ruled out.
        misfit: evidence against it; from 1 / (1 - confidence) on it is ruled out.
    """

    difference: Floats
    low: Floats
    high: Floats
    fits: bool
    misfit: float


def estimate_strengths(wins: Floats, confidence: float) -> StrengthEstimate:
    """Return what votes say of the differences of strengths.

    Args:
        wins: (C, C) how often each was chosen over each other one.
        confidence: of all intervals at all looks together.
    """
    count = len(wins)
    foretold = compute_foretold(wins)
    best = _fit(wins, np.zeros(count))
    most = compute_log_likelihood(wins, best)
    threshold = foretold + np.log(1 - confidence)
    difference, low, high = (np.zeros((count, count)) for _ in range(3))
    fits = most > threshold
    for i in range(count):
        for j in range(i + 1, count):
            middle = float(np.clip(best[i] - best[j], -FARTHEST, FARTHEST))
            ends = (-inf, inf)
            if fits:
                ends = (
                    -_find_end(wins, (j, i), -middle, threshold),
                    _find_end(wins, (i, j), middle, threshold),
                )
            low[i, j], high[i, j] = ends
            low[j, i], high[j, i] = -ends[1], -ends[0]
            shown = middle
            if np.isinf(ends).sum() == 1:  # one never lost to the other, however one follows the losses
                shown = inf if np.isinf(ends[1]) else -inf
            difference[i, j], difference[j, i] = shown, -shown
    return StrengthEstimate(difference, low, high, bool(fits), float(np.exp(min(700.0, foretold - most))))


def compute_foretold(wins: Floats) -> float:
    """Return the logarithm of the probability that was foretold of the votes, each from those before it."""
    upper = np.triu_indices(len(wins), 1)
    a, b = wins[upper], wins.T[upper]
    return float((special.betaln(a + 0.5, b + 0.5) - special.betaln(0.5, 0.5)).sum())


def compute_log_likelihood(wins: Floats, strengths: Floats) -> float:
    """Return the logarithm of the probability of the votes at some strengths (C,)."""
    return float((wins * special.log_expit(strengths[:, None] - strengths[None, :])).sum())


def _fit(wins: Floats, start: Floats, fixed: tuple[int, int, float] | None = None) -> Floats:
    """Return the likeliest strengths (C,), within bounds; ``fixed``: where the first is so much above the second."""
    count = len(wins)
    i, j, gap = fixed if fixed else (0, 0, 0.0)
    free = [one for one in range(count) if one not in (i, j)]
    strengths: Floats = start - start[j]
    strengths[i] = gap if fixed else 0.0
    if not free:
        return strengths

    def lose(values: Floats) -> tuple[float, Floats]:
        strengths[free] = values
        apart = strengths[:, None] - strengths[None, :]
        missed = wins * special.expit(-apart)
        slope = missed.sum(axis=1) - missed.sum(axis=0)
        return -float((wins * special.log_expit(apart)).sum()), -slope[free]

    from scipy import optimize  # takes a third of a second, and few ledgers have votes

    begin = np.clip(strengths[free], -_BEYOND, _BEYOND)
    found = optimize.minimize(
        lose, begin, jac=True, method="L-BFGS-B", bounds=[(-_BEYOND, _BEYOND)] * len(free),
        options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 500},
    )  # fmt: skip
    strengths[free] = found.x
    return strengths


def _find_end(wins: Floats, pair: tuple[int, int], middle: float, threshold: float) -> float:
    """Return the largest difference of a pair that is in the set; infinite where there is none."""
    start = np.zeros(len(wins))

    from scipy import optimize

    def beyond(gap: float) -> float:
        return compute_log_likelihood(wins, _fit(wins, start.copy(), (*pair, gap))) - threshold

    if beyond(FARTHEST) > 0:
        return inf
    if beyond(middle) <= 0:
        return middle
    return float(optimize.brentq(beyond, middle, FARTHEST, xtol=_ACCURACY)) + _ACCURACY
