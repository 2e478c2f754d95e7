"""What the steps change in seconds, energy, dollars and bytes.

Costs of an item are means over all tasks, each task counting the same; what belongs to a candidate as a whole, such as
the bytes of its weights, is one number without an interval.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairtrial.analysis.standings.efficiency import read_latest_whole
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.stats.factorial import ContrastEstimate, estimate_contrasts
from fairtrial.studies.base import Interval
from fairtrial.studies.levers.answers import SEED, ArmValues, gather_values
from fairtrial.studies.levers.design import Arm, LeverDesign, StepQuestion

PER_ITEM: Mapping[str, tuple[str, str]] = {
    "seconds": ("seconds", "s"),
    "joules": ("joules", "J"),
    "joules_gpu": ("joules of the graphics processor", "J"),
    "joules_estimated": ("estimated joules", "J"),
    "usd": ("dollars", "USD"),
    "tokens_out": ("tokens written", "tokens"),
}
"""Measure of cost of an item to its name and unit, in the order in which they are told."""
WHOLE: Mapping[str, tuple[str, str]] = {
    "model_bytes": ("bytes of weights", "B"),
    "memory_bytes": ("bytes of memory", "B"),
}
"""The same of a candidate as a whole."""
LEAST_CHANGE = 0.05
"""Costs that change by less than this share do not count as a price or a saving."""
CostWord = Literal["less", "more", "same", "open"]


@dataclass(frozen=True, slots=True)
class CostChange:
    """How one question changes one cost.

    Attributes:
        measure, name, unit: of the cost; ``name`` in words.
        before, after: means without and with the steps, in the unit.
        change: with an interval that holds together with those of this cost; its ends are equal where the value is one
            of a candidate as a whole.
        word: ``less`` or ``more``: certainly, and by `LEAST_CHANGE` or more; ``same``: certainly by less than that;
            else ``open``.
    """

    question: StepQuestion
    measure: str
    name: str
    unit: str
    before: float
    after: float
    change: Interval
    word: CostWord

    @property
    def times(self) -> float:
        """How many times the cost before; NaN where that was nothing."""
        return self.after / self.before if self.before > 0 else math.nan


Costs = Mapping[tuple[StepQuestion, str], CostChange]
"""By question and measure."""


def find_cost_changes(
    rows: TrialValues, design: LeverDesign, questions: Sequence[StepQuestion]
) -> dict[tuple[StepQuestion, str], CostChange]:
    """Return what is known of costs, for questions about what is before and after."""
    return {(one.question, one.measure): one for one in _iterate_changes(rows, design, questions)}


def _iterate_changes(rows: TrialValues, design: LeverDesign, questions: Sequence[StepQuestion]) -> Iterator[CostChange]:
    for measure, (name, unit) in PER_ITEM.items():
        values = pool_tasks(rows, design, measure)
        if values is None:
            continue
        rng = np.random.default_rng([rows.plan.seed, SEED, list(PER_ITEM).index(measure)])
        weights = [values.weigh(question) for question in questions]
        estimates = estimate_contrasts(values.values, values.clusters, weights, rows.confidence, None, rng)
        for question, found in zip(questions, estimates, strict=True):
            if found is not None:
                means = {arm: float(np.nanmean(values.get_column(arm))) for arm, weight in question.weights if weight}
                before, after = question.weigh_ends(means)
                change = Interval(found.value, found.low, found.high)
                yield CostChange(question, measure, name, unit, before, after, change, judge_change(found, before))
    for measure, (name, unit) in WHOLE.items():
        sizes = weigh_arms(rows, design, measure)
        for question in questions:
            if {arm for arm, weight in question.weights if weight} <= sizes.keys():
                before, after = question.weigh_ends(sizes)
                difference = after - before
                exact = ContrastEstimate(difference, difference, difference, 1.0, 1, 1)
                change = Interval(difference, difference, difference)
                yield CostChange(question, measure, name, unit, before, after, change, judge_change(exact, before))


def judge_change(found: ContrastEstimate, before: float) -> CostWord:
    """Return whether a cost is certainly less or more than before, and by enough to count."""
    least = LEAST_CHANGE * abs(before)
    if -least < found.low and found.high < least:
        return "same"
    if found.low > 0 and found.value >= least:
        return "more"
    return "less" if found.high < 0 and found.value <= -least else "open"


def pool_tasks(rows: TrialValues, design: LeverDesign, measure: str) -> ArmValues | None:
    """Return a cost of the items of all tasks, scaled so that each task counts the same; None if nobody has any.

    Of each task the items that all combinations have; a task without any is left out.
    """
    parts: list[ArmValues] = []
    for task in rows.plan.own_tasks:
        found = gather_values(rows, design, task, measure)
        kept = None if found is None else found.keep_complete(found.arms)
        if kept is not None and len(kept.values):
            parts.append(kept)
    if not parts or not any((part.values > 0).any() for part in parts):
        return None
    total = sum(len(part.values) for part in parts)
    scaled, clusters, first = [], [], 0
    for part in parts:
        scaled.append(part.values * (total / len(parts) / len(part.values)))
        _, codes = np.unique(part.clusters, return_inverse=True)
        clusters.append(codes.astype(np.int64) + first)
        first += int(codes.max()) + 1
    return ArmValues(parts[0].arms, np.concatenate(scaled), np.concatenate(clusters))


def weigh_arms(rows: TrialValues, design: LeverDesign, measure: str) -> dict[Arm, float]:
    """Return a measure of candidates as a whole, by combination; bytes of weights are with those of an adapter."""
    known = read_latest_whole(rows, measure)
    return {arm: known[name] for arm, name in design.names.items() if name in known}
