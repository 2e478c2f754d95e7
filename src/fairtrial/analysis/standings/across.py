"""What several tasks say together: who dominates whom, and how firm the order is.

Works on the main measure of each task.  Nothing is added up over tasks but ranks, unless the user wrote weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from fairtrial.analysis.standings.ranks import CandidateRank, Ranking
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger.plan import TaskRecord
from fairtrial.records import Measure
from fairtrial.stats import ranking as stats
from fairtrial.stats.arrays import Floats


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """What is compared across tasks: candidates with values, and the tasks on which all of them have values.

    Attributes:
        candidates: names, in the plan's order.
        tasks: the plan's entries.
        rankings: one a task, on its main measure.
        scores: (C, T) the means, turned so that more is better; of logarithms for measures shown through ``exp``.
        left_out: task name to the reason why it is not among them.
    """

    candidates: tuple[str, ...]
    tasks: tuple[TaskRecord, ...]
    rankings: tuple[Ranking, ...]
    scores: Floats
    left_out: Mapping[str, str]

    def measure(self, place: int) -> Measure:
        """Return the main measure of a task by its place."""
        return self.tasks[place].main_measure

    def names(self) -> list[str]:
        """Return the names of the tasks."""
        return [task.name for task in self.tasks]


def make_score_table(rows: TrialValues, rankings: Sequence[Ranking]) -> ScoreTable:
    """Return what can be compared across tasks; tasks without complete or directed values are left out, with reason."""
    by_task = {(r.task, r.measure): r for r in rankings}
    main = [(task, by_task.get((task.name, task.main_measure.name))) for task in rows.plan.tasks]
    seen = {place.candidate for _, found in main if found for place in found.places}
    names = tuple(name for name in rows.names if name in seen)
    kept, left_out = [], {}
    for task, found in main:
        missing = [name for name in names if not found or name not in {p.candidate for p in found.places}]
        if task.form:
            left_out[task.name] = "a form of a task is compared with that task alone"
        elif task.card.harms is not None:
            left_out[task.name] = "harm is never added up with quality"
        elif task.main_measure.higher_is_better is None:
            left_out[task.name] = f"{task.main_measure.name} has no better or worse"
        elif found is None or missing:
            left_out[task.name] = f"no answers yet of {', '.join(missing)}" if names else "no answers yet"
        else:
            kept.append((task, found))
    scores = np.array([[_orient_score(task, found.place(name)) for task, found in kept] for name in names])
    return ScoreTable(
        names, tuple(t for t, _ in kept), tuple(r for _, r in kept), scores.reshape(len(names), len(kept)), left_out
    )


def _orient_score(task: TaskRecord, place: CandidateRank) -> float:
    """Return a candidate's mean turned so that more is better; the transform keeps the order."""
    return place.mean if task.main_measure.higher_is_better else -place.mean


@dataclass(frozen=True, slots=True)
class HeadToHead:
    """Two candidates over all tasks: on how many each is certainly ahead; the rest is open."""

    a: str
    b: str
    a_ahead: tuple[str, ...]
    b_ahead: tuple[str, ...]
    open: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dominance:
    """``a`` is behind ``b`` by more than the margin on no task, and ahead of it on some, as far as intervals say.

    Attributes:
        better_on: tasks on which ``a`` is certainly ahead.
        together: whether it is ahead on one of them also among all orders of the trial.
    """

    a: str
    b: str
    better_on: tuple[str, ...]
    together: bool


def compare_pairs(table: ScoreTable) -> list[HeadToHead]:
    """Return how every two candidates fare over all tasks."""
    found = []
    for a, b in combinations(table.candidates, 2):
        sides: dict[str | None, list[str]] = {a: [], b: [], None: []}
        for ranking in table.rankings:
            pair = next((p for p in ranking.pairs if (p.a, p.b) == (a, b)), None)
            sides[pair.ahead if pair else None].append(ranking.task)
        found.append(HeadToHead(a, b, tuple(sides[a]), tuple(sides[b]), tuple(sides[None])))
    return found


def find_dominances(table: ScoreTable, margins: Sequence[float]) -> list[Dominance]:
    """Return who dominates whom over all tasks; ``margins``: on each, a loss that does not matter."""
    number, index = len(table.candidates), {name: i for i, name in enumerate(table.candidates)}
    lows = np.full((number, number, len(table.tasks)), -math.inf)
    clear = np.zeros(lows.shape, dtype=bool)
    for t, ranking in enumerate(table.rankings):
        for pair in ranking.pairs:
            i, j = index[pair.a], index[pair.b]
            lows[i, j, t], lows[j, i, t] = pair.low, -pair.high
            clear[i, j, t], clear[j, i, t] = (pair.ahead == name for name in (pair.a, pair.b))
    found = []
    for i, j in np.argwhere(stats.compute_dominance(lows, np.array(margins))):
        better = tuple(r.task for r, low in zip(table.rankings, lows[i, j], strict=True) if low > 0)
        found.append(Dominance(table.candidates[i], table.candidates[j], better, bool(clear[i, j].any())))
    return found


@dataclass(frozen=True, slots=True)
class OverallRank:
    """A candidate's place over all tasks.

    Attributes:
        mean_rank: mean over tasks of its rank.
        on_top: share of resampled task lists in which it has the best mean rank.
    """

    candidate: str
    mean_rank: float
    on_top: float


@dataclass(frozen=True, slots=True)
class RankReversal:
    """How often the order of two candidates turns round when tasks are drawn anew; ``before`` has the better rank."""

    before: str
    after: str
    share: float


@dataclass(frozen=True, slots=True)
class LeaveOneOutLeaders:
    """Who is on top by mean rank when one task is left out."""

    task: str
    top: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RankStability:
    """How the order by mean rank depends on the choice of tasks; candidates by mean rank, the best first."""

    order: tuple[OverallRank, ...]
    flips: tuple[RankReversal, ...]
    without: tuple[LeaveOneOutLeaders, ...]


def measure_stability(table: ScoreTable, rng: np.random.Generator) -> RankStability:
    """Return how firm the order is; see `fairtrial.stats.ranking.compute_stability`."""
    found = stats.compute_stability(table.scores, rng)
    ranks = stats.compute_mean_ranks(table.scores)
    names = table.candidates
    order = tuple(OverallRank(names[i], float(ranks[i]), float(found.on_top[i])) for i in found.order)
    flips = tuple(
        RankReversal(names[i], names[j], float(found.flipped[i, j]))
        for i, j in combinations(found.order, 2)
        if ranks[i] < ranks[j] - 1e-9
    )
    without = tuple(
        LeaveOneOutLeaders(task, tuple(names[i] for i in np.flatnonzero(row <= row.min() + 1e-9)))
        for task, row in zip(table.names(), found.without, strict=True)
    )
    return RankStability(order, flips, without)
