"""What the tasks tell about these candidates: which put them in the same order, which cannot tell them apart.

With few candidates this says little about the tasks as such, and a lot about what was learnt from running both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.analysis.standings.across import ScoreTable
from fairtrial.analysis.standings.ranks import Ranking
from fairtrial.analysis.standings.values import CandidateValues, TrialValues
from fairtrial.analysis.verdicts import get_bounds
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats import ranking as stats
from fairtrial.stats.arrays import Floats, Ints

HEADROOM = 0.05
"""Share of a measure's range: nearer than this to the best possible value there is little left to see."""

ALIKE = 0.95
"""Rank correlation from which two tasks are called redundant for these candidates."""


@dataclass(frozen=True, slots=True)
class TaskAgreement:
    """How alike two tasks order the candidates.

    Attributes:
        x, y: the tasks.
        tau: Kendall's tau-b, with its interval over the items; None if one gives all candidates the same score.
        correlation: Spearman's of the candidates' means; None likewise.
        redundant: correlation at least 0.95, and tau's interval above 0: for these candidates one tells little that
            the other does not.
    """

    x: str
    y: str
    tau: float | None
    low: float | None
    high: float | None
    correlation: float | None
    redundant: bool


def find_agreements(
    rows: TrialValues, table: ScoreTable, rng: np.random.Generator
) -> tuple[list[TaskAgreement], list[str]]:
    """Return how alike every two tasks order the candidates, and the tasks with too few items to say."""
    samples = [_collect_complete_items(rows, table, t) for t in range(len(table.tasks))]
    usable = [t for t, (_, clusters) in enumerate(samples) if np.unique(clusters).size > 1]
    correlation = stats.compute_redundancy(table.scores)
    taus = stats.compute_agreements([samples[t] for t in usable], rows.confidence, rng)
    found = []
    for (i, j), got in taus.items():
        x, y = usable[i], usable[j]
        rho = None if math.isnan(correlation[x, y]) else float(correlation[x, y])
        alike = rho is not None and rho >= ALIKE - 1e-9 and got is not None and got.low > 0
        tau, low, high = (None, None, None) if got is None else (got.tau, got.low, got.high)
        found.append(TaskAgreement(table.names()[x], table.names()[y], tau, low, high, rho, alike))
    return found, [name for t, name in enumerate(table.names()) if t not in usable]


def _collect_complete_items(rows: TrialValues, table: ScoreTable, t: int) -> tuple[Floats, Ints]:
    """Return (n, C) values of the items that all candidates have, and (n,) clusters; more is better.

    For weighted measures the values are linearised, so that their plain mean is the weighted one.
    """
    task, measure = table.tasks[t], table.measure(t)
    cells = [rows.cell(name, task, measure.name) for name in table.candidates]
    at = cells[0].at
    for cell in cells[1:]:
        at = np.intersect1d(at, cell.at, assume_unique=True)
    columns = [cell.select(at) for cell in cells]
    if not all(column.counts for column in columns):
        return np.zeros((0, len(cells))), np.zeros(0, dtype=np.int64)
    sign = 1 if measure.higher_is_better else -1
    return sign * np.stack([_linearise(column) for column in columns], axis=1), rows.clusters(task, at)


def _linearise(cell: CandidateValues) -> Floats:
    """Return (n,) values whose plain mean is the weighted one, and varies like it."""
    if (cell.weights == cell.weights[0]).all():
        return cell.values
    mean = float(np.average(cell.values, weights=cell.weights))
    found: Floats = mean + cell.weights / cell.weights.mean() * (cell.values - mean)
    return found


@dataclass(frozen=True, slots=True)
class TaskHealth:
    """Whether a task can tell these candidates apart.

    Attributes:
        saturated: at least half of the candidates reach all but a twentieth of the best possible value.
        at_chance: no candidate is certainly better than blind guessing; None if its level is unknown.
        telling: share of the pairs with a certain order; None with one candidate.
    """

    task: str
    measure: str
    saturated: bool
    at_chance: bool | None
    telling: float | None


def find_task_health(rows: TrialValues, rankings: Sequence[Ranking]) -> list[TaskHealth]:
    """Judge each task that ranks by its main measure; see `fairtrial.stats.ranking.judge_health`."""
    found = []
    by_task = {(r.task, r.measure): r for r in rankings}
    for task in rows.plan.tasks:
        measure = task.main_measure
        got = by_task.get((task.name, measure.name))
        if got is None:
            continue
        lows, means, ceiling, headroom, chance = _orient_scale(task, got)
        decided = [pair.ahead is not None for pair in got.pairs]
        judged = stats.judge_health((lows, means), chance, decided, ceiling, headroom)
        telling = judged.telling if decided else None
        found.append(TaskHealth(got.task, got.measure, judged.saturated, judged.at_chance, telling))
    return found


def _orient_scale(task: TaskRecord, got: Ranking) -> tuple[Floats, Floats, float, float, float | None]:
    """Return lower ends, means, best value, headroom and chance level, turned so that more is better."""
    measure = task.main_measure
    bounds = get_bounds(measure) if measure.transform == "identity" else None
    up = measure.higher_is_better
    sign = 1.0 if up else -1.0
    lows = np.array([p.low if up else -p.high for p in got.places])
    means = np.array([sign * p.mean for p in got.places])
    chance = task.card.chance
    ceiling = math.inf if bounds is None else max(sign * end for end in bounds)
    headroom = 0.0 if bounds is None else HEADROOM * (bounds[1] - bounds[0])
    return lows, means, ceiling, headroom, None if chance is None else sign * chance
