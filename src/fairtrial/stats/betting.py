"""Betting on the mean of bounded differences: wealth that cannot grow unless a hypothesis is wrong.

For each candidate mean m, one starts with 1 and bets, before each unit is seen, a fraction of the wealth that the unit
lies above m (or below it).  If m is right, the wealth is a nonnegative martingale, and by Ville's inequality reaches
1/alpha with probability at most alpha, at any look whatever (Waudby-Smith and Ramdas 2023, arXiv 2010.09686).  The bet
is a fixed mixture over fractions of the largest safe one (a universal portfolio; Cover 1991,
doi:10.1111/j.1467-9965.1991.tb00002.x), so nothing has to be estimated.  Sampling without replacement bets against the
mean of what is left if m is right (section 5 there), and bets more as less is left: the fraction grows by the factor
that the deviation of a wrong m does.  What is known of all items beforehand may be taken out as a control variate.

Knows arrays only.  Units are items, or whole clusters with their sizes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.stats.arrays import Floats, Ints

FRACTIONS: Floats = np.array([0.04, 0.1, 0.25, 0.45, 0.95])
WEIGHTS: Floats = np.array([0.02, 0.04, 0.62, 0.22, 0.10])
"""The mixture: fractions of the largest safe bet and their shares of the first stake.  Any would be valid; these were
chosen by simulation for gaps of 2 to 20 points at discordances of 5 to 40% on 500 to 14,000 items."""

BOLDEST = 0.97
"""Largest fraction that is ever bet, so that one unit never takes everything."""

_WIDTH = 1e-5
"""Accuracy of the ends of an interval, as a share of the largest difference; they are rounded outwards."""


_CAUTION = 1.5
"""Weight of the slope 0 in the regression on hints, in squared ranges of the hints."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What was known of every item before anything was asked, e.g. other candidates' answers from earlier trials.

    A control variate: where the differences follow the hints, bets are on what the hints do not explain.  Any hints are
    valid, bad ones only useless, as long as they do not depend on the answers that are bet on.

    Attributes:
        values: (k, P) P guesses about each unit, in the order in which the units are seen.
        mean: (P,) of all items of the finite population.
        lowest: (P,) of all items.
        highest: (P,) of all items.
    """

    values: Floats
    mean: Floats
    lowest: Floats
    highest: Floats

    @classmethod
    def from_units(cls, values: Floats, every: Floats) -> Hints:
        """Return the hints from those of the units seen, (k,) or (k, P), and of every item, (N,) or (N, P)."""
        every = every.reshape(len(every), -1)
        return cls(values.reshape(-1, every.shape[1]), every.mean(axis=0), every.min(axis=0), every.max(axis=0))


@dataclass(frozen=True, slots=True)
class Units:
    """What is bet on, in the order in which it is seen.

    Attributes:
        sums: (k,) sum of the differences within each unit, divided by the largest possible difference and by the
            largest size of a unit; so |sums| <= sizes <= 1.
        sizes: (k,) number of items in each unit, divided by the largest size.  All 1 for single items.
        whole: sum of all sizes in the finite population sampled without replacement (so divided, too); None for an
            unlimited one.
        hints: for single items of a finite population.
    """

    sums: Floats
    sizes: Floats
    whole: float | None = None
    hints: Hints | None = None

    def mirror(self) -> Units:
        """Return the units with the two candidates swapped."""
        h = self.hints
        hints = None if h is None else Hints(-h.values, -h.mean, -h.highest, -h.lowest)
        return Units(-self.sums, self.sizes, self.whole, hints)

    def count_left(self) -> Floats | None:
        """Return (k,) the sizes that are left before each unit; None for an unlimited population."""
        return None if self.whole is None else self.whole - _sum_before(self.sizes)


def log_wealth(units: Units, means: Floats, looks: Ints | None = None) -> Floats:
    """Return (M, L) the logarithm of the wealth at each look, from betting that the mean is above each of ``means``.

    Infinite from where a mean is impossible, because all that is left could not make up for what was seen.  At no look
    does it increase with the mean that is bet against.

    Args:
        units: k of them, at least 1.
        means: (M,) candidate means of the differences, in (-1, 1).
        looks: (L,) increasing numbers of units, 1 to k, after which to look; default: after every one.
    """
    game = _make_game(units)
    gain, impossible = _compute_gains(game, means)
    count = gain.shape[1]
    starts = None if looks is None else np.concatenate([[0], looks[:-1]])
    until = count if looks is None else int(looks[-1])
    paths = np.empty((FRACTIONS.size, means.size, count if looks is None else looks.size))
    factors = np.empty_like(gain[:, :until])
    for path, stake, weight in zip(paths, game.stakes, WEIGHTS, strict=True):
        np.multiply(stake if stake.size == 1 else stake[:until], gain[:, :until], out=factors)
        factors += 1
        np.log(factors, out=factors)
        steps = factors if starts is None else np.add.reduceat(factors, starts, axis=1)
        np.cumsum(steps, axis=1, out=path)
        path += np.log(weight)
    wealth = _mix_paths(paths)
    if impossible is not None:
        wealth[impossible if looks is None else impossible[:, looks - 1]] = np.inf
    return wealth


def _mix_paths(paths: Floats) -> Floats:
    """Return the logarithm of the sum of what is held in each fraction, the first axis; ``paths`` is overwritten."""
    best = paths.max(axis=0)
    paths -= best
    mixed: Floats = best + np.log(np.exp(paths, out=paths).sum(axis=0))
    return mixed


@dataclass(frozen=True, slots=True)
class _Game:
    """What every bet on some units needs, whatever mean is bet against; arrays (k,), or (1,) where all are the same.

    Attributes:
        units: what is bet on.
        seen: sum before each unit.
        seen_after: sum up to each unit.
        left: size that is left before each unit; None for an unlimited population.
        left_after: the same after it.
        stakes: (F, k) or (F, 1) the fraction of the wealth that each part of the mixture bets.
        explained: what hints explain of each unit.
        room: the most that they could.
    """

    units: Units
    seen: Floats
    seen_after: Floats
    left: Floats | None
    left_after: Floats | None
    stakes: Floats
    explained: Floats
    room: Floats


def _make_game(units: Units) -> _Game:
    left, growth, after = units.count_left(), np.ones(1), None
    seen_after = np.cumsum(units.sums)
    if left is not None and units.whole is not None:
        left = np.maximum(left, 1e-9)
        growth, after = units.whole / left, left - units.sizes
    stakes = np.minimum(FRACTIONS[:, None] * growth, BOLDEST)
    return _Game(units, _sum_before(units.sums), seen_after, left, after, stakes, *_compute_explained(units))


def _compute_gains(game: _Game, means: Floats) -> tuple[Floats, NDArray[np.bool_] | None]:
    """Return (M, k) what each unit wins for a stake of 1 against each mean, and from where on a mean cannot be."""
    units, impossible = game.units, None
    against = means[:, None]
    if game.left is not None and game.left_after is not None and units.whole is not None:
        goal = against * units.whole
        short = goal - game.seen_after + game.left_after < -1e-9 * units.whole
        impossible = np.logical_or.accumulate(short, axis=1) if short.any() else None
        against = np.clip((goal - game.seen) / game.left, -1.0, 1.0)
    return (units.sums - against * units.sizes - game.explained) / (
        np.maximum(1 + against, 1e-9) + game.room
    ), impossible


def _compute_explained(units: Units) -> tuple[Floats, Floats]:
    """Return (k,) what hints explain of each unit's deviation from what is left, and (k,) the most they could.

    The slopes are a regression on the units before, so that they are known before the bet, pulled towards 0 while there
    are few.  What is left of the hints has a known mean, so the explained part has mean 0 whatever the slopes are.
    """
    h, left = units.hints, units.count_left()
    if h is None or left is None or units.whole is None:
        return np.zeros(1), np.zeros(1)
    values = h.values - h.mean
    lowest, highest = h.lowest - h.mean, h.highest - h.mean
    seen = np.maximum(np.arange(units.sums.size), 1.0)[:, None]
    x, g = _sum_before(units.sums)[:, None], _sum_before(values)
    products = _sum_before(values * units.sums[:, None]) - g * x / seen
    squares = _sum_before(values[:, :, None] * values[:, None, :]) - g[:, :, None] * g[:, None, :] / seen[:, :, None]
    squares += np.diag(_CAUTION * (highest - lowest) ** 2 + 1e-12)
    slopes = np.clip(np.linalg.solve(squares, products[:, :, None])[:, :, 0], -1.0, 1.0)
    rest = -g / np.maximum(left, 1e-9)[:, None]
    room = np.maximum(slopes * (highest - rest), slopes * (lowest - rest)).sum(axis=1)
    return (slopes * (values - rest)).sum(axis=1), np.maximum(room, 0.0)


def _sum_before(values: Floats) -> Floats:
    """Return the running sums, along the first axis, before each entry."""
    sums = np.zeros_like(values)
    np.cumsum(values[:-1], axis=0, out=sums[1:])
    return sums


def best_log_wealth(units: Units, means: Floats) -> Floats:
    """Return (M,) the largest logarithm of the wealth at any look so far, at least 0."""
    if units.sums.size == 0:
        return np.zeros(means.size)
    game = _make_game(units)
    return np.array([_find_best_log_wealth(game, float(mean)) for mean in means])


def _find_best_log_wealth(game: _Game, mean: float) -> float:
    """Return the largest of 0 and `log_wealth` at every look; the same to the last bit, but faster.

    The sum over the mixture is taken only where it can be the largest: it is between its largest part and F times that.
    """
    gain, impossible = _compute_gains(game, np.array([mean]))
    if impossible is not None and impossible.any():
        return float("inf")
    paths = game.stakes * gain
    paths += 1
    np.log(paths, out=paths)
    np.cumsum(paths, axis=1, out=paths)
    paths += np.log(WEIGHTS)[:, None]
    best = paths.max(axis=0)
    near = best >= best.max() - np.log(FRACTIONS.size) - 1e-9
    return max(0.0, float(_mix_paths(paths[:, near]).max()))


def _compute_lower_limit(units: Units, threshold: float) -> float:
    """Return the lower end of the running intersection of confidence sets: the largest mean ever bet away.

    Args:
        units: seen so far.
        threshold: logarithm of the wealth that rejects a mean, ``log(1 / alpha)`` of one side.
    """
    if units.sums.size == 0:
        return -1.0
    game = _make_game(units)

    def above(mean: float) -> float:
        return min(50.0, _find_best_log_wealth(game, mean)) - threshold

    low, high = -1 + _WIDTH, 1 - _WIDTH
    if above(low) <= 0:
        return -1.0
    seen = float(units.sums.sum() / units.sizes.sum())
    if low < seen < high and above(seen) <= 0:
        high = seen
    elif above(high) >= 0:
        return high
    from scipy import optimize  # here, since importing it takes as long as all of the rest of a start

    root = float(optimize.brentq(above, low, high, xtol=_WIDTH / 2))
    return max(-1.0, root - _WIDTH)


def compute_limits(units: Units, confidence: float) -> tuple[float, float]:
    """Return both ends of the running intersection, each side with half of what may go wrong.

    Should looks contradict each other, so that nothing is left (one of them was wrong, as may happen with a chance of
    1 - confidence), the interval is what lies between the two.
    """
    threshold = float(np.log(2 / (1 - confidence)))
    low, high = _compute_lower_limit(units, threshold), -_compute_lower_limit(units.mirror(), threshold)
    return min(low, high), max(low, high)
