"""Simulated pairs of candidates whose true difference is known, and what each way of deciding makes of them.

Knows `fairtrial.stats`; knows no ledger and no model.  `bench.verdicts` runs it and writes the figures down.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from fairtrial.stats.betting import Hints, Units, log_wealth
from fairtrial.stats.paired import PairedSample, Rule, compute_fixed_interval

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Scenario:
    """What is simulated.

    Attributes:
        name: unique.
        n: items of the benchmark.
        gap: true difference of each candidate from the baseline (of the first one only, if `candidates` > 2).
        discordance: share of items on which the two differ.
        target: ``benchmark``: a finite list with exactly this gap, in random order; ``population``: new items.
        kind: ``binary``; ``graded`` (differences are spread over [-1, 1]; the gap shrinks with them); ``clusters``
            (sizes 1 to 6, half of the differences shared within; whole clusters in random order for ``population``).
        candidates: systems in all; each but the baseline is compared with it, at a level divided by their number.
        batch: items between two looks.
        margin: differences inside are ties.
        alpha: what may go wrong, 1 - confidence.
        known: what the ledger knows of every item beforehand: nothing, the ``baseline`` (half of its answers right),
            or the ``sibling`` of the candidate, too, which agrees with it on 85% of the items.
    """

    name: str
    n: int
    gap: float
    discordance: float
    target: str = "benchmark"
    kind: str = "binary"
    candidates: int = 2
    batch: int = 25
    margin: float = 0.02
    alpha: float = 0.05
    known: str = ""


@dataclass(frozen=True)
class Drawn:
    """One simulated pair.

    Attributes:
        sums: (k,) summed differences of each unit, in the order of asking.
        sizes: (k,) items in each unit.
        truth: the true mean difference an item.
        guess: (k, P) what is known beforehand, or None.
    """

    sums: Floats
    sizes: Floats
    truth: float
    guess: Floats | None = None


@dataclass(frozen=True)
class Run:
    """One way of deciding, on one simulated trial.

    Attributes:
        wrong: a false better or worse, of any pair.
        false_tie: a tie of any pair although the truth is not inside the margin.
        decided: every pair got a verdict before the items ran out (or, for fixed samples, at the end).
        share: items used by the pair that took longest, as a share of all.
        covered: the truth was inside the interval at every look, for every pair (always true for peers).
    """

    wrong: bool
    false_tie: bool
    decided: bool
    share: float
    covered: bool = True


def draw(scenario: Scenario, gap: float, rng: np.random.Generator) -> Drawn:
    """Return one simulated pair."""
    up, both = (scenario.discordance + gap) / 2, scenario.discordance
    if scenario.kind == "clusters":
        return _draw_clusters(scenario, up, both, rng)
    n = scenario.n
    place = (rng.permutation(n) + 0.5) / n if scenario.target == "benchmark" else rng.random(n)
    d = np.where(place < up, 1.0, np.where(place < both, -1.0, 0.0))
    truth = gap
    if scenario.kind == "graded":
        d = d * rng.beta(2, 2, n)
        truth = gap / 2
    truth = float(d.mean()) if scenario.target == "benchmark" else truth
    return Drawn(d, np.ones(n), truth, _guess(scenario, d, rng) if scenario.known else None)


def _guess(scenario: Scenario, d: Floats, rng: np.random.Generator) -> Floats:
    """Return (k, P) what a trial would be helped by: the baseline's values, and the mean of the other known ones."""
    baseline = np.where(d != 0, d < 0, rng.random(d.size) < 0.5).astype(np.float64)
    if scenario.known == "baseline":
        return baseline[:, None]
    candidate = baseline + d
    sibling = np.where(rng.random(d.size) < 0.85, candidate, 1 - candidate)
    return np.stack([baseline, sibling], axis=1)


def _draw_clusters(
    scenario: Scenario, up: float, both: float, rng: np.random.Generator
) -> tuple[Floats, Floats, float]:
    sizes = rng.integers(1, 7, scenario.n)
    sizes = sizes[: int(np.searchsorted(np.cumsum(sizes), scenario.n)) + 1]
    codes = np.repeat(np.arange(sizes.size), sizes)
    place = np.where(rng.random(codes.size) < 0.5, rng.random(sizes.size)[codes], rng.random(codes.size))
    d = np.where(place < up, 1.0, np.where(place < both, -1.0, 0.0))
    if scenario.target == "benchmark":
        return Drawn(rng.permutation(d), np.ones(d.size), float(d.mean()))
    return Drawn(np.bincount(codes, d), sizes.astype(np.float64), 2 * up - both)


def first_over(wealth: Floats, threshold: float) -> Floats:
    """Return (M,) the index of the first unit at which wealth (M, k) reaches the threshold; infinite if never."""
    over = wealth >= threshold
    return np.where(over.any(axis=1), over.argmax(axis=1).astype(np.float64), np.inf)


def sequential(scenario: Scenario, drawn: Drawn) -> Run:
    """Decide one pair as `fairtrial.stats.sequential.decide` does when called after every batch."""
    d, sizes, truth = drawn.sums, drawn.sizes, drawn.truth
    largest = sizes.max() if scenario.kind != "clusters" or scenario.target == "benchmark" else 6.0
    whole = float(sizes.sum() / largest) if scenario.target == "benchmark" else None
    g = drawn.guess
    hints = None if g is None or whole is None else Hints.from_units(g, g)
    units = Units(d / largest, sizes / largest, whole, hints)
    level = scenario.alpha / (scenario.candidates - 1)
    threshold = float(np.log(2 / level))
    margin = scenario.margin
    above = first_over(log_wealth(units, np.array([0.0, -margin, truth])), threshold)
    below = first_over(log_wealth(units.mirror(), np.array([0.0, -margin, -truth])), threshold)
    ends = np.cumsum(sizes)
    total = float(ends[-1])

    def look(unit: float) -> float:
        if not np.isfinite(unit):
            return np.inf
        return min(total, float(np.ceil(ends[int(unit)] / scenario.batch) * scenario.batch))

    better, worse, tied = look(above[0]), look(below[0]), max(look(above[1]), look(below[1]))
    stop = min(better, worse, tied)
    covered = not (np.isfinite(above[2]) or np.isfinite(below[2]))
    if stop >= total and whole is not None:  # everything was asked: the verdict is exact
        return Run(False, False, True, 1.0, covered)
    if not np.isfinite(stop):
        return Run(False, False, False, 1.0, covered)
    is_tie = tied == stop
    wrong = not is_tie and ((better == stop and truth <= 0) or (worse == stop and truth >= 0))
    return Run(wrong, is_tie and abs(truth) >= margin - 1e-12, True, stop / total, covered)


def fixed_t(scenario: Scenario, drawn: Drawn) -> Run:
    """The paired t interval at the end (what lmms-eval does), over items as if they were independent."""
    mean, half = _t_intervals(drawn.sums, drawn.sizes, np.array([drawn.sums.size]), scenario.alpha)
    return _fixed(scenario, float(mean[0]), float(half[0]), drawn.truth)


def peeking_t(scenario: Scenario, drawn: Drawn) -> Run:
    """The same interval looked at after every batch, stopping at the first one that decides (what people do)."""
    d, sizes, truth = drawn.sums, drawn.sizes, drawn.truth
    total = float(sizes.sum())
    looks = np.searchsorted(np.cumsum(sizes), np.arange(scenario.batch, total + scenario.batch, scenario.batch)) + 1
    looks = np.unique(np.minimum(looks, d.size))
    mean, half = _t_intervals(d, sizes, looks, scenario.alpha)
    better, worse = mean - half > 0, mean + half < 0
    tied = (np.abs(mean) + half <= scenario.margin) & (half > 0)
    at = np.flatnonzero(better | worse | tied)
    if at.size == 0:
        return Run(False, False, False, 1.0)
    i = at[0]
    wrong = not tied[i] and ((better[i] and truth <= 0) or (worse[i] and truth >= 0))
    false_tie = bool(tied[i]) and abs(truth) >= scenario.margin - 1e-12
    return Run(bool(wrong), false_tie, True, float(np.cumsum(sizes)[looks[i] - 1] / total))


def unpaired_z(scenario: Scenario, drawn: Drawn) -> Run:
    """Two means with unpaired standard errors at the end (what lm-eval does), for two systems near 50% right."""
    mean = float(drawn.sums.sum() / drawn.sizes.sum())
    half = float(special.ndtri(1 - scenario.alpha / 2)) * (2 * 0.25 / float(drawn.sizes.sum())) ** 0.5
    return _fixed(scenario, mean, half, drawn.truth)


def _fixed(scenario: Scenario, mean: float, half: float, truth: float) -> Run:
    tied = half > 0 and abs(mean) + half <= scenario.margin
    better, worse = not tied and mean - half > 0, not tied and mean + half < 0
    wrong = (better and truth <= 0) or (worse and truth >= 0)
    return Run(wrong, tied and abs(truth) >= scenario.margin - 1e-12, tied or better or worse, 1.0)


def _t_intervals(d: Floats, sizes: Floats, looks: NDArray[np.int64], alpha: float) -> tuple[Floats, Floats]:
    """Return mean and half width after each of these numbers of units, items taken as independent."""
    n = np.cumsum(sizes)[looks - 1]
    mean = np.cumsum(d)[looks - 1] / n
    square = np.cumsum(d**2 / sizes)[looks - 1] / n
    variance = np.maximum(0.0, square - mean**2) * n / np.maximum(1, n - 1)
    return mean, special.stdtrit(np.maximum(1, n - 1), 1 - alpha / 2) * (variance / n) ** 0.5


def fixed_coverage(n: int, size: int, gap: float, discordance: float, kind: str, rounds: int, seed: int) -> float:
    """Return how often the fixed-sample interval of `fairtrial.stats.paired` holds the truth.

    Args:
        n: items.
        size: largest cluster; sizes are even from 1 to it, and half of the differences are shared within.
        gap: true difference (a sixth of it for graded values).
        discordance: share of items that differ.
        kind: ``binary`` or ``graded`` (differences of A from a constant B, skewed).
        rounds: simulated samples.
        seed: of the simulation.
    """
    rng, hits = np.random.default_rng(seed), 0
    truth = gap if kind == "binary" else gap / 6
    ones = np.ones(n)
    for _ in range(rounds):
        codes = np.repeat(np.arange(n), rng.integers(1, size + 1, n))[:n]
        shared = rng.random(n)[codes]
        place = shared if size == 1 else np.where(rng.random(n) < 0.5, shared, rng.random(n))
        d = np.where(place < (discordance + gap) / 2, 1.0, np.where(place < discordance, -1.0, 0.0))
        a, b = np.maximum(d, 0), np.maximum(-d, 0)
        if kind == "graded":
            a, b = 0.5 + d * rng.beta(1, 2, n) / 2, np.full(n, 0.5)
        low, high = compute_fixed_interval(PairedSample(a, ones, b, ones, codes), Rule())
        hits += low - 1e-12 <= truth <= high + 1e-12
    return hits / rounds


WAYS = {"paired t, fixed N": fixed_t, "paired t, peeking": peeking_t, "unpaired z, fixed N": unpaired_z}
"""Peers, by name."""
