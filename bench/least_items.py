"""How few items could any test do with?   python -m bench.least_items [--gap 0.05] [--discordance 0.2] [--items 1000]

For right-or-wrong pairs and the claim about new items: Wald's lower bound for the mean number of items of a sequential
test, the share of trials that any test could have decided by some number of items (Neyman and Pearson), and what
group-sequential designs need whose looks and end are fixed beforehand (simulated as Brownian motion; Wang and Tsiatis
1987, doi:10.2307/2531959).  False verdicts: 5% in all, 2.5% a side.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

SIDE = 0.025
DRAWS = 40_000


def information(gap: float, discordance: float) -> float:
    """Return the Kullback-Leibler divergence, in nats an item, to the nearest pair without a gap."""
    up, down = (discordance + gap) / 2, (discordance - gap) / 2
    return sum(p * float(np.log(2 * p / discordance)) for p in (up, down) if p > 0)


def wald(gap: float, discordance: float, power: float) -> float:
    """Return the least mean number of items of any test with 2.5% false verdicts a side and this power (Wald 1945)."""
    missed = 1 - power
    gain = power * np.log(power / SIDE) + (missed * np.log(missed / (1 - SIDE)) if missed else 0.0)
    return float(gain) / information(gap, discordance)


def most_decided(gap: float, discordance: float, items: float) -> float:
    """Return the largest chance that any test has decided by then, even if it has no look before or after."""
    drift = gap * (items / (discordance - gap**2)) ** 0.5
    return float(special.ndtr(drift - special.ndtri(1 - SIDE)))


def stops(paths: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (draws,) the index of the first look beyond the edges; infinite if there is none."""
    over = np.abs(paths) >= edges
    return np.where(over.any(axis=1), over.argmax(axis=1).astype(np.float64), np.inf)


def group_sequential(drift: float, looks: int, shape: float, rng: np.random.Generator) -> tuple[float, float, float]:
    """Return (median, mean, power): the median and mean share of items, all for whoever does not decide.

    Args:
        drift: expected z value at the end.
        looks: evenly spaced.
        shape: 0.5 keeps the edge of z constant (Pocock), 0 lets it fall from infinity (O'Brien and Fleming).
        rng: for 40,000 simulated trials.
    """
    times = np.arange(1, looks + 1) / looks
    brownian = np.cumsum(rng.normal(0, looks**-0.5, (DRAWS, looks)), axis=1)
    form = times ** (shape - 0.5)

    def false(edge: float) -> float:
        return float(np.isfinite(stops(brownian / times**0.5, edge * form)).mean()) - 2 * SIDE

    edge = float(optimize.brentq(false, 1.5, 5.0, xtol=1e-3))
    found = stops((brownian + drift * times) / times**0.5, edge * form)
    share = np.where(np.isfinite(found), (np.minimum(found, looks) + 1) / looks, 1.0)
    return float(np.median(share)), float(share.mean()), float(np.isfinite(found).mean())


def main(arguments: list[str] | None = None, say: Callable[[str], None] = print) -> None:
    """Print the bounds."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--gap", type=float, default=0.05)
    parser.add_argument("--discordance", type=float, default=0.2)
    parser.add_argument("--items", type=int, default=1000)
    options = parser.parse_args(arguments)
    gap, discordance, items = options.gap, options.discordance, options.items
    say(f"information: {information(gap, discordance):.5f} nats an item")
    for power in (0.8, 0.9, 0.95, 1.0):
        say(f"Wald: at least {wald(gap, discordance, power):,.0f} items on average at a power of {power:.0%}")
    for share in (0.25, 0.35, 0.5, 1.0):
        say(f"decided by {share:.0%} of {items:,}: at most {most_decided(gap, discordance, share * items):.0%}")
    drift = gap * (items / (discordance - gap**2)) ** 0.5
    rng = np.random.default_rng(40)
    for looks in (2, 5, 10, 40):
        for shape in (0.0, 0.25, 0.5):
            median, mean, power = group_sequential(drift, looks, shape, rng)
            say(f"{looks:3} looks, shape {shape:4}: median {median:.0%}, mean {mean:.0%}, decided {power:.0%}")


if __name__ == "__main__":
    main()
