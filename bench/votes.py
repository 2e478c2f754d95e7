"""How often intervals and verdicts of votes are wrong, at all looks, and how many votes a difference takes.

    python bench/votes.py [--runs 400]

Voters come one after the other; each votes a few times between two candidates whose sides are drawn by chance.  Voters
differ (``spread``: of the net preference between them), may take the left side whoever stands there (``left``), and may
like neither (``ties``).  Looked at after every vote: an interval misses if it ever did.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.bradley_terry import compute_foretold, compute_log_likelihood
from fairtrial.stats.preferences import average_sessions, estimate_net

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Scene:
    """What voters are like: net preference among those who decide, ties, the left side, spread, votes a session."""

    net: float
    ties: float = 0.0
    left: float = 0.0
    spread: float = 0.0
    each: int = 1

    @property
    def true(self) -> float:
        return self.net * (1 - self.ties) * (1 - self.left)


SCENES = (
    Scene(0.0), Scene(0.0, ties=0.6), Scene(0.0, left=0.5), Scene(0.0, each=5, spread=0.8),
    Scene(0.2), Scene(0.2, ties=0.6), Scene(0.2, left=0.5), Scene(0.2, each=5, spread=0.6), Scene(0.6), Scene(0.9),
)  # fmt: skip


def draw(scene: Scene, sessions: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return votes for the first, and whose they are."""
    own = np.clip(scene.net + scene.spread * rng.choice([-1, 1], sessions), -1, 1).repeat(scene.each)
    votes = np.where(rng.random(own.size) < (1 + own) / 2, 1.0, -1.0)
    sides = rng.choice([-1.0, 1.0], own.size)  # where the first stands
    votes = np.where(rng.random(own.size) < scene.left, sides, votes)
    votes[rng.random(own.size) < scene.ties] = 0
    return votes, np.arange(sessions).repeat(scene.each)


def run(scene: Scene, count: int, runs: int, rng: np.random.Generator) -> str:
    missed = np.zeros(2)
    decided: list[int] = []
    wrong = 0
    for _ in range(runs):
        votes, of = draw(scene, count // scene.each, rng)
        by_votes = estimate_net(votes, CONFIDENCE)
        means = average_sessions(votes, of.tolist(), [True] * votes.size)
        by_sessions = estimate_net(means, CONFIDENCE)
        for i, found in enumerate((by_votes, by_sessions)):
            missed[i] += not found.low <= scene.true <= found.high
        said = by_sessions.low > 0 or by_sessions.high < 0
        wrong += said and (by_sessions.low > 0) - (by_sessions.high < 0) != np.sign(scene.true)
        if said and scene.true > 0:
            decided.append(_find_first(means) * scene.each)
    by = f"{missed[0] / runs:8.1%} {missed[1] / runs:9.1%} {wrong / runs:7.1%} {len(decided) / runs:8.1%}"
    return by + (f" {np.median(decided):8.0f}" if decided else "        -")


def _find_first(means: np.ndarray) -> int:
    """Return after how many units a difference is first told."""
    low, high = 1, means.size
    while low < high:
        middle = (low + high) // 2
        found = estimate_net(means[:middle], CONFIDENCE)
        if found.low > 0 or found.high < 0:
            high = middle
        else:
            low = middle + 1
    return low


def run_strengths(strengths: np.ndarray, count: int, runs: int, rng: np.random.Generator) -> float:
    """Return how often true strengths ever leave the set."""
    size, missed = len(strengths), 0
    for _ in range(runs):
        wins = np.zeros((size, size))
        for _ in range(count):
            i, j = rng.choice(size, 2, replace=False)
            first = rng.random() < 1 / (1 + np.exp(strengths[j] - strengths[i]))
            wins[(i, j) if first else (j, i)] += 1
            if compute_foretold(wins) - compute_log_likelihood(wins, strengths) >= -np.log(1 - CONFIDENCE):
                missed += 1
                break
    return missed / runs


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400)
    runs = parser.parse_args().runs
    rng = np.random.default_rng(1)
    print("  net  ties  left spread each  votes  missed by: votes, sessions; wrong; decided; median votes")
    for scene in SCENES:
        for count in (20, 300):
            told = run(scene, count, runs, rng)
            what = f"{scene.net:5.2f} {scene.ties:5.0%} {scene.left:5.0%} {scene.spread:6.1f} {scene.each:4} {count:6}"
            print(f"{what}  {told}", flush=True)
    for strengths in (np.zeros(3), np.array([0.0, 1.0, 3.0]), np.linspace(-2, 2, 5)):
        print(f"strengths {strengths}: not in the set in {run_strengths(strengths, 200, runs, rng):.1%}", flush=True)


if __name__ == "__main__":
    main()
