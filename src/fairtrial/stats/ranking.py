"""No single benchmark is the standard: what many tasks say together about several candidates, and how firmly.

Arrays only: C candidates, T tasks.  Scores are oriented so that higher is better (turn others round first).  A task on
which a candidate has no score does not compare it: use only complete rows or tasks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Bools, Floats, Ints
from fairtrial.stats.intervals import encode_clusters


def rank_rows(values: Floats) -> Floats:
    """Return (C, T) ranks within each column of (C, T) values, the least is 1, equal values share the mean of theirs.

    The same as ``scipy.stats.rankdata(values, axis=0)``: importing that package costs more than all else that the
    command line imports.
    """
    below = (values[None, :, :] < values[:, None, :]).sum(axis=1)
    level = (values[None, :, :] == values[:, None, :]).sum(axis=1)
    return np.asarray(below + (level + 1) / 2, dtype=np.float64)


def compute_dominance(lows: Floats, margin: float | Floats) -> Bools:
    """Return (C, C) whether row i dominates column j: certainly better on a task, and nowhere worse beyond the margin.

    Args:
        lows: (C, C, T) lower end of the interval of "i less j" on each task; the diagonal is not read.
        margin: a loss that does not matter, at least 0; or (T,) one for each task.
    """
    result = np.logical_and((lows >= -margin).all(axis=2), (lows > 0).any(axis=2))
    np.fill_diagonal(result, False)
    return np.asarray(result, dtype=np.bool_)


def compute_mean_ranks(scores: Floats) -> Floats:
    """Return (C,) the mean over tasks of each candidate's rank, 1 the best, ties sharing; ``scores`` is (C, T)."""
    return np.asarray(rank_rows(-scores).mean(axis=1), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Stability:
    """How the order of candidates by mean rank depends on which tasks were chosen.

    Attributes:
        order: (C,) candidates by mean rank, the best first.
        flipped: (C, C) share of resampled task lists in which j ranks before i although i ranks before j with all
            (ties count half); 0 where i does not rank before j.
        on_top: (C,) share of resampled task lists in which the candidate ranks first (shared places are split).
        without: (T, C) mean ranks with each task dropped.
        tops: number of different candidates (or sets of them) on top when each task is dropped in turn.
    """

    order: Ints
    flipped: Floats
    on_top: Floats
    without: Floats
    tops: int


def compute_stability(scores: Floats, rng: np.random.Generator, draws: int = 2_000) -> Stability:
    """Resample the tasks with replacement, and drop each in turn.

    Args:
        scores: (C, T), T at least 2.
        rng: for the resampling.
        draws: resampled task lists.

    Raises:
        ValueError: fewer than two tasks: nothing can be dropped.
    """
    tasks = scores.shape[1]
    if tasks < 2:
        raise ValueError(f"{tasks} task: how a ranking depends on the choice of tasks needs at least two")
    ranks = rank_rows(-scores)
    whole = ranks.mean(axis=1)
    drawn = ranks @ rng.multinomial(tasks, np.full(tasks, 1 / tasks), size=draws).T / tasks
    ahead = (drawn[:, None, :] < drawn[None, :, :] - 1e-9).mean(axis=2)
    level = (np.abs(drawn[:, None, :] - drawn[None, :, :]) <= 1e-9).mean(axis=2)
    first = drawn <= drawn.min(axis=0) + 1e-9
    without = np.stack([np.delete(ranks, task, axis=1).mean(axis=1) for task in range(tasks)])
    tops = {tuple(np.flatnonzero(row <= row.min() + 1e-9)) for row in without}
    return Stability(
        order=np.argsort(whole, kind="stable").astype(np.int64),
        flipped=np.where(whole[:, None] < whole[None, :] - 1e-9, ahead.T + level / 2, 0.0),
        on_top=(first / first.sum(axis=0)).mean(axis=1),
        without=without,
        tops=len(tops),
    )


@dataclass(frozen=True, slots=True)
class RankAgreement:
    """Kendall's tau-b between two tasks' orders of the candidates, with a percentile interval over their items."""

    tau: float
    low: float
    high: float


def compute_agreement(
    x: tuple[Floats, Ints], y: tuple[Floats, Ints], confidence: float, rng: np.random.Generator, draws: int = 1_000
) -> RankAgreement | None:
    """Return how far two tasks put the candidates in the same order; None if one gives all the same score.

    Args:
        x: one task: (n, C) each candidate's value on each item, and (n,) clusters.  Clusters are resampled whole.
        y: the other task, with the same candidates.
        confidence: of the percentile interval (Efron 1979, doi:10.1214/aos/1176344552).
        rng: for the resampling.
        draws: resamples.

    The interval tells how well these items determine tau between these candidates; that these are few candidates it
    does not tell.  Tau-b: Kendall 1945, doi:10.1093/biomet/33.3.239.
    """
    return compute_agreements([x, y], confidence, rng, draws)[0, 1]


def compute_agreements(
    tasks: Sequence[tuple[Floats, Ints]], confidence: float, rng: np.random.Generator, draws: int = 1_000
) -> dict[tuple[int, int], RankAgreement | None]:
    """Return `compute_agreement` of every two of several tasks, by their places i < j; each is resampled once."""
    seen = [_compute_signs(values.mean(axis=0)[None]) for values, _ in tasks]
    drawn = [_compute_signs(_resample_means(values, clusters, rng, draws)) for values, clusters in tasks]
    ends = [(1 - confidence) / 2, (1 + confidence) / 2]
    found: dict[tuple[int, int], RankAgreement | None] = {}
    for i in range(len(tasks)):
        for j in range(i + 1, len(tasks)):
            tau = float(_compute_taus(seen[i], seen[j])[0])
            low, high = np.quantile(np.nan_to_num(_compute_taus(drawn[i], drawn[j]), nan=0.0), ends)
            found[i, j] = None if np.isnan(tau) else RankAgreement(tau, float(low), float(high))
    return found


def _compute_signs(means: Floats) -> Floats:
    """Return (D, P) which candidate of each pair is ahead, 1, 0 or -1; ``means`` is (D, C)."""
    first, second = np.triu_indices(means.shape[1], 1)
    return np.sign(means[:, first] - means[:, second])


def _compute_taus(x: Floats, y: Floats) -> Floats:
    """Return (D,) tau-b from the signs of pairs; NaN where one side has all the same."""
    with np.errstate(invalid="ignore"):
        taus: Floats = (x * y).sum(axis=1) / np.sqrt((x**2).sum(axis=1) * (y**2).sum(axis=1))
    return taus


def _resample_means(values: Floats, clusters: Ints, rng: np.random.Generator, draws: int) -> Floats:
    """Return (draws, C) the candidates' means over clusters drawn with replacement; ``values`` is (n, C).

    Clusters that are alike are drawn together, by how many of them come up: with right and wrong answers few kinds.
    """
    codes = encode_clusters(clusters)
    totals = np.stack([np.bincount(codes), *(np.bincount(codes, column) for column in values.T)], axis=1)
    kinds, number = np.unique(totals, axis=0, return_counts=True)
    means, step = np.empty((draws, values.shape[1])), max(1, 2_000_000 // len(kinds))
    for start in range(0, draws, step):  # in pieces, so that many kinds do not fill the memory
        counts = rng.multinomial(len(totals), number / len(totals), size=min(step, draws - start))
        sums = counts @ kinds
        means[start : start + len(sums)] = sums[:, 1:] / sums[:, :1]
    return means


@dataclass(frozen=True, slots=True)
class HealthJudgement:
    """Whether a task can tell these candidates apart.

    Attributes:
        saturated: at least half of the candidates may be within ``headroom`` of the best possible score.
        at_chance: no candidate is certainly above guessing; None if the chance level is unknown.
        telling: share of the pairs of candidates whose intervals of the difference exclude 0.
    """

    saturated: bool
    at_chance: bool | None
    telling: float


def judge_health(
    intervals: tuple[Floats, Floats], chance: float | None, decided: Sequence[bool], ceiling: float, headroom: float
) -> HealthJudgement:
    """Judge one task.

    Args:
        intervals: (C,) lower and (C,) upper ends of the candidates' means.
        chance: mean of blind guessing, or None.
        decided: one entry a pair of candidates: whether they certainly differ.
        ceiling: the best possible mean, e.g. 1.
        headroom: what counts as close to it, e.g. 0.05.
    """
    low, high = intervals
    return HealthJudgement(
        saturated=bool((high >= ceiling - headroom).mean() >= 0.5),
        at_chance=None if chance is None else bool((low <= chance).all()),
        telling=float(np.mean(decided)) if len(decided) else 0.0,
    )


def compute_redundancy(scores: Floats) -> Floats:
    """Return (T, T) Spearman's correlation of the candidates' scores on each two tasks; NaN where one is constant.

    Spearman 1904, doi:10.2307/1412159.  With few candidates a high value says that the tasks are mutually redundant
    *for these candidates*, and no more.
    """
    centred = rank_rows(scores)
    centred -= centred.mean(axis=0)
    size = (centred**2).sum(axis=0) ** 0.5
    with np.errstate(invalid="ignore", divide="ignore"):
        result: Floats = centred.T @ centred / np.outer(size, size)
    return result


@dataclass(frozen=True, slots=True)
class WeightedScores:
    """A weighted score by weights that the user wrote.

    Attributes:
        scores: (C,) weighted means.
        on_top: (C,) share of weights near the user's with which the candidate is the best.
    """

    scores: Floats
    on_top: Floats


def compute_weighted_scores(
    scores: Floats, weights: Floats, rng: np.random.Generator, draws: int = 2_000
) -> WeightedScores:
    """Return weighted scores, and who would win if the weights were somewhat otherwise.

    Args:
        scores: (C, T).
        weights: (T,) at least 0, not all 0.
        rng: draws the other weights: each of the user's times a log-normal factor (sigma 0.5: mostly 0.4 to 2.7).
        draws: how many.

    Raises:
        ValueError: a weight is negative, or all are 0.
    """
    if (weights < 0).any() or not (weights > 0).any():
        raise ValueError("weights must be at least 0, and one of them above 0")
    near = weights * np.exp(rng.normal(0.0, 0.5, (draws, weights.size)))
    values = scores @ (near / near.sum(axis=1, keepdims=True)).T
    first = values >= values.max(axis=0) - 1e-12
    return WeightedScores(scores @ (weights / weights.sum()), (first / first.sum(axis=0)).mean(axis=1))
