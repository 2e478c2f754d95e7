"""How often the answer to "which of these is best?" is wrong, and how often it names one.

    python -m bench.best [--trials 300] [--seed 11] [--early] [--json FILE]

Right answers of K candidates that share most of their luck, one task.  Wrong: a candidate is called the best that is
not better than each other one, or a truly best one is not among those that may be the best; with early looks, at any
look.  Beside it, naming only whoever is ahead of all others after correction for all pairs.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.stats.best import BestAnswer, compute_best_level, find_best
from fairtrial.stats.families import compute_shared_level, count_excluded
from fairtrial.stats.paired import PairedSample, Rule, compute_fixed_interval
from fairtrial.stats.sequential import decide

ALPHA = 0.05
CHUNK = 50


@dataclass(frozen=True)
class Setting:
    """A kind of trial.  ``gaps``: what each candidate scores beyond 60%."""

    name: str
    gaps: Sequence[float]
    items: int
    early: bool = False


SETTINGS = (
    Setting("2 equal", [0.0] * 2, 400),
    Setting("3 equal", [0.0] * 3, 400),
    Setting("8 equal", [0.0] * 8, 400),
    Setting("2 share first place, 3 far behind", [0.0, 0.0, -0.2, -0.2, -0.2], 400),
    Setting("1 ahead by 5 points of 2", [0.05, 0.0, 0.0], 1000),
    Setting("1 ahead by 5 points of 7", [0.05, *[0.0] * 7], 1000),
    Setting("1 ahead by 8 points of 2", [0.08, 0.0, 0.0], 400),
    Setting("3 equal", [0.0] * 3, 400, early=True),
    Setting("1 ahead by 8 points of 2", [0.08, 0.0, 0.0], 800, early=True),
)


def draw(setting: Setting, rng: np.random.Generator) -> np.ndarray:
    """Return (K, n) right answers."""
    hard = rng.random(setting.items)
    own = [np.where(rng.random(setting.items) < 0.4, rng.random(setting.items), hard) for _ in setting.gaps]
    return np.array([one < 0.6 + gap for one, gap in zip(own, setting.gaps, strict=True)], dtype=np.float64)


def interval(values: np.ndarray, pair: tuple[int, int], confidence: float, early: bool) -> tuple[float, float]:
    """Return the interval of one pair's difference."""
    a, b = (values[i] for i in pair)
    ones = np.ones(a.size)
    sample = PairedSample(a, ones, b, ones, np.arange(a.size))
    rule = Rule(margin=0.0, confidence=confidence)
    if early:
        found = decide(sample, rule)
        return found.low, found.high
    return compute_fixed_interval(sample, rule)


def answer(values: np.ndarray, early: bool) -> BestAnswer:
    """Return the answer as the program gives it."""
    count = len(values)
    level = compute_best_level(count, 1, ALPHA)
    lows = np.full((count, count), -np.inf)
    for i, j in combinations(range(count), 2):
        low, high = interval(values, (i, j), 1 - 2 * level, early)
        lows[i, j], lows[j, i] = low, -high
    return find_best(lows, np.zeros((count, count)))


def name_by_all_pairs(values: np.ndarray, early: bool) -> int | None:
    """Return who is ahead of all others after correction for all pairs (step down)."""
    pairs = list(combinations(range(len(values)), 2))

    def ends(i: int, excluded: int) -> tuple[float, float]:
        return interval(values, pairs[i], 1 - compute_shared_level(len(pairs), excluded, ALPHA), early)

    excluded = count_excluded(len(pairs), lambda i, k: ends(i, k)[0] > 0 or ends(i, k)[1] < 0)
    ahead = np.zeros(len(values), dtype=int)
    for i, (a, b) in enumerate(pairs):
        low, high = ends(i, excluded)
        ahead[a] += low > 0
        ahead[b] += high < 0
    top = int(ahead.argmax())
    return top if ahead[top] == len(values) - 1 else None


def measure(setting: Setting, trials: int, seed: int) -> dict[str, Any]:
    """Return the shares of trials with a wrong answer, and of those that name the best."""
    rng = np.random.default_rng([seed, len(setting.gaps), setting.items, setting.early])
    gaps = np.array(setting.gaps)
    bests, sole = np.flatnonzero(gaps == gaps.max()), int((gaps == gaps.max()).sum()) == 1
    wrong = named = by_pairs = 0
    left = []
    for _ in range(trials):
        values = draw(setting, rng)
        looks = range(CHUNK, setting.items + 1, CHUNK) if setting.early else [setting.items]
        found = [answer(values[:, :n], setting.early) for n in looks]
        wrong += any(
            not one.contenders[bests[0]] or (one.best is not None and not (sole and one.best == bests[0]))
            for one in found
        )
        named += found[-1].best is not None
        by_pairs += name_by_all_pairs(values, setting.early) is not None
        left.append(int(found[-1].contenders.sum()))
    return {
        "setting": setting.name,
        "items": setting.items,
        "early": setting.early,
        "trials": trials,
        "wrong": wrong / trials,
        "named": named / trials,
        "named_by_all_pairs": by_pairs / trials,
        "may_be_best": float(np.mean(left)),
    }


def main(arguments: list[str]) -> None:
    """Print a table, and write the figures if asked to."""
    parser = argparse.ArgumentParser(prog="bench.best")
    parser.add_argument("--trials", type=int, default=300)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--early", action="store_true", help="only trials that look early")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    rows = []
    for setting in (one for one in SETTINGS if one.early or not given.early):
        trials = given.trials // 2 if setting.early else given.trials
        rows.append(measure(setting, trials, given.seed))
        shown = " | ".join(f"{value:.3g}" if isinstance(value, float) else str(value) for value in rows[-1].values())
        print(f"| {shown} |", flush=True)
    if given.json:
        given.json.write_text(json.dumps(rows, indent=2))


if __name__ == "__main__":
    main(sys.argv[1:])
