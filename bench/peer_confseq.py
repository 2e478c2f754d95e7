"""Our bets beside those of the `confseq` package:   python -m bench.peer_confseq [--trials 200]

Needs confseq, by Waudby-Smith and Ramdas (`pip install confseq` compiles; its folder `confseq` alone is enough).
First, the same stakes must give the same wealth.  Then its published default (hedged capital) and ours decide the same
pairs at 95% confidence, looking after every item.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from confseq.betting import betting_mart  # type: ignore[import-not-found, unused-ignore]
from numpy.typing import NDArray

from bench.simulated_pairs import first_over
from fairtrial.stats.betting import FRACTIONS, WEIGHTS, Units, log_wealth

Floats = NDArray[np.float64]


def same_stakes(rng: np.random.Generator) -> float:
    """Return the largest difference of log wealth between confseq and us with our mixture of stakes."""
    differences = rng.choice([1.0, -1.0, 0.0], 500, p=[0.15, 0.1, 0.75])
    worst = 0.0
    for mean in (-0.3, -0.02, 0.0, 0.04, 0.2):
        scaled, wealth = (mean + 1) / 2, np.zeros(500)
        for fraction, weight in zip(FRACTIONS, WEIGHTS, strict=True):
            stake = np.full(500, fraction / scaled)
            wealth += weight * betting_mart(
                (differences + 1) / 2,
                scaled,
                lambdas_fn_positive=lambda x, m, stake=stake: stake,
                lambdas_fn_negative=lambda x, m: np.zeros(500),
                theta=1,
                trunc_scale=0.999,
            )
        ours = log_wealth(Units(differences, np.ones(500)), np.array([mean]))[0]
        worst = max(worst, float(np.abs(np.log(wealth) - ours).max()))
    return worst


def theirs(differences: Floats, finite: bool) -> float:
    """Return after how many items confseq's hedged capital rules out a difference of 0; infinite if never."""
    number = differences.size if finite else None
    wealth = betting_mart((differences + 1) / 2, 0.5, alpha=0.05, N=number, convex_comb=False, theta=0.5)
    return float(first_over(wealth[None], 20.0)[0]) + 1


def ours(differences: Floats, finite: bool) -> float:
    """Return the same of ours."""
    units = Units(differences, np.ones(differences.size), float(differences.size) if finite else None)
    sides = (log_wealth(side, np.zeros(1)) for side in (units, units.mirror()))
    return min(float(first_over(side, float(np.log(40)))[0]) for side in sides) + 1


def main(arguments: list[str] | None = None, say: Callable[[str], None] = print) -> None:
    """Print what agrees and what differs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    options = parser.parse_args(arguments)
    rng = np.random.default_rng(1)
    say(f"same stakes, largest difference of log wealth: {same_stakes(rng):.1e}")
    n, discordance = 1000, 0.2
    for gap in (0.0, 0.05):
        counts = [round(n * (discordance + gap) / 2), round(n * (discordance - gap) / 2)]
        base = np.repeat([1.0, -1.0, 0.0], [*counts, n - sum(counts)])
        for finite in (True, False):
            drawn = [rng.permutation(base) if finite else rng.choice(base, n) for _ in range(options.trials)]
            for name, way in (("confseq", theirs), ("fairtrial", ours)):
                stops = np.array([way(d, finite) for d in drawn])
                told = (
                    f"0 ruled out in {np.isfinite(stops).mean():.1%}, median {np.median(np.minimum(stops, n)) / n:.1%}"
                )
                say(f"gap {gap:.0%}, {'benchmark' if finite else 'population'}, {name}: {told}")


if __name__ == "__main__":
    main()
