"""Several levers at once: do the intervals of their effects hold together?   python -m bench.factorial

Simulates arms of a two-level design that answer the same items, right or wrong or with a skewed cost, each item as hard
for all arms, and counts how often any interval of a main effect, an interaction or a difference of two main effects
misses, how often a place among the effects is wrong, and how often the largest effect is certainly the first.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.factorial import estimate_contrasts, find_rank_bounds, list_combinations, make_effects


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        items: asked of every arm.
        effects: what each factor adds by itself.
        interaction: what the first two bring beyond that.
        base: mean of the arm without factors.
        per_cluster: items in one cluster.
        kind: ``share``, right or wrong; ``cost``, gamma with a long tail and no bounds.
    """

    items: int
    effects: tuple[float, ...]
    interaction: float = 0.0
    base: float = 0.5
    per_cluster: int = 1
    kind: str = "share"


SETTINGS = (
    Setting(60, (0.0, 0.0)),
    Setting(200, (0.0, 0.0, 0.0)),
    Setting(200, (0.1, 0.05, 0.0), -0.05),
    Setting(1000, (0.1, 0.05, 0.0), -0.05),
    Setting(200, (0.0, 0.0, 0.0), base=0.03),
    Setting(200, (0.2, 0.0, 0.0), per_cluster=4),
    Setting(100, (0.5, 0.2, 0.0), kind="cost", base=1.0),
)


def draw(setting: Setting, rng: np.random.Generator) -> tuple[Floats, Ints, Floats]:
    """Return (n, A) values, (n,) clusters, and (A,) the true means of the arms."""
    combined = list_combinations(len(setting.effects)).astype(np.float64)
    true = setting.base + combined @ np.array(setting.effects) + setting.interaction * combined[:, 0] * combined[:, 1]
    shape = (setting.items, len(true))
    clusters = np.arange(setting.items) // setting.per_cluster
    if setting.kind == "cost":
        level = rng.gamma(2.0, 0.5, int(clusters.max()) + 1)[clusters][:, None]
        return true * level * rng.gamma(4.0, 0.25, shape), clusters, true
    luck = rng.random(int(clusters.max()) + 1)[clusters][:, None]
    shared = rng.random(shape) < 0.6
    return (np.where(shared, luck, rng.random(shape)) < true).astype(np.float64), clusters, true


def measure(setting: Setting, trials: int, seed: int = 1, confidence: float = 0.95) -> dict[str, float]:
    """Return shares of trials with a missed interval, with a wrong place, and with the largest certainly first."""
    rng = np.random.default_rng([seed, setting.items, len(setting.effects), setting.per_cluster])
    effects = make_effects(list_combinations(len(setting.effects)))
    mains = [weights for factors, weights in effects.items() if len(factors) == 1]
    count = len(mains)
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    weights = [*effects.values(), *(mains[i] - mains[j] for i, j in pairs)]
    bounds = None if setting.kind == "cost" else (0.0, 1.0)
    missed = misplaced = first = 0
    widths = []
    for _ in range(trials):
        values, clusters, true = draw(setting, rng)
        found = [
            one for one in estimate_contrasts(values, clusters, weights, confidence, bounds, rng) if one is not None
        ]
        missed += any(not one.low <= w @ true <= one.high for one, w in zip(found, weights, strict=True))
        lows = np.full((count, count), -np.inf)
        for (i, j), one in zip(pairs, found[len(effects) :], strict=True):
            lows[i, j], lows[j, i] = one.low, -one.high
        places, sizes = find_rank_bounds(lows), [float(w @ true) for w in mains]
        for size, (best, worst) in zip(sizes, places, strict=True):
            larger, least = sum(s > size + 1e-12 for s in sizes), sum(s >= size - 1e-12 for s in sizes)
            if worst < larger + 1 or best > least:
                misplaced += 1
                break
        top = int(np.argmax(sizes))
        first += places[top] == (1, 1)
        widths.append(found[0].high - found[0].low)
    shares = {"missed": missed, "misplaced": misplaced, "first": first}
    return {**{name: number / trials for name, number in shares.items()}, "width": float(np.median(widths))}


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=1000)
    given = parser.parse_args()
    for setting in SETTINGS:
        told = measure(setting, given.trials)
        print(setting, " ".join(f"{name}={value:.4f}" for name, value in told.items()), flush=True)


if __name__ == "__main__":
    main()
