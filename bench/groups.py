"""Many groups at once: do the intervals of their gaps hold together?   python -m bench.groups

Simulates counterfactual pairs of groups without any gap (and, with --gap, with one group apart), right-or-wrong or
continuous, in clusters, and counts how often any interval of the family misses its true gap, how often any gap is
claimed where there is none, and how often the group apart is found.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.groups import compare_groups


@dataclass(frozen=True)
class Setting:
    """What is simulated.

    Attributes:
        pairs: questions, of each attribute.
        groups: of each attribute.
        attributes: how many.
        kind: ``rare`` (a share of 3 %), ``share`` (30 %), ``probability`` (a little noise about a question's own
            level), or ``skewed`` (exponential, without bounds).
        per_cluster: pairs in one cluster.
        gap: of the first group.
    """

    pairs: int
    groups: int
    attributes: int = 1
    kind: str = "share"
    per_cluster: int = 1
    gap: float = 0.0


SETTINGS = (
    Setting(20, 3),
    Setting(20, 6, 3),
    Setting(60, 6),
    Setting(200, 6, 5),
    Setting(20, 6, 1, "rare"),
    Setting(100, 6, 1, "rare"),
    Setting(400, 6, 3, "rare"),
    Setting(20, 6, 3, "probability"),
    Setting(60, 18, 1, "probability"),
    Setting(16, 3, 8, "probability"),
    Setting(30, 4, 1, "skewed"),
    Setting(100, 4, 2, "skewed"),
    Setting(60, 4, 2, "share", 3),
)


def draw(setting: Setting, rng: np.random.Generator) -> tuple[Floats, Ints, tuple[float, float] | None, Floats]:
    """Return values, clusters, bounds and the true gaps."""
    many, k = setting.pairs, setting.groups
    table = np.full((many * setting.attributes, k * setting.attributes), np.nan)
    true = np.zeros(k * setting.attributes)
    for at in range(setting.attributes):
        cluster = np.arange(many) // setting.per_cluster
        level = rng.beta(2, 2, cluster.max() + 1)[cluster][:, None]
        if setting.kind == "skewed":
            block = rng.exponential(1.0, (many, k)) + 3 * level
        elif setting.kind == "probability":
            noise = rng.choice([-0.05, 0.0, 0.01, 0.02], (many, k)) + rng.normal(0, 0.01, (many, k))
            block = 0.2 + 0.6 * level + noise
        else:
            chance = {"rare": 0.03, "share": 0.6}[setting.kind] * level * (2 if setting.kind == "rare" else 1)
            shift = np.where(np.arange(k) == 0, setting.gap if at == 0 else 0.0, 0.0)
            block = (rng.random((many, k)) < np.clip(chance + shift, 0, 1)).astype(np.float64)
        if setting.kind in ("skewed", "probability") and at == 0:
            block[:, 0] += setting.gap
        if at == 0:
            true[:k] = np.where(np.arange(k) == 0, setting.gap, -setting.gap / (k - 1))
        table[at * many : (at + 1) * many, at * k : (at + 1) * k] = block
    clusters = np.arange(many * setting.attributes) // setting.per_cluster
    return table, clusters.astype(np.int64), None if setting.kind == "skewed" else (0.0, 1.0), true


def measure(setting: Setting, trials: int, seed: int = 1, confidence: float = 0.95) -> dict[str, float]:
    """Return the shares of trials in which some interval misses, some gap is claimed, and the first group is found."""
    rng = np.random.default_rng([seed, setting.pairs, setting.groups, setting.attributes, setting.per_cluster])
    missed = claimed = hit = 0
    widths = []
    for _ in range(trials):
        values, clusters, bounds, true = draw(setting, rng)
        found = [one for one in compare_groups(values, clusters, confidence, bounds, rng) if one is not None]
        missed += any(not one.low <= at <= one.high for one, at in zip(found, true, strict=True))
        claims = [one.p_value <= 1 - confidence for one in found]
        claimed += any(claim for claim, at in zip(claims, true, strict=True) if at == 0)
        hit += claims[0]
        widths.append(np.median([one.high - one.low for one in found]))
    return {
        "missed": missed / trials,
        "claimed": claimed / trials,
        "found": hit / trials,
        "width": float(np.median(widths)),
    }


def main() -> None:
    """Print a line for each setting."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--gap", type=float, default=0.0)
    given = parser.parse_args()
    for setting in SETTINGS:
        here = Setting(**{**setting.__dict__, "gap": given.gap})
        told = measure(here, given.trials)
        print(here, " ".join(f"{name}={value:.4f}" for name, value in told.items()), flush=True)


if __name__ == "__main__":
    main()
