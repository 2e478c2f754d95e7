"""How often is a verdict from a fixed sample wrong, at worst?

    python -m bench.fixed_samples [--only TABLE] [--quick]

Tables: ``binary`` (right or wrong: every outcome of 2 to 100 items, exact), ``two`` (values of two sizes, exact),
``more`` (values of three and four sizes, a search with exact chances), ``finite`` (drawn from a list, exact),
``clusters`` (simulated), ``widths`` (what it costs on ordinary data).  About 8 minutes in all.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from bench.peers import t_limits, tango
from fairtrial.stats.betting import Units
from fairtrial.stats.betting import compute_limits as betting_limits
from fairtrial.stats.gaffke import BoundedUnits, compute_limits, compute_lower_limit, gather_units
from fairtrial.stats.paired import PairedSample, Rule, compare, compute_fixed_interval
from fairtrial.stats.permutation import mcnemar

Floats = NDArray[np.float64]
TAIL = 0.025
SHARES: Floats = np.concatenate([[0.002, 0.005, 0.01, 0.02, 0.03, 0.05, 0.07], np.arange(0.1, 1.0001, 0.05)])
"""Shares of items that differ, for the worst case over them."""
EPSILON = 1e-7


def units(values: Floats, counts: Floats, low: float, high: float, stretch: float = 1.0) -> BoundedUnits:
    """Return the units of a sample with ``counts`` of each of these values."""
    there = counts > 0
    return BoundedUnits(values[there], np.ones(int(there.sum())), counts[there].astype(float), low, high, 1.0, stretch)


def outcomes(number: int) -> tuple[Floats, Floats, Floats]:
    """Return all (wins, losses) of so many pairs, and the logarithms of their multinomial coefficients."""
    pairs = [(up, down) for up in range(number + 1) for down in range(number + 1 - up)]
    up, down = np.array(pairs, dtype=float).T
    ways = special.gammaln(number + 1) - special.gammaln(up + 1) - special.gammaln(down + 1)
    return up, down, ways - special.gammaln(number - up - down + 1)


def chances(number: int, cells: tuple[Floats, Floats, Floats], up: float, down: float) -> Floats:
    """Return the chance of each outcome where a pair is a win or a loss with these chances."""
    wins, losses, ways = cells
    logs = special.xlogy(wins, up) + special.xlogy(losses, down)
    chance: Floats = np.exp(ways + logs + special.xlogy(number - wins - losses, max(0.0, 1 - up - down)))
    return chance


def false_verdicts(number: int) -> tuple[float, float]:
    """Return the worst rate of a false better or worse of two equal candidates: Tango's interval alone, and ours."""
    cells = outcomes(number)
    wins, losses = cells[0], cells[1]
    with np.errstate(invalid="ignore"):
        score = (wins - losses) ** 2 > special.ndtri(1 - TAIL) ** 2 * (wins + losses)
    exact = np.array([mcnemar(int(u), int(d)) <= 2 * TAIL for u, d in zip(wins, losses, strict=True)])
    rates = [(c := chances(number, cells, q / 2, q / 2), c[score].sum(), c[exact].sum())[1:] for q in SHARES]
    return max(float(r[0]) for r in rates), max(float(r[1]) for r in rates)


def worst_coverage(number: int, lower: Callable[[int, int], float]) -> tuple[float, float]:
    """Return the lowest coverage over all shares and differences, of the interval and of one side at half the error.

    Args:
        number: items.
        lower: the lower limit by wins and losses; the upper one is its mirror image.

    The differences tried are those just outside a limit, where coverage is lowest.
    """
    cells = outcomes(number)
    lows = np.array([lower(int(u), int(d)) for u, d in zip(cells[0], cells[1], strict=True)])
    place = {(u, d): i for i, (u, d) in enumerate(zip(cells[0], cells[1], strict=True))}
    highs = -lows[[place[d, u] for u, d in place]]
    both, one = 0.0, 0.0
    for difference in np.unique(lows[lows > -1 + EPSILON]) - EPSILON:
        below, above = lows > difference, highs < difference
        for share in SHARES[abs(difference) <= SHARES]:
            chance = chances(number, cells, (share + difference) / 2, (share - difference) / 2)
            missed = float(chance[below].sum())
            one, both = max(one, missed), max(both, missed + float(chance[above].sum()))
    return 1 - both, 1 - one


def gaffke_lower(number: int) -> Callable[[int, int], float]:
    """Return our lower limit of a paired difference by wins and losses."""
    values = np.array([1.0, -1.0, 0.0])
    return lambda up, down: compute_lower_limit(
        units(values, np.array([up, down, number - up - down]), -1.0, 1.0), TAIL
    )


def tango_lower(number: int) -> Callable[[int, int], float]:
    """Return Tango's."""
    return lambda up, down: tango(up, down, number, float(special.ndtri(1 - TAIL)))[0]


def binary(quick: bool, say: Callable[[str], None]) -> None:
    """Right or wrong, independent items: exact."""
    say("right or wrong, exact: n, worst rate of false verdicts (Tango, ours), lowest coverage (Tango, ours, one side)")
    for number in range(2, 13 if quick else 101):
        old, new = false_verdicts(number)
        row = f"{number:4} {old:8.2%} {new:8.2%}"
        if number <= 20 or number in (30, 50, 70, 100):
            theirs, ours = (worst_coverage(number, f(number)) for f in (tango_lower, gaffke_lower))
            row += f" {theirs[0]:8.2%} {ours[0]:8.2%} {ours[1]:8.2%}"
        say(row)


def two_sizes(low: float, number: int) -> tuple[float, float]:
    """Return the worst chance of a lower limit above the mean, and the share of large values where that happens.

    Values are 1 or ``low``; with how many large ones the limit is just reached is where the chance is largest.
    """
    values, worst = np.array([low, 1.0]), (0.0, 0.0)
    for large in range(1, number + 1):
        limit = compute_lower_limit(units(values, np.array([number - large, large]), 0.0, 1.0), TAIL)
        share = (limit - EPSILON - low) / (1 - low)
        if 0 < share < 1:
            worst = max(worst, (float(special.bdtrc(large - 1, number, share)), share))
    return worst


def false_of_two(number: int, gain: float, loss: float) -> tuple[float, float]:
    """Return the rates of false verdicts of the t interval and ours: rarely a gain, else a loss, on average nothing."""
    share, wrong = loss / (gain + loss), [0.0, 0.0]
    for rare in range(number + 1):
        values = np.repeat([gain, -loss], [rare, number - rare])
        chance = float(special.bdtr(rare, number, share) - (special.bdtr(rare - 1, number, share) if rare else 0.0))
        ours = compute_limits(gather_units(values, np.ones(number), (-1.0, 1.0)), 0.95)
        for i, (lowest, highest) in enumerate((t_limits(values), ours)):
            wrong[i] += chance * (lowest > 0 or highest < 0)
    return wrong[0], wrong[1]


def two(quick: bool, say: Callable[[str], None]) -> None:
    """Values of two sizes: exact."""
    say("two sizes: gain, loss, n, rate of false verdicts (t interval, ours), exact")
    for gain, loss, number in ((0.98, 0.02, 80), (0.99, 0.01, 200), (0.9, 0.1, 20), (0.5, 0.05, 60), (0.98, 0.02, 500)):
        old, new = false_of_two(number, gain, loss)
        say(f"{gain:6} {-loss:6} {number:5} {old:8.2%} {new:8.2%}")
    lows = (0.0, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97)
    numbers = (1, 2, 3, 4, 5, 6, 8, 10, 15, 20, 30, 50, 100, 200, 500)
    say("two sizes: n, worst chance of a lower limit above the mean over 14 ratios of the sizes, allowed 2.5%")
    for number in numbers[:8] if quick else numbers:
        worst, share, low = max((*two_sizes(low, number), low) for low in lows)
        say(f"{number:4} {worst:.5%} with {share:.3%} large ones, small ones {low} of their size")


def divided(number: int, kinds: int) -> Iterator[tuple[int, ...]]:
    """Yield all ways to divide a number of items among kinds."""
    if kinds == 1:
        yield (number,)
        return
    for first in range(number + 1):
        for rest in divided(number - first, kinds - 1):
            yield (first, *rest)


def searched(number: int, values: Floats, tail: float, rng: np.random.Generator) -> float:
    """Return the largest chance found of a lower limit above the mean, over chances of these values."""
    cells = np.array(list(divided(number, values.size)), dtype=float)
    lows = np.array([compute_lower_limit(units(values, c, 0.0, 1.0), tail) for c in cells])
    ways = special.gammaln(number + 1) - special.gammaln(cells + 1).sum(axis=1)

    def missed(shares: Floats) -> Floats:
        chance = np.exp(ways[:, None] + cells @ np.log(np.maximum(shares.T, 1e-300)))
        total: Floats = (chance * (lows[:, None] > shares @ values + EPSILON)).sum(axis=0)
        return total

    shares = rng.dirichlet(np.full(values.size, 0.5), 3000)
    for scale in (0.1, 0.03, 0.01, 0.003, 0.001, 0.0003, 0.0):
        best = shares[np.argsort(missed(shares))[-5:]]
        near = np.abs(np.repeat(best, 200, axis=0) * (1 + scale * rng.normal(size=(1000, values.size))))
        shares = np.concatenate([best, near / near.sum(axis=1, keepdims=True)])
    return float(missed(shares).max())


def more(quick: bool, say: Callable[[str], None]) -> None:
    """Values of three and four sizes: a search for a distribution that is missed too often."""
    say("three and four sizes: n, kinds, error allowed on a side, worst found as a share of it, of so many supports")
    rng = np.random.default_rng(50)
    for number, kinds in ((2, 3), (3, 3), (4, 3), (5, 3), (6, 3), (8, 3), (10, 3), (2, 4), (3, 4), (4, 4), (5, 4)):
        for tail in (0.025, 0.1):
            tries, worst = 5 if quick else 15, 0.0
            for _ in range(tries):
                middle = rng.random(kinds - 2) ** rng.choice([0.3, 1.0, 3.0])
                lowest = rng.choice([0.0, 0.0, 0.01, 0.1, float(rng.random())])
                values = np.sort(np.concatenate([[lowest], middle, [1.0]]))
                worst = max(worst, searched(number, values, tail, rng) / tail)
            say(f"{number:4} {kinds:3} {tail:6.1%} {worst:9.4f} {tries:4}")


def finite(quick: bool, say: Callable[[str], None]) -> None:
    """Right or wrong in a list of N, of which n are drawn: exact, through the rule as it is."""
    say(
        "drawn from a list, exact: N, n, worst rate of a false better or worse of two equal candidates, lowest coverage"
    )
    for every in (10, 20, 30) if quick else (10, 20, 30, 40, 50):
        for used in sorted({every // 4, every // 2, 3 * every // 4, every - 2}):
            wrong, covered = finite_rates(every, used)
            say(f"{every:4} {used:4} {wrong:8.2%} {covered:8.2%}")


def finite_rates(every: int, used: int) -> tuple[float, float]:
    """Return the worst rate of a false verdict, and the lowest coverage, over all lists of ``every`` pairs."""
    rule, ones = Rule(target="benchmark", total=every, margin=0.0), np.ones(used)
    found = {}
    for up in range(used + 1):
        for down in range(used + 1 - up):
            d = np.repeat([1.0, -1.0, 0.0], [up, down, used - up - down])
            got = compare(PairedSample(np.maximum(d, 0), ones, np.maximum(-d, 0), ones, np.arange(used)), rule)
            found[up, down] = (got.low, got.high)
    pairs = np.array(list(found))
    lows, highs = np.array(list(found.values())).T
    total = special.gammaln(every + 1) - special.gammaln(used + 1) - special.gammaln(every - used + 1)
    wrong, covered = 0.0, 1.0
    for up in range(every + 1):
        for down in range(min(up, every - up) + 1):
            sizes = np.array([up, down, every - up - down])
            drawn = np.column_stack([pairs, used - pairs.sum(axis=1)])
            fit = (drawn <= sizes).all(axis=1)
            ways = (
                special.gammaln(sizes + 1) - special.gammaln(drawn[fit] + 1) - special.gammaln(sizes - drawn[fit] + 1)
            )
            chance, truth = np.exp(ways.sum(axis=1) - total), (up - down) / every
            missed = (lows[fit] > truth + EPSILON) | (highs[fit] < truth - EPSILON)
            covered = min(covered, 1 - float(chance[missed].sum()))
            if up == down:
                wrong = max(wrong, float(chance[(lows[fit] > 0) | (highs[fit] < 0)].sum()))
    return wrong, covered


def drawn_clusters(kind: str, count: int, rng: np.random.Generator) -> tuple[Floats, NDArray[np.int64]]:
    """Return differences without a true mean and their clusters.

    Kinds: ``alike`` (10 items each, right or wrong, half of the differences shared), ``whole`` (10 items each that all
    gain 1 in 5% of the clusters and lose 1/19 in the others), ``uneven`` (1 to 10 items; all gain 1 in 10% of the
    clusters, whatever their size), ``sizes`` (1 to 3 or 12 items; large ones lose, small ones gain).
    """
    if kind == "uneven":
        codes = np.repeat(np.arange(count), rng.integers(1, 11, count))
        return np.where(rng.random(count) < 0.1, 1.0, -0.1 / 0.9)[codes], codes
    if kind == "sizes":
        large = rng.random(count) < 0.1
        sizes = np.where(large, 12, rng.integers(1, 4, count))
        codes = np.repeat(np.arange(count), sizes)
        return np.where(large[codes], -1.0, 0.1 * 12 / (0.9 * 2)), codes
    codes = np.repeat(np.arange(count), 10)
    if kind == "whole":
        return np.where(rng.random(count) < 0.05, 1.0, -0.05 / 0.95)[codes], codes
    shared = rng.random(codes.size) < 0.5
    place = np.where(shared, rng.random(count)[codes], rng.random(codes.size))
    return np.where(place < 0.1, 1.0, np.where(place < 0.2, -1.0, 0.0)), codes


SETTINGS = (("alike", 1), ("whole", 1), ("uneven", 1), ("sizes", 12), ("sizes", 1))
"""Kinds of clusters, and the size of the largest, if it is known."""


def clusters(quick: bool, say: Callable[[str], None]) -> None:
    """Clusters, two equal candidates: simulated."""
    rounds = 100 if quick else 500
    say(f"clusters: number, rates of a false better or worse (t interval, ours); {rounds} samples")
    say("      alike           whole           uneven          sizes           sizes, the largest not known")
    for count in (2, 3, 4, 5, 6, 7, 8, 10, 20, 50, 100):
        rates = []
        for index, (kind, largest) in enumerate(SETTINGS):
            rng, wrong = np.random.default_rng([51, count, index]), [0, 0]
            rule = Rule(margin=0.0, shuffled="clusters", largest_cluster=largest)
            for _ in range(rounds):
                d, codes = drawn_clusters(kind, count, rng)
                low, high = t_limits(d, codes)
                ones = np.ones(d.size)
                ours = compute_fixed_interval(
                    PairedSample(np.maximum(d, 0), ones, np.maximum(-d, 0), ones, codes), rule
                )
                wrong[0] += low > 0 or high < 0
                wrong[1] += ours[0] > 0 or ours[1] < 0
            rates += [w / rounds for w in wrong]
        say(f"{count:4} " + " ".join(f"{rate:7.2%}" for rate in rates))


def ordinary(kind: str, number: int, rng: np.random.Generator) -> Floats:
    """Return differences as they usually are."""
    if kind.startswith("binary"):
        return np.where(rng.random(number) < float(kind.split()[1]), rng.choice([-1.0, 1.0], number), 0.0)
    first = rng.beta(2, 2, number)
    if kind == "smooth":
        return first - np.clip(first + rng.normal(0, 0.15, number), 0, 1)
    return np.where(rng.random(number) < 0.7, 0.0, first - rng.random(number))


def widths(quick: bool, say: Callable[[str], None]) -> None:
    """What it costs: mean half widths, in points."""
    say("half widths in points: kind, n, Tango (binary) or t interval, ours, betting at any look")
    rng = np.random.default_rng(52)
    kinds = ("binary 0.2", "binary 0.05", "smooth", "mostly alike")
    for kind, number in itertools.product(kinds, (20, 50, 100, 200, 500, 1000, 5000)):
        rows = []
        for _ in range(10 if quick else 60):
            d = ordinary(kind, number, rng)
            theirs = tango((d > 0).sum(), (d < 0).sum(), number, 1.96) if kind.startswith("binary") else t_limits(d)
            ours = compute_limits(gather_units(d, np.ones(number), (-1.0, 1.0)), 0.95)
            bets = betting_limits(Units(d, np.ones(number)), 0.95)
            rows.append([high - low for low, high in (theirs, ours, bets)])
        say(f"{kind:14} {number:5} " + " ".join(f"{50 * w:7.2f}" for w in np.mean(rows, axis=0)))


TABLES = {"binary": binary, "two": two, "more": more, "finite": finite, "clusters": clusters, "widths": widths}


def main(arguments: list[str] | None = None, say: Callable[[str], None] = lambda line: print(line, flush=True)) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="", choices=["", *TABLES], help="this table alone")
    parser.add_argument("--quick", action="store_true", help="fewer and smaller settings")
    options = parser.parse_args(arguments)
    for name, table in TABLES.items():
        if options.only in ("", name):
            table(options.quick, say)


if __name__ == "__main__":
    main()
