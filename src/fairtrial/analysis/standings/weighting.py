"""One weighted score, only because the user wrote the weights; and who would win with weights near theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairtrial.analysis.standings.across import ScoreTable
from fairtrial.analysis.verdicts import get_bounds
from fairtrial.stats import ranking as stats
from fairtrial.stats.arrays import Floats


@dataclass(frozen=True, slots=True)
class WeightedPlace:
    """A candidate's weighted score.

    Attributes:
        score: weighted mean over tasks.
        low, high: its interval for new items like these, these tasks and these weights; None for ranks.
        on_top: share of weights near the user's with which the candidate is the best.
    """

    candidate: str
    score: float
    low: float | None
    high: float | None
    on_top: float


@dataclass(frozen=True, slots=True)
class WeightedScore:
    """The weighted score of every candidate, the best first.

    Attributes:
        weights: task name to its share of all weights.
        scale: what is averaged: ``score``, the main measures as shares of their ranges, turned so that 1 is the best;
            or ``rank``, where a main measure has no bounds and so no scale in common with others: 1 is the best rank.
        places: one a candidate.
    """

    weights: Mapping[str, float]
    scale: Literal["score", "rank"]
    places: tuple[WeightedPlace, ...]


def compute_weighted_score(
    table: ScoreTable, weights: Mapping[str, float], rng: np.random.Generator
) -> WeightedScore | str:
    """Return the weighted score, or in words why there is none.

    Intervals are put together from those of the tasks (MOVER: Zou and Donner 2008, doi:10.1002/sim.3095), which are
    about different items and so independent.
    """
    missing = [name for name, weight in weights.items() if weight > 0 and name not in table.names()]
    if missing:
        return "; ".join(f"{name}: {table.left_out.get(name, 'not a task of this trial')}" for name in missing)
    wanted = np.array([float(weights.get(name, 0.0)) for name in table.names()])
    used = np.flatnonzero(wanted > 0)
    shares = wanted[used] / wanted.sum()
    bounded = [get_bounds(table.tasks[t].main_measure) for t in used]
    plain = all(table.tasks[t].main_measure.transform == "identity" for t in used)
    if plain and all(bounds is not None for bounds in bounded):
        means, lows, highs = (np.stack([_collect_column(table, int(t))[k] for t in used], axis=1) for k in range(3))
        found = stats.compute_weighted_scores(means, shares, rng)
        lower = found.scores - np.sqrt((shares**2 * (means - lows) ** 2).sum(axis=1))
        upper = found.scores + np.sqrt((shares**2 * (highs - means) ** 2).sum(axis=1))
        ends: list[tuple[float | None, float | None]] = [
            (float(a), float(b)) for a, b in zip(lower, upper, strict=True)
        ]
        scale: Literal["score", "rank"] = "score"
        values = found.scores
    else:
        ranks = np.array([[ranking.place(name).rank for ranking in table.rankings] for name in table.candidates])
        found = stats.compute_weighted_scores(-ranks[:, used], shares, rng)
        ends, scale, values = [(None, None)] * len(ranks), "rank", -found.scores
    places = [
        WeightedPlace(name, float(value), *end, on_top=float(top))
        for name, value, end, top in zip(table.candidates, values, ends, found.on_top, strict=True)
    ]
    named = {table.names()[t]: float(share) for t, share in zip(used, shares, strict=True)}
    return WeightedScore(named, scale, tuple(sorted(places, key=lambda p: p.score if scale == "rank" else -p.score)))


def _collect_column(table: ScoreTable, t: int) -> tuple[Floats, Floats, Floats]:
    """Return (C,) means and ends of a task's main measure as shares of its range, 1 the best."""
    measure = table.tasks[t].main_measure
    bounds = get_bounds(measure) or (0.0, 1.0)
    places = [table.rankings[t].place(name) for name in table.candidates]
    means, lows, highs = (
        (np.array([getattr(p, end) for p in places]) - bounds[0]) / (bounds[1] - bounds[0])
        for end in ("mean", "low", "high")
    )
    return (means, lows, highs) if measure.higher_is_better else (1 - means, 1 - highs, 1 - lows)
