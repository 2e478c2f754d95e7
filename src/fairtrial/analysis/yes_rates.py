"""How often candidates say yes, beside how often yes is right: which way a model leans that is asked what is there.

Reads the ledger.  For tasks with the measure ``yes``, whose right answers are yes and no.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairtrial.analysis.forms import is_unseeing
from fairtrial.analysis.verdicts import get_bounds
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.stats.intervals import IntervalEstimate, estimate

YES = "yes"
"""Name of the measure: 1 where the answer is yes."""


@dataclass(frozen=True, slots=True)
class YesRate:
    """How often a candidate says yes on a task.

    Attributes:
        rate: share of yes among its answers, with its interval by clusters.
        right: share of items asked of it whose right answer is yes.
        false_yes: share of yes among the items whose right answer is no; None if there are none.
        items: with an answer.
    """

    task: TaskRecord
    candidate: CandidateRecord
    rate: IntervalEstimate
    right: float
    false_yes: float | None
    items: int


def iterate_yes_rates(ledger: Ledger, trial_id: str) -> Iterator[YesRate]:
    """Yield the yes-rate of each candidate that sees, on each task that measures it; forms of tasks are left out."""
    plan = query.find_trial(ledger, trial_id).plan
    for task in plan.own_tasks:
        measure = next((one for one in task.card.measures if one.name == YES), None)
        if measure is None:
            continue
        golds = {name: item.gold for name, item in query.read_items(ledger, task.id).items()}
        for candidate in plan.candidates:
            rows = query.read_values(ledger, trial_id, candidate.id, task.id, YES)
            if is_unseeing(candidate) or not (rows.weights > 0).any():
                continue
            found = estimate(rows.values, rows.weights, rows.clusters, plan.decide.confidence, get_bounds(measure))
            right = [YES in golds[name] for name in rows.item_ids]
            false = [value for value, is_yes in zip(rows.values, right, strict=True) if not is_yes]
            share = sum(false) / len(false) if false else None
            yield YesRate(task, candidate, found, sum(right) / len(right), share, len(right))
