"""What a right answer costs: seconds, tokens, joules, dollars per correct answer, and how many times the baseline's.

A ratio of sums over the items for which both the cost and the answer are known; see `fairtrial.stats.ratios`.  Any
measure counts as a cost that adds up over items: less is better, no bounds, in a unit of its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fairtrial.analysis.standings.values import CandidateValues, TrialValues
from fairtrial.analysis.verdicts import get_bounds
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord
from fairtrial.records import Measure
from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.ratios import Ratio, compare_ratios, estimate_ratio

NO_COST = frozenset({"1", "nat", "bit", "B", "word"})
"""Units of what does not add up over items: qualities such as perplexities and runs of quoted words, and memory."""


@dataclass(frozen=True, slots=True)
class RatioInterval:
    """A ratio with its interval; ``high`` is infinite where the items cannot bound it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What one candidate pays on one task, by one measure.

    Attributes:
        candidate, task, measure: names.
        unit: of what is paid.
        per_item: mean cost of an item.
        per_correct: cost of a right answer; None where that makes no sense, see ``reason``.
        times_per_item: the mean cost of an item as a multiple of the baseline's, on the same items; None for the
            baseline, or where they share no items.
        times_per_correct: the same of a right answer.
        items: items with cost and answer.
        reason: why there is no cost of a right answer; empty if there is.
    """

    candidate: str
    task: str
    measure: str
    unit: str
    per_item: RatioInterval
    per_correct: RatioInterval | None
    times_per_item: RatioInterval | None
    times_per_correct: RatioInterval | None
    items: int
    reason: str


def list_cost_measures(task: TaskRecord) -> list[MeasureRecord]:
    """Return a task's measures that are costs."""
    return [
        m
        for m in task.card.measures
        if m.higher_is_better is False and m.bounds is None and m.transform == "identity" and m.unit not in NO_COST
    ]


def find_costs(rows: TrialValues) -> list[Cost]:
    """Return the costs of each task, measure and candidate that has any, in the plan's order."""
    return [
        found
        for task in rows.plan.tasks
        for measure in list_cost_measures(task)
        for name in rows.names
        if (found := measure_cost(rows, task, measure, name)) is not None
    ]


@dataclass(frozen=True, slots=True)
class ItemCosts:
    """What was paid for what, item by item: places in trial order, costs, and right answers (None if not counted)."""

    at: Ints
    cost: Floats
    right: Floats | None


def measure_cost(rows: TrialValues, task: TaskRecord, measure: Measure, name: str) -> Cost | None:
    """Return what one candidate pays; None if nothing is known or nothing was spent."""
    own = _collect_item_costs(rows, task, measure, name)
    if not _is_usable(own.cost):
        return None
    clusters = rows.clusters(task, own.at)
    reason = _explain_no_cost(task, own)
    per_correct = (
        None
        if own.right is None or reason
        else _make_interval(estimate_ratio(own.cost, own.right, clusters, rows.confidence))
    )
    per_item, per_right = (None, None)
    if name != rows.plan.baseline:
        per_item, per_right = _compare_with_baseline(
            rows, task, own, _collect_item_costs(rows, task, measure, rows.plan.baseline)
        )
    return Cost(
        candidate=name,
        task=task.name,
        measure=measure.name,
        unit=measure.unit,
        per_item=_make_interval(estimate_ratio(own.cost, np.ones_like(own.cost), clusters, rows.confidence)),
        per_correct=per_correct,
        times_per_item=per_item,
        times_per_correct=per_right,
        items=own.at.size,
        reason=reason,
    )


def _collect_item_costs(rows: TrialValues, task: TaskRecord, measure: Measure, name: str) -> ItemCosts:
    """Return costs and right answers of the items that have both; costs alone where answers are not right or wrong."""
    spent = rows.cell(name, task, measure.name)
    answers = rows.cell(name, task, task.main_measure.name)
    if not counts_right_answers(task, answers):
        return ItemCosts(spent.at, spent.values, None)
    at, left, right = np.intersect1d(spent.at, answers.at, assume_unique=True, return_indices=True)
    return ItemCosts(at, spent.values[left], answers.values[right])


def counts_right_answers(task: TaskRecord, answers: CandidateValues) -> bool:
    """Return whether the main measure counts right answers: a plain share, of which more is better."""
    measure = task.main_measure
    share = measure.higher_is_better is True and measure.transform == "identity" and measure.unit == "1"
    return share and get_bounds(measure) == (0.0, 1.0) and bool((answers.weights == 1).all())


def _explain_no_cost(task: TaskRecord, own: ItemCosts) -> str:
    """Return why there is no cost of a right answer; empty if there is."""
    if own.right is None:
        return f"{task.main_measure.name} counts no right answers"
    return "" if own.right.sum() > 0 else "no right answer"


def _compare_with_baseline(
    rows: TrialValues, task: TaskRecord, own: ItemCosts, base: ItemCosts
) -> tuple[RatioInterval | None, RatioInterval | None]:
    """Return the multiples of the baseline's cost of an item and of a right answer, on the items of both."""
    at, left, right = np.intersect1d(own.at, base.at, assume_unique=True, return_indices=True)
    a, b = own.cost[left], base.cost[right]
    if not (_is_usable(a) and _is_usable(b)):
        return None, None
    clusters, one = rows.clusters(task, at), np.ones(at.size)
    per_item = _make_interval(compare_ratios((a, one), (b, one), clusters, rows.confidence))
    if own.right is None or base.right is None:
        return per_item, None
    rights = own.right[left], base.right[right]
    if not all(right.sum() > 0 for right in rights):
        return per_item, None
    return per_item, _make_interval(compare_ratios((a, rights[0]), (b, rights[1]), clusters, rows.confidence))


def _is_usable(cost: Floats) -> bool:
    """Return whether something was spent, and nothing was earned."""
    return bool(cost.size and (cost >= 0).all() and (cost > 0).any())


def _make_interval(found: Ratio) -> RatioInterval:
    """Return the ratio as it is shown."""
    return RatioInterval(found.value, found.low, found.high)
