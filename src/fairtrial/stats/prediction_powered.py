"""A mean of grades that a fallible grader gave, corrected by answers that people have graded as well.

Two ways, with different assumptions:

* `correct_mean`: prediction-powered inference (Angelopoulos et al. 2023, Science 382:669, doi:10.1126/science.adi6000):
  the mean error on the graded answers is added.  It assumes that these are like the others, as a random part of
  them is.  `choose_power` gives the share of the grader's values that makes the interval shortest (PPI++, Angelopoulos,
  Duchi and Zrnic 2023, arXiv:2311.01453).
* `correct_rate`: of grades of 0 and 1, by the grader's two error rates (Rogan and Gladen 1978,
  doi:10.1093/oxfordjournals.aje.a112510), with the interval of Lang and Reiczigel 2014
  (doi:10.1016/j.prevetmed.2013.09.015).  It assumes that the grader misses, and sees what is not there, as often as
  on the graded answers; how many of them deserve a 1 does not matter.

Knows arrays of numbers only.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import special

from fairtrial.stats.arrays import Floats
from fairtrial.stats.intervals import IntervalEstimate, estimate


def add_intervals(a: IntervalEstimate, b: IntervalEstimate) -> IntervalEstimate:
    """Return the sum of two independent estimates with an interval of the same coverage.

    From the two intervals alone (MOVER, Zou and Donner 2008, doi:10.1002/sim.3095), so that it need not be symmetric.
    """
    mean = a.mean + b.mean
    low = mean - math.hypot(a.mean - a.low, b.mean - b.low)
    return IntervalEstimate(mean, low, mean + math.hypot(a.high - a.mean, b.high - b.mean))


def choose_power(people: Floats, grader: Floats, others: int) -> float:
    """Return by what the grader's values are multiplied for the shortest interval, from 0 (not used) to 1.

    Args:
        people: (n,) what people gave the graded answers.
        grader: (n,) what the grader gave them.
        others: answers that the grader alone has graded.

    A power below 1 leans on the graded answers instead of the others: use it only where they are drawn from the same.
    """
    if people.size < 2 or np.ptp(grader) == 0:
        return 0.0
    covariance = float(np.cov(people, grader)[0, 1])
    return float(np.clip(covariance / ((1 + people.size / others) * float(np.var(grader, ddof=1))), 0.0, 1.0))


def estimate_error(
    people: Floats, grader: Floats, confidence: float, bounds: tuple[float, float] = (0.0, 1.0), power: float = 1.0
) -> IntervalEstimate:
    """Return the mean of ``people - power * grader`` over graded answers, with its interval.

    Args:
        people, grader: (n,) the two grades of each answer, n > 0, within ``bounds``.
        confidence: coverage, e.g. 0.95.
        bounds: of the grades.
        power: see `choose_power`.

    The interval is that for bounded values, so that a grader that made no mistake in 30 answers may still make some.
    """
    low, high = bounds
    extremes = (low - power * high, high - power * low)
    return estimate(people - power * grader, np.ones(people.size), np.arange(people.size), confidence, extremes)


def correct_mean(
    plain: IntervalEstimate, error: IntervalEstimate, bounds: tuple[float, float] = (0.0, 1.0), power: float = 1.0
) -> IntervalEstimate:
    """Return the mean that people would have given, with its interval.

    Args:
        plain: the grader's mean over answers that only it has graded, with its interval.
        error: what `estimate_error` returns at the same confidence and power.
        bounds: of the grades; what is returned lies within them.
        power: see `choose_power`.
    """
    scaled = IntervalEstimate(power * plain.mean, power * plain.low, power * plain.high)
    found = add_intervals(scaled, error)
    mean, low, high = (float(np.clip(value, *bounds)) for value in (found.mean, found.low, found.high))
    return IntervalEstimate(mean, low, high)


def correct_rate(
    plain: IntervalEstimate, counts: tuple[int, int, int, int], confidence: float
) -> IntervalEstimate | None:
    """Return the share that people would have given a 1, with its interval; None where the grades tell nothing.

    Args:
        plain: share that the grader gave a 1, with its interval at ``confidence``, which may allow for clusters.
        counts: of graded answers, those given a 1 by both, by the grader only, by people only, by neither.
        confidence: coverage, e.g. 0.95.

    The grades tell nothing where people gave no 1, or no 0, where the grader does no better than chance, or where the
    whole interval lies beyond 0 or 1: then the grader errs otherwise on these answers than on the graded ones.  An
    estimate beyond 0 or 1 gets an interval that reaches as far inside as one of exactly 0 or 1 would, so that a grader
    that finds less than it invents never makes 0 certain (the reason is that of power-constrained limits: Cowan,
    Cranmer, Gross and Vitells 2011, arXiv:1105.3166).
    """
    both, grader_only, people_only, neither = counts
    ones, zeros = both + people_only, grader_only + neither
    if not ones or not zeros:
        return None
    z = float(special.ndtri(0.5 + confidence / 2))
    size = _find_size(plain, z)
    rate = (size * plain.mean + z**2 / 2) / (size + z**2)
    sensitivity, specificity = (both + 1) / (ones + 2), (neither + 1) / (zeros + 2)
    youden = sensitivity + specificity - 1
    if both / ones + neither / zeros - 1 <= 0 or youden <= 0:
        return None
    point = float(np.clip((plain.mean + neither / zeros - 1) / (both / ones + neither / zeros - 1), 0.0, 1.0))
    centre = (rate + specificity - 1) / youden
    missed = sensitivity * (1 - sensitivity) / (ones + 2)
    invented = specificity * (1 - specificity) / (zeros + 2)
    shift = 2 * z**2 * (centre * missed - (1 - centre) * invented)
    spread = rate * (1 - rate) / (size + z**2) + centre**2 * missed + (1 - centre) ** 2 * invented
    half = z * math.sqrt(spread) / youden
    if centre + shift + half <= 0.0 or centre + shift - half >= 1.0:
        return None
    low, high = (float(np.clip(centre + shift + side * half, 0.0, 1.0)) for side in (-1, 1))
    if centre <= 0.0:  # less than the grader invents: how much less tells nothing of the share
        high = max(high, z * math.sqrt(_spread_at(1 - specificity, size + z**2, invented)) / youden)
    if centre >= 1.0:
        low = min(low, 1.0 - z * math.sqrt(_spread_at(sensitivity, size + z**2, missed)) / youden)
    low, high = max(0.0, low), min(1.0, high)
    return IntervalEstimate(point, min(low, point), max(high, point))


def _spread_at(rate: float, size: float, error: float) -> float:
    """Return the variance of the grader's rate, and of what it errs by, where the share is 0 or 1."""
    return rate * (1 - rate) / size + error


def _find_size(plain: IntervalEstimate, z: float) -> float:
    """Return how many independent answers give an interval as wide as this one (that of Wilson, solved for n)."""
    half = (plain.high - plain.low) / 2
    if half <= 0 or half >= 0.5:
        return 1.0
    spread = plain.mean * (1 - plain.mean)
    # half = z sqrt(p q n + z^2/4) / (n + z^2), a quadratic in n
    a, b, c = half**2, 2 * half**2 * z**2 - z**2 * spread, half**2 * z**4 - z**4 / 4
    return max(1.0, (-b + math.sqrt(max(0.0, b * b - 4 * a * c))) / (2 * a))


def estimate_correlation(x: Floats, y: Floats, confidence: float, rng: np.random.Generator) -> IntervalEstimate | None:
    """Return Pearson's correlation with the interval of the percentile bootstrap; None where it is not defined.

    Args:
        x, y: (n,) two numbers of each item.
        confidence: coverage, e.g. 0.95.
        rng: draws items; draws in which it is not defined are left out.
    """
    if x.size < 3 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return None
    at = rng.integers(x.size, size=(2000, x.size))
    drawn_x, drawn_y = x[at] - x[at].mean(axis=1, keepdims=True), y[at] - y[at].mean(axis=1, keepdims=True)
    scale = np.sqrt((drawn_x**2).sum(axis=1) * (drawn_y**2).sum(axis=1))
    defined = scale > 1e-12
    if not defined.any():
        return None
    drawn = (drawn_x * drawn_y).sum(axis=1)[defined] / scale[defined]
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail])
    return IntervalEstimate(float(np.corrcoef(x, y)[0, 1]), float(low), float(high))
