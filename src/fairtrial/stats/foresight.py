"""Before anything is spent: how many items a question will probably take.

Simulates right-or-wrong pairs and runs the sequential engine on them.  Knows no prices and no speeds; multiply.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.betting import log_wealth
from fairtrial.stats.paired import Rule
from fairtrial.stats.sequential import arrange_units

LONGEST = 20_000
"""Items simulated where the benchmark is larger or unlimited."""


@dataclass(frozen=True, slots=True)
class StoppingForecast:
    """How a question would probably go.

    Attributes:
        median: items after which half of the simulated trials had their verdict; None if fewer than half had one.
        ninety: the same for nine in ten.
        settled: share of trials settled before the items ran out (a whole benchmark settles everything).
        items: items that were to be had in the simulation.
    """

    median: int | None
    ninety: int | None
    settled: float
    items: int


def simulate_stopping(
    gap: float,
    discordance: float,
    rule: Rule,
    rng: np.random.Generator,
    draws: int = 200,
    clusters: Ints | None = None,
) -> StoppingForecast:
    """Simulate how many items the sequential verdict takes.

    Args:
        gap: supposed true difference, in shares of items; its size is at most ``discordance``.
        discordance: supposed share of items on which the two candidates differ.
        rule: margin, confidence, target and total; for right-or-wrong measures.
        rng: for the simulation.
        draws: simulated trials.
        clusters: (n,) cluster of each item in the order of asking; each its own if None.  Items of a cluster are drawn
            independently: what is seen is that whole clusters are bet on, not that their items are alike.

    Raises:
        ValueError: the supposed shares are impossible.
    """
    if not abs(gap) <= discordance <= 1:
        raise ValueError(f"a gap of {gap} cannot come of a discordance of {discordance}: |gap| <= discordance <= 1")
    finite = rule.target == "benchmark" and rule.total is not None and not rule.noisy
    items = min(rule.total or LONGEST, LONGEST) if clusters is None else clusters.size
    named = np.arange(items) if clusters is None else clusters
    shares = [(discordance + gap) / 2, (discordance - gap) / 2, 1 - discordance]
    drawn = (rng.choice([1.0, -1.0, 0.0], items, p=shares) for _ in range(draws))
    stops = np.array([_simulate_stop(differences, named, rule, finite) for differences in drawn])
    median, ninety = (float(np.quantile(stops, q, method="higher")) for q in (0.5, 0.9))
    return StoppingForecast(
        median=int(median) if np.isfinite(median) else None,
        ninety=int(ninety) if np.isfinite(ninety) else None,
        settled=float(np.isfinite(stops).mean()),
        items=items,
    )


def _simulate_stop(differences: Floats, clusters: Ints, rule: Rule, finite: bool) -> float:
    """Return after how many items one simulated trial has its verdict; infinite if never."""
    units, _ = arrange_units(differences, clusters, rule)
    if units.sums.size == 0:
        return float("inf")
    threshold = np.log(2 / (1 - rule.confidence))
    means = np.array([0.0, -rule.margin])
    first = []
    for side in (units, units.mirror()):
        over = log_wealth(side, means) >= threshold
        first.append(np.where(over.any(axis=1), over.argmax(axis=1), np.inf))
    unit = float(min(first[0][0], first[1][0], max(first[0][1], first[1][1])))
    stop = float(_find_ends(clusters, rule)[int(unit)]) if np.isfinite(unit) else unit
    return min(stop, float(rule.total)) if finite and rule.total == differences.size else stop


def _find_ends(clusters: Ints, rule: Rule) -> Ints:
    """Return after how many items each unit of `fairtrial.stats.sequential.arrange_units` is complete."""
    if rule.shuffled == "clusters" and rule.largest_cluster > 1:
        return np.append(np.flatnonzero(clusters[1:] != clusters[:-1]) + 1, clusters.size)
    if rule.target == "benchmark" and rule.total is not None and not rule.noisy:
        return np.arange(1, clusters.size + 1)
    return np.sort(np.unique(clusters, return_index=True)[1]) + 1
