"""How often is a claim about two curves over tokens wrong?  Simulated, the truth being known.

    python -m bench.token_curves            # about 4 minutes on one core
    python -m bench.token_curves --quick    # a tenth of the trials

Two systems answer the same items at four lengths of thinking.  An item has a difficulty that both share, clusters share
some of it, and a system is right at a length where its skill there beats the difficulty; tokens scatter and
grow with the difficulty.  Both systems' true areas come from a large sample of the same process.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from fairtrial.stats.arrays import Floats
from fairtrial.stats.paired import Rule
from fairtrial.stats.token_curves import (
    AreaQuestion,
    CurveSample,
    compare_many,
    compute_area,
    compute_curve,
    draw_clusters,
    find_limits,
)

ALPHA = 0.05
BUDGETS = np.array([0.0, 64.0, 256.0, 1024.0])
BASE = np.array([0.35, 0.45, 0.6, 0.7])
"""Shares that a system gets right at the four lengths."""


@dataclass(frozen=True)
class Scene:
    """What is simulated.

    Attributes:
        name: in the table.
        items, clusters: of each task.
        shift: points by which A is ahead at the four lengths.
        stretch: by how much longer A's thoughts are.
        margin: of the claim.
        tasks: families that are judged together.
        scatter: of the tokens' logarithm.
        shared: share of the variance of a difficulty that a cluster shares.
    """

    name: str
    items: int
    clusters: int
    shift: tuple[float, float, float, float] = (0, 0, 0, 0)
    stretch: float = 1.0
    margin: float = 0.05
    tasks: int = 1
    scatter: float = 0.4
    shared: float = 0.3


SCENES = (
    Scene("equal curves, no margin", 200, 200, margin=0.0),
    Scene("equal curves, no margin", 40, 40, margin=0.0),
    Scene("equal curves, no margin, few clusters", 200, 10, margin=0.0),
    Scene("equal curves, no margin, 8 task families", 100, 100, margin=0.0, tasks=8),
    Scene("equal at equal tokens, A thinks twice as long", 200, 200, margin=0.0, stretch=2.0),
    Scene("equal curves", 200, 200),
    Scene("A behind by just the margin", 400, 400, (-0.05,) * 4),
    Scene("A behind by just the margin, few clusters", 400, 12, (-0.05,) * 4),
    Scene("A behind by just the margin, 8 task families", 200, 200, (-0.05,) * 4, tasks=8),
    Scene("A behind by 10 points", 200, 200, (-0.1,) * 4),
    Scene("A behind by 10 points", 400, 400, (-0.1,) * 4),
    Scene("A behind by 10 points", 1000, 1000, (-0.1,) * 4),
    Scene("A gains half as much by thinking", 400, 400, (0, -0.05, -0.125, -0.175)),
    Scene("A gains half as much by thinking", 1000, 1000, (0, -0.05, -0.125, -0.175)),
    Scene("equal curves", 1000, 1000),
    Scene("equal curves", 3000, 3000),
)


def draw_pair(scene: Scene, items: int, clusters: int, rng: np.random.Generator) -> tuple[CurveSample, CurveSample]:
    """Return what both systems did on new items."""
    codes = np.arange(items) % clusters
    common = rng.normal(size=clusters)[codes] * scene.shared**0.5
    difficulty = common + rng.normal(size=items) * (1 - scene.shared) ** 0.5

    def draw_one(shift: Floats, stretch: float) -> CurveSample:
        own = 0.8**0.5 * difficulty + 0.2**0.5 * rng.normal(size=items)
        noise = 0.9**0.5 * own + 0.1**0.5 * rng.normal(size=(4, items))
        length = stretch * BUDGETS[:, None] * np.exp(scene.scatter * rng.normal(size=(4, items)) + 0.2 * difficulty)
        # a system that thinks longer is right as often at equal tokens: its curve is read at its own lengths
        reach = np.interp(np.log1p(stretch * BUDGETS), np.log1p(BUDGETS), BASE) if stretch != 1 else BASE
        right = noise < ndtri(reach + shift)[:, None]
        return CurveSample(right.astype(np.float64), length + 6, codes.astype(np.int64))

    return draw_one(np.array(scene.shift), scene.stretch), draw_one(np.zeros(4), 1.0)


def compute_truth(scene: Scene) -> float:
    """Return A's true area less B's, between the limits that a large sample has."""
    a, b = draw_pair(scene, 400_000, 400_000, np.random.default_rng(99))
    curves = compute_curve(a), compute_curve(b)
    limits = find_limits(*curves)
    assert limits is not None
    return float(compute_area(curves[0], limits) - compute_area(curves[1], limits))


def simulate(scene: Scene, trials: int, draws: int = 400, seed: int = 1) -> dict[str, float]:
    """Return shares of trials: with a false claim (supported, refuted), with each claim, and covered (all tasks).

    Supported is false where A is not behind, refuted where it is behind by the margin or more; without a margin and
    without a difference both are.
    """
    truth = compute_truth(scene)
    if scene.stretch == 1 and not any(scene.shift):
        truth = 0.0
    edge = -scene.margin if len(set(scene.shift)) == 1 and abs(scene.shift[0]) == scene.margin > 0 else truth
    truth = edge if abs(edge - truth) < 0.003 else truth
    found = {name: 0.0 for name in ("false supported", "false refuted", "supported", "refuted", "covered")}
    for trial in range(trials):
        rng = np.random.default_rng([seed, trial])
        questions = []
        for _ in range(scene.tasks):
            a, b = draw_pair(scene, scene.items, scene.clusters, rng)
            limits = find_limits(compute_curve(a), compute_curve(b))
            assert limits is not None
            rule = Rule(margin=scene.margin, confidence=1 - ALPHA)
            questions.append(AreaQuestion(a, b, limits, rule, draw_clusters(b.clusters, draws, rng)))
        together = [judged for _, judged in compare_many(questions, ALPHA)]
        claims = [one.claim for one in together]
        null = truth > -0.003
        found["false supported"] += null and "supported" in claims
        found["false refuted"] += (truth <= -scene.margin + 1e-9 or (null and not scene.margin)) and "refuted" in claims
        found["supported"] += claims.count("supported") / scene.tasks
        found["refuted"] += claims.count("refuted") / scene.tasks
        found["covered"] += all(one.low <= truth <= one.high for one in together)
    return {name: count / trials for name, count in found.items()} | {"truth": truth}


def main() -> None:
    """Print the table of `docs/statistics.md`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the trials")
    quick = parser.parse_args().quick
    print("| curves | items | clusters | families | false supported | false refuted | covered | supported | refuted |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for number, scene in enumerate(SCENES):
        trials = max(20, (1000 if scene.tasks == 1 and scene.items < 1000 else 200) // (10 if quick else 1))
        found = simulate(scene, trials, seed=number + 1)  # luck of its own for every row
        shown = [
            f"{100 * found[k]:.1f}%" for k in ("false supported", "false refuted", "covered", "supported", "refuted")
        ]
        print(
            f"| {scene.name} | {scene.items:,} | {scene.clusters:,} | {scene.tasks} | {' | '.join(shown)} |", flush=True
        )


if __name__ == "__main__":
    main()
