"""Seconds judged once, when right answers have ended the asking: is the interval honest?   python -m bench.unbounded

Simulates right-or-wrong pairs that end a trial at the first look, every 50 items, that settles them, with a second
measure of the same items whose differences are correlated with theirs.  Counts how often an interval for a fixed number
of items, and that of `fairtrial.stats.stopped`, hold the second measure's true difference.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.simulated_pairs import first_over
from fairtrial.stats.betting import Units, compute_limits, log_wealth
from fairtrial.stats.paired import PairedSample, Rule, compute_fixed_interval
from fairtrial.stats.stopped import EndingMeasure, compare_stopped, get_ending_confidence

BATCH, MARGIN = 50, 0.02
RULE = Rule(bounds=None)


@dataclass(frozen=True)
class Tally:
    """What came of some trials that ended early.

    Attributes:
        trials: their number.
        fixed: share in which the interval for a fixed number of items held the truth.
        ours: the same for the interval of `compare_stopped`.
        wider: median of the second one's width over the first one's.
    """

    trials: int
    fixed: float
    ours: float
    wider: float


def end(right: NDArray[np.float64]) -> int | None:
    """Return after how many items the right-or-wrong pair is settled, or None."""
    units, threshold = Units(right, np.ones(right.size)), float(np.log(40))
    above = first_over(log_wealth(units, np.array([0.0, -MARGIN])), threshold)
    below = first_over(log_wealth(units.mirror(), np.array([0.0, -MARGIN])), threshold)
    stop = min(above[0], below[0], max(above[1], below[1])) + 1
    return min(right.size, int(np.ceil(stop / BATCH) * BATCH)) if np.isfinite(stop) else None


def simulate(
    n: int, truth: tuple[float, float], correlation: float, skewed: bool, trials: int, rng: np.random.Generator
) -> Tally:
    """Simulate trials of up to ``n`` items; ``truth`` is the gap and the share of items that differ."""
    gap, discordance = truth
    shares = [(discordance + gap) / 2, (discordance - gap) / 2, 1 - discordance]
    held, widths = np.zeros((0, 2)), []
    for _ in range(trials):
        right = rng.choice([1.0, -1.0, 0.0], n, p=shares)
        noise = rng.exponential(size=n) - 1 if skewed else rng.normal(size=n)
        common = (right - gap) / (discordance - gap**2) ** 0.5
        seconds = correlation * common + (1 - correlation**2) ** 0.5 * noise
        k = end(right)
        if k is None:
            continue
        ones = np.ones(k)
        sample = PairedSample(seconds[:k] + 10, ones, np.full(k, 10.0), ones, np.arange(k))
        ender = EndingMeasure(
            right[:k], *compute_limits(Units(right[:k], ones), get_ending_confidence(RULE.confidence, 1))
        )
        fixed, ours = compute_fixed_interval(sample, RULE), compare_stopped(sample, RULE, [ender])
        held = np.vstack([held, [fixed[0] <= 0 <= fixed[1], ours.low <= 0 <= ours.high]])
        widths.append((ours.high - ours.low) / (fixed[1] - fixed[0]))
    return Tally(len(held), float(held[:, 0].mean()), float(held[:, 1].mean()), float(np.median(widths)))


def main(arguments: list[str] | None = None, say: Callable[[str], None] = print) -> None:
    """Print the coverages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=500)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(41)
    for skewed in (False, True):
        for n, truth in ((1000, (0.05, 0.2)), (1000, (0.2, 0.2)), (5000, (0.05, 0.2)), (5000, (0.0, 0.05))):
            for correlation in (0.0, 0.3, 0.9):
                found = simulate(n, truth, correlation, skewed, options.trials, rng)
                kind = "skewed" if skewed else "normal"
                say(f"{kind} {n:5} items, gap {truth[0]:.0%} of {truth[1]:.0%}, correlation {correlation}: {found}")


if __name__ == "__main__":
    main()
