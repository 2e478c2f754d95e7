"""Two forms of one task, compared item by item within each candidate.

Items of a form keep the ids of the items that they are forms of: that is the pairing key (see
`fairtrial.tasks.variants.form`, which this unit does not know).  Clusters are those of the task itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.stats.paired import PairedSample, Rule, compare

USEFUL = 0.1
"""Share of a measure's range, 10 points of 100, below which a form's effect counts as none that anybody would use."""


@dataclass(frozen=True, slots=True)
class FormContrast:
    """What one candidate scored in two forms of the same items.

    Attributes:
        first, second: its mean in each form, on the items that it answered in both.
        difference: second less first; ``low`` and ``high``: its interval, paired and by clusters.
        items, clusters: that it rests on.
    """

    first: float
    second: float
    difference: float
    low: float
    high: float
    items: int
    clusters: int


def pair_forms(
    ledger: Ledger, trial_id: str, candidate_id: str, tasks: tuple[TaskRecord, TaskRecord], measure: str = ""
) -> PairedSample | None:
    """Return one candidate's values of a measure on the items that it answered in both forms; None if there are none.

    The second form is A and the first is B, so that the difference is second less first.

    Args:
        ledger: with the trial.
        trial_id: its id.
        candidate_id: who answered.
        tasks: the two forms; clusters are those of the first.
        measure: of both; by default the first's main one.
    """
    wanted = measure or tasks[0].card.main_measure
    first, second = (query.read_values(ledger, trial_id, candidate_id, task.id, wanted) for task in tasks)
    place = {item: i for i, item in enumerate(second.item_ids)}
    at = np.array([i for i, item in enumerate(first.item_ids) if item in place], dtype=np.int64)
    if not at.size:
        return None
    to = np.array([place[first.item_ids[i]] for i in at], dtype=np.int64)
    sample = PairedSample(
        second.values[to], second.weights[to], first.values[at], first.weights[at], first.clusters[at]
    )
    return sample if sample.a_weights.sum() > 0 and sample.b_weights.sum() > 0 else None


def compare_forms(sample: PairedSample, measure: MeasureRecord, confidence: float) -> FormContrast:
    """Return what `pair_forms` found with the paired interval of the difference, for new items like these."""
    rule = Rule(0.0, confidence, higher_is_better=measure.higher_is_better, bounds=measure.bounds)
    found = compare(sample, rule)
    first = float((sample.b_values * sample.b_weights).sum() / sample.b_weights.sum())
    second = float((sample.a_values * sample.a_weights).sum() / sample.a_weights.sum())
    return FormContrast(first, second, found.difference, found.low, found.high, found.items_used, found.clusters_used)


@dataclass(frozen=True, slots=True)
class FormResult:
    """One candidate in a task and in one of its forms."""

    task: TaskRecord
    form: TaskRecord
    candidate: CandidateRecord
    contrast: FormContrast

    @property
    def loss(self) -> tuple[float, float, float]:
        """By how much the form is worse than the task itself, with the ends of its interval; more is worse."""
        found = self.contrast
        if self.task.main_measure.higher_is_better is False:
            return found.difference, found.low, found.high
        return 0.0 - found.difference, 0.0 - found.high, 0.0 - found.low

    @property
    def is_small(self) -> bool:
        """Whether the form is certainly worse by less than `USEFUL`, if at all; never without bounds of the measure."""
        bounds = self.task.main_measure.bounds
        return bounds is not None and self.loss[2] < USEFUL * (bounds[1] - bounds[0])


def iterate_forms(ledger: Ledger, trial_id: str, wanted: Callable[[str], bool]) -> Iterator[FormResult]:
    """Yield each candidate's result in each wanted form of each task, in the plan's order.

    Args:
        ledger: with the trial.
        trial_id: its id.
        wanted: by the kind of the form, its name without settings.
    """
    plan = query.find_trial(ledger, trial_id).plan
    tasks = {task.id: task for task in plan.tasks}
    for form in plan.tasks:
        task = tasks.get(form.of)
        if task is None or not wanted(get_kind(form)):
            continue
        for candidate in plan.candidates:
            sample = pair_forms(ledger, trial_id, candidate.id, (task, form))
            if sample is not None:
                found = compare_forms(sample, task.main_measure, plan.decide.confidence)
                yield FormResult(task, form, candidate, found)


def get_kind(form: TaskRecord) -> str:
    """Return the name of a form without its settings; empty for a task itself."""
    return form.form.partition("-")[0]


def is_unseeing(candidate: CandidateRecord) -> bool:
    """Whether a candidate is shown no images, so that it answers tasks with images blind."""
    return candidate.spec.document.get("blind") is True
