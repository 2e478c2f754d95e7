"""An interval for the mean of bounded values that holds for small samples and for rare, large values.

One unit of the worst possible value is added to the sample, and every unit gets a random weight, independent and
exponential: the lower limit is the alpha-quantile of the weighted mean, and the upper one its mirror image (Gaffke
2005; Learned-Miller and Thomas 2019, arXiv 1905.06208).  For right or wrong this is Clopper and Pearson's interval; for
two candidates that are right or wrong it excludes 0 exactly where the exact McNemar test rejects.  For many units it is
as narrow as the normal interval.  That it always covers is proven for right or wrong and conjectured for the rest:
docs/statistics.md says what was searched for a case in which it does not.

The chance that a weighted sum of gamma variables is below 0 comes from integrating along the path of steepest descent
from its saddlepoint (Daniels 1954, doi:10.1214/aoms/1177728652), to about eight digits.  Knows arrays only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fairtrial.stats.arrays import Floats

Complexes = NDArray[np.complex128]

_KINDS = 128
"""More kinds of units than these are put together where values differ by less than a 128th of the range."""

_STEP = 0.2
"""Distance of two nodes of the integral; its error is then a billionth of it."""

_CLEAR = 0.5
"""How far the line of the integral stays from the pole at 0, in standard deviations."""

_CUTS: Floats = np.array([2.6, 3.0, 3.5, 4.0, 5.0, 6.0, 8.0, 11.0, 15.0, 20.0, 30.0, 40.0])
"""Where the integral may be cut off: as soon as what is left is nothing."""

_NOTHING = 27.0
"""Fall of the integrand, as a logarithm, after which nothing is left."""


@dataclass(frozen=True, slots=True)
class BoundedUnits:
    """Units whose ratio of sums is wanted, ``sum(counts * sums) / sum(counts * sizes)``.

    Attributes:
        sums: (k,) of the values in a unit, between ``lowest * size`` and ``highest * size``.
        sizes: (k,) of a unit, above 0; 1 for single items.
        counts: (k,) how many units are like this one.
        lowest: smallest possible value of an item.
        highest: largest possible value.
        largest: size of the unit that is added: of the largest there could be, or what stands for it.
        stretch: at least 1: how much less the mean varies because units are drawn without replacement from a list.
    """

    sums: Floats
    sizes: Floats
    counts: Floats
    lowest: float
    highest: float
    largest: float = 1.0
    stretch: float = 1.0

    def mirror(self) -> BoundedUnits:
        """Return the units with the sign of every value changed."""
        return replace(self, sums=-self.sums, lowest=-self.highest, highest=-self.lowest)


def gather_units(
    sums: Floats, sizes: Floats, bounds: tuple[float, float], largest: float = 0.0, stretch: float = 1.0
) -> BoundedUnits:
    """Return the units, (k,) sums and sizes, with equal ones counted; many nearly equal ones count as their mean.

    Unless a ``largest`` size is known, the unit that is added is as large as that of an average item: one as large as
    the largest seen would be right in any case only if that were the largest there is, and costs far more.

    >>> gather_units(np.array([1.0, 0.0, 1.0]), np.ones(3), (0.0, 1.0)).counts
    array([1., 2.])
    """
    widest = max(largest, float(sizes.max()))
    added = widest if largest else float(sizes @ sizes) / float(sizes.sum())
    span = (bounds[1] - bounds[0]) * widest
    kinds, place, counts = np.unique(sums + 1j * sizes, return_inverse=True, return_counts=True)
    if kinds.size > _KINDS:
        coarse = np.round(sums * (_KINDS / span)) + 1j * np.round(sizes * (_KINDS / sizes.max()))
        _, place, counts = np.unique(coarse, return_inverse=True, return_counts=True)
    number = counts.astype(np.float64)
    means = [np.bincount(place, x) / number for x in (sums, sizes)]
    return BoundedUnits(means[0], means[1], number, *bounds, added, stretch)


def compute_p_below(units: BoundedUnits, mean: float) -> float:
    """Return the p-value of "the true mean is at most ``mean``"."""
    worst = units.largest * (units.lowest - mean)
    coefficients = np.append(units.sums - mean * units.sizes, worst)
    return _compute_chance_below(coefficients, units.stretch * np.append(units.counts, 1.0))


def compute_two_sided_p(units: BoundedUnits, mean: float) -> float:
    """Return the p-value of "the true mean is ``mean``".

    It is at most alpha exactly where `compute_limits` at 1 - alpha excludes that mean.

    >>> units = gather_units(np.repeat([1.0, -1.0, 0.0], [7, 1, 92]), np.ones(100), (-1.0, 1.0))
    >>> round(compute_two_sided_p(units, 0.0), 6)
    0.070312
    """
    return min(1.0, 2 * compute_p_below(units, mean), 2 * compute_p_below(units.mirror(), -mean))


def compute_limits(units: BoundedUnits, confidence: float) -> tuple[float, float]:
    """Return both limits of the mean, each with half of what may go wrong."""
    tail = (1 - confidence) / 2
    span = units.highest - units.lowest
    if span and not 1e-100 < span < 1e100:  # beyond, squares are no numbers any more
        power = int(np.frexp(span)[1])
        ends = [float(np.ldexp(end, -power)) for end in (units.lowest, units.highest)]
        units = replace(units, sums=np.ldexp(units.sums, -power), lowest=ends[0], highest=ends[1])
        low, high = compute_limits(units, confidence)
        return float(np.ldexp(low, power)), float(np.ldexp(high, power))
    return compute_lower_limit(units, tail), -compute_lower_limit(units.mirror(), tail)


def compute_lower_limit(units: BoundedUnits, tail: float) -> float:
    """Return the lower limit of the mean, above the true mean with a chance of at most ``tail``, at most 0.5."""
    span, most = units.highest - units.lowest, units.largest
    weight = float(units.counts @ units.sizes) + most
    mean = (float(units.counts @ units.sums) + most * units.lowest) / weight
    bottom = units.lowest + 1e-12 * span
    if mean <= bottom:
        return units.lowest
    quantile = float(special.ndtri(tail))

    def excess(at: float) -> float:
        return float(special.ndtri(min(max(compute_p_below(units, at), 1e-300), 1 - 1e-16))) - quantile

    squares = units.counts @ (units.sums - mean * units.sizes) ** 2 + (most * (mean - units.lowest)) ** 2
    error = float(squares / units.stretch) ** 0.5 / weight
    return _find_root(excess, bottom, units.highest - 1e-12 * span, mean + quantile * error, error)


def _find_root(rising: Callable[[float], float], low: float, high: float, guess: float, run: float) -> float:
    """Return where a nearly straight function that rises by about 1 in each ``run`` is 0, between low and high."""
    width = 1e-10 * (high - low)
    before = min(max(guess, low + width), high)
    value = rising(before)
    at = before - value * run
    for _ in range(12):
        at = (before + low) / 2 if at <= low else (before + high) / 2 if at >= high else at
        new = rising(at)
        if abs(at - before) <= width:
            return at
        if new == value:  # flat beyond the largest value seen
            break
        before, at, value = at, at - new * (at - before) / (new - value), new
    if rising(low) >= 0:
        return low
    from scipy import optimize  # here, since importing it takes as long as all of the rest of a start

    return float(optimize.brentq(rising, low, high, xtol=width)) if rising(high) > 0 else high


def _compute_chance_below(coefficients: Floats, shapes: Floats) -> float:
    """Return the chance that the sum of coefficients times independent gamma variables is at most 0."""
    size = float(np.abs(coefficients).max())
    coefficients = np.ldexp(coefficients, -int(np.frexp(size)[1]))  # their size does not matter; exact
    coefficients = np.where(np.abs(coefficients) < 1e-150, 0.0, coefficients)
    lowest, highest = float(coefficients.min()), float(coefficients.max())
    if highest <= 0:
        return 1.0
    if lowest >= 0:
        return 0.0
    at = _find_saddlepoint(coefficients, shapes)
    ratio = coefficients / (1 - coefficients * at)
    scale = float(shapes @ ratio**2) ** -0.5
    if abs(at) < _CLEAR * scale:
        at = max(-_CLEAR * scale, 0.9 / lowest)
        ratio = coefficients / (1 - coefficients * at)
    bend = min(1.0, max(-1.0, 2 / 3 * scale**3 * float(shapes @ ratio**3)))

    def fallen(nodes: Floats) -> tuple[Complexes, Complexes]:
        """Return how far the path is from the saddlepoint, and how much the cumulant function has fallen there."""
        away = scale * (1j * np.sinh(nodes) + bend * (np.cosh(nodes) - 1))
        return away, np.log(1 - np.outer(away, ratio)) @ shapes

    cut = _CUTS[min(int((fallen(_CUTS)[1].real < _NOTHING).sum()), _CUTS.size - 1)]
    nodes = np.arange(0.0, cut, _STEP)
    away, fall = fallen(nodes)
    values = (np.exp(-fall) / -(at + away) * (1j * np.cosh(nodes) + bend * np.sinh(nodes))).imag
    height = -float(shapes @ np.log1p(-coefficients * at))
    mass = float(np.exp(height) * scale * _STEP / np.pi * (values.sum() - values[0] / 2))
    return min(1.0, max(0.0, mass + (at > 0)))


def _find_saddlepoint(coefficients: Floats, shapes: Floats) -> float:
    """Return where the derivative of the cumulant function is 0; it rises from minus to plus infinity."""
    low, high = 1 / float(coefficients.min()), 1 / float(coefficients.max())
    at = 0.0
    for _ in range(100):
        ratio = coefficients / (1 - coefficients * at)
        weighted = shapes * ratio
        slope, bend = float(weighted.sum()), float(weighted @ ratio)
        low, high = (at, high) if slope < 0 else (low, at)
        new = at - slope / bend
        if not low < new < high:
            new = (low + high) / 2
        if abs(new - at) * bend**0.5 <= 1e-6:
            return new
        at = new
    return at
