"""Candidates between measures that pull apart: who is on the frontier, who is dominated by whom, how sure it is.

An axis is *quality* (the main measure of each task), a measure taken item by item, or one of a candidate as a whole.
Over several tasks a value is the mean of the tasks' values, by the user's weights if there are any; what is drawn anew
are each task's items, so the claim is about these tasks.  Measures of a candidate as a whole have one value, the
latest, and no uncertainty here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fairtrial.analysis.standings.efficiency import read_latest_whole
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import query
from fairtrial.ledger.plan import AxisRecord, TaskRecord
from fairtrial.stats.arrays import Floats
from fairtrial.stats.frontier import ClusterSums, Frontier, compute_means, draw_counts, find_frontier, sum_clusters

DRAWS = 1000
SEED = 4
"""What is drawn at random; with the trial's seed it has its own generator."""

QUALITY = AxisRecord("quality", "quality", "1", less_is_better=False)


@dataclass(frozen=True, slots=True)
class AxisValues:
    """What candidates have on one axis: (k,) as it is, and (draws, k) in every draw; NaN: nothing."""

    now: Floats
    drawn: Floats


@dataclass(frozen=True, slots=True)
class Tradeoff:
    """Some measures set against each other on some tasks.

    Attributes:
        axes: the measures.
        tasks: names; their values are averaged.
        names: the candidates that have a value on every axis.
        values: one an axis, over ``names``.
        found: the frontier, over ``names``.
        left_out: candidate to the axes on which it has no value.
    """

    axes: tuple[AxisRecord, ...]
    tasks: tuple[str, ...]
    names: tuple[str, ...]
    values: tuple[AxisValues, ...]
    found: Frontier
    left_out: Mapping[str, tuple[str, ...]]

    def span(self, axis: int, candidate: int, confidence: float) -> tuple[float, float, float]:
        """Return a value and the ends of the middle ``confidence`` of its draws."""
        values = self.values[axis]
        low, high = np.quantile(values.drawn[:, candidate], [(1 - confidence) / 2, (1 + confidence) / 2])
        return float(values.now[candidate]), float(low), float(high)

    def find_dominators(self, candidate: int, least: float) -> list[tuple[str, float]]:
        """Return who dominates a candidate in at least that share of the draws, the surest first."""
        shares = self.found.dominated[candidate]
        return sorted(
            ((self.names[i], float(s)) for i, s in enumerate(shares) if s >= least), key=lambda pair: -pair[1]
        )


@dataclass
class TradeoffFinder:
    """Sets measures of one trial against each other; the same draws for all of them."""

    rows: TrialValues
    counts: dict[str, Floats] = field(default_factory=dict)
    _sums: dict[tuple[str, str], ClusterSums] = field(default_factory=dict)

    def __post_init__(self) -> None:
        tasks = self.tasks()
        sizes = [int(self.clusters(task).max(initial=-1)) + 1 for task in tasks]
        rng = np.random.default_rng([self.rows.plan.seed, SEED])
        drawn = draw_counts([max(size, 1) for size in sizes], DRAWS, rng)
        self.counts = {task.name: counts for task, counts in zip(tasks, drawn, strict=True)}

    def tasks(self) -> tuple[TaskRecord, ...]:
        """Return the trial's tasks; other forms of a task are none of their own."""
        return self.rows.plan.own_tasks

    def list_averaged(self) -> list[TaskRecord]:
        """Return the tasks whose main measures are shares of which more is better: those can be averaged."""
        kept = []
        for task in self.tasks():
            measure = task.main_measure
            if measure.higher_is_better is True and measure.transform == "identity" and measure.unit == "1":
                kept.append(task)
        return kept

    def clusters(self, task: TaskRecord) -> Any:
        """Return the cluster number of each item of a task, in the trial's order."""
        return query.read_order(self.rows.ledger, self.rows.trial_id, task.id).clusters

    def find(self, axes: Sequence[AxisRecord], tasks: Sequence[TaskRecord]) -> Tradeoff | None:
        """Set measures against each other on some tasks; None where fewer than two candidates can be compared."""
        values = [self.values(axis, tasks) for axis in axes]
        lacking = {
            name: tuple(axis.name for axis, v in zip(axes, values, strict=True) if np.isnan(v.now[at]))
            for at, name in enumerate(self.rows.names)
        }
        kept = [at for at, name in enumerate(self.rows.names) if not lacking[name]]
        if len(kept) < 2:
            return None
        some = tuple(AxisValues(v.now[kept], v.drawn[:, kept]) for v in values)
        signs = [self.sign(axis, tasks) for axis in axes]
        point = np.stack([s * v.now for s, v in zip(signs, some, strict=True)], axis=1)
        drawn = np.stack([s * v.drawn for s, v in zip(signs, some, strict=True)], axis=2)
        return Tradeoff(
            tuple(axes),
            tuple(task.name for task in tasks),
            tuple(self.rows.names[at] for at in kept),
            some,
            find_frontier(point, drawn),
            {name: without for name, without in lacking.items() if without},
        )

    def sign(self, axis: AxisRecord, tasks: Sequence[TaskRecord]) -> float:
        """Return -1 where less is better."""
        less = axis.less_is_better
        if axis.kind == "quality":
            less = any(task.main_measure.higher_is_better is False for task in tasks)
        return -1.0 if less else 1.0

    def values(self, axis: AxisRecord, tasks: Sequence[TaskRecord]) -> AxisValues:
        """Return what all candidates have on an axis."""
        if axis.kind == "whole":
            now = self.whole(axis.name)
            return AxisValues(now, np.broadcast_to(now, (DRAWS, now.size)))
        weights = self.weights(tasks)
        found = [self.on_task(axis, task) for task in tasks]
        now = sum((w * v.now for w, v in zip(weights, found, strict=True)), np.zeros(len(self.rows.names)))
        drawn = sum((w * v.drawn for w, v in zip(weights, found, strict=True)), np.zeros((DRAWS, now.size)))
        return AxisValues(now, drawn)

    def weights(self, tasks: Sequence[TaskRecord]) -> list[float]:
        """Return the weights of tasks, which add up to 1."""
        written = self.rows.plan.weights
        given = [written.get(task.name, 0.0 if written else 1.0) for task in tasks]
        total = sum(given)
        return [w / total if total else 1 / len(given) for w in given]

    def on_task(self, axis: AxisRecord, task: TaskRecord) -> AxisValues:
        """Return what all candidates have on one task."""
        measure = task.main_measure.name if axis.kind == "quality" else axis.name
        sums = self.sums(task, measure)
        now, drawn = compute_means(sums), compute_means(sums, self.counts[task.name])
        # A draw may miss all that a candidate has answered: it then stays where it is.
        return AxisValues(now, np.where(np.isnan(drawn), now, drawn))

    def sums(self, task: TaskRecord, measure: str) -> ClusterSums:
        """Return all candidates' sums by cluster."""
        key = (task.name, measure)
        if key not in self._sums:
            clusters = self.clusters(task)
            shape = (len(self.rows.names), clusters.size)
            values, weights = np.zeros(shape), np.zeros(shape)
            for at, name in enumerate(self.rows.names):
                cell = self.rows.cell(name, task, measure)
                values[at, cell.at], weights[at, cell.at] = cell.values, cell.weights
            self._sums[key] = sum_clusters(values, weights, clusters)
        return self._sums[key]

    def whole(self, measure: str) -> Floats:
        """Return the latest value of a measure of candidates as a whole; NaN where there is none."""
        latest = read_latest_whole(self.rows, measure)
        return np.array([latest.get(name, np.nan) for name in self.rows.names])
