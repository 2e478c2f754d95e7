"""Grades that are all 0 or 1 are shares, whoever gave them and whatever their measure says of itself.

A plugin's task, a task file's own code or an earlier import may name a measure without bounds.  Where every grade of a
trial is 0 or 1, the methods for shares apply, which hold for few items and rare successes; those for measures without
bounds do not.  A trial that may stop early is left as it is: what will be seen must not decide how looks are taken.
"""

from __future__ import annotations

from dataclasses import replace

from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.ledger.store import Ledger

SHARE = (0.0, 1.0)

OTHERS = """
SELECT EXISTS (
    SELECT 1 FROM observations o WHERE o.candidate_id = :candidate AND o.task_id = :task AND o.measure = :measure
    AND o.value NOT IN (0, 1)
    AND o.item_id IN (SELECT item_id FROM trial_items WHERE trial_id = :trial AND task_id = :task)
), EXISTS (
    SELECT 1 FROM observations o WHERE o.candidate_id = :candidate AND o.task_id = :task AND o.measure = :measure
    AND o.item_id IN (SELECT item_id FROM trial_items WHERE trial_id = :trial AND task_id = :task)
)
"""
"""Whether a candidate has a grade that is neither, and whether it has any."""


def settle_bounds(ledger: Ledger, trial_id: str, plan: TrialRecord) -> TrialRecord:
    """Return a trial's plan with the bounds 0 and 1 for measures that have none and are 0 or 1 throughout."""
    if plan.decide.stop_early or not any(_is_open(m) for task in plan.tasks for m in task.card.measures):
        return plan
    return replace(plan, tasks=tuple(_settle_task(ledger, trial_id, plan, task) for task in plan.tasks))


def _is_open(measure: MeasureRecord) -> bool:
    return measure.bounds is None and measure.unit == "1" and measure.transform == "identity"


def _settle_task(ledger: Ledger, trial_id: str, plan: TrialRecord, task: TaskRecord) -> TaskRecord:
    settled = tuple(
        replace(one, bounds=SHARE)
        if _is_open(one) and _are_all_shares(ledger, trial_id, plan, task.id, one.name)
        else one
        for one in task.card.measures
    )
    return task if settled == task.card.measures else replace(task, card=replace(task.card, measures=settled))


def _are_all_shares(ledger: Ledger, trial_id: str, plan: TrialRecord, task_id: str, measure: str) -> bool:
    """Whether there are grades, and each of them is 0 or 1."""
    seen = False
    for candidate in plan.candidates:
        names = {"trial": trial_id, "task": task_id, "measure": measure, "candidate": candidate.id}
        [(other, there)] = ledger.read(OTHERS, names)
        if other:
            return False
        seen = seen or bool(there)
    return seen
