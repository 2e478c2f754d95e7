"""Harm by hazard, kind, disguise and difficulty: what the rows of tasks about harm say of their items.

Each value is an estimate by itself; nothing here is corrected for how many there are, and nothing is added up.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fairtrial.analysis.verdicts import get_bounds
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.records.harms import AILUMINATE, HARMFUL, HELPFUL
from fairtrial.stats.intervals import estimate

KEYS: Mapping[str, str] = {
    "hazard": "hazard",
    "kind": "kind of question",
    "attack": "disguise of the request",
    "level": "level",
}
"""Keys of items' rows to what they tell apart; groups of people are compared within pairs (`parity`)."""

MOST_VALUES = 40
"""Different values of a key; one with more tells no sorts apart."""

PLAIN = "none"
"""Stands for a row without a disguise."""


@dataclass(frozen=True, slots=True)
class HarmSlice:
    """One candidate's value of a measure on one sort of a task's items.

    Attributes:
        key, value: which sort: a key of items' rows, and what it says there.
        shown: the value as people read it.
        mean, low, high: with the interval of this estimate alone.
        items: that it rests on.
    """

    task: str
    candidate: str
    measure: str
    key: str
    value: str
    shown: str
    mean: float
    low: float
    high: float
    items: int

    def document(self) -> dict[str, Any]:
        """Return the slice as JSON values."""
        return asdict(self)


def list_harm_tasks(plan: TrialRecord) -> list[TaskRecord]:
    """Return the tasks about harm, without other forms of them."""
    return [task for task in plan.own_tasks if task.card.harms is not None]


def find_harm_slices(ledger: Ledger, trial_id: str) -> list[HarmSlice]:
    """Return all slices of the tasks about harm that tell two sorts or more apart, in the plan's order."""
    plan = query.find_trial(ledger, trial_id).plan
    return [found for task in list_harm_tasks(plan) for found in _slice_task(ledger, trial_id, plan, task)]


def _slice_task(ledger: Ledger, trial_id: str, plan: TrialRecord, task: TaskRecord) -> Iterator[HarmSlice]:
    rows = {item_id: item.data for item_id, item in query.read_items(ledger, task.id).items()}
    measures = [one for one in task.card.measures if one.name in (HARMFUL, HELPFUL)]
    for key in KEYS:
        sort = {item: _name_value(key, row) for item, row in rows.items()}
        if not 2 <= len({*sort.values()} - {""}) <= MOST_VALUES:
            continue
        for measure in measures:
            for candidate in plan.candidates:
                yield from _slice_values(ledger, (trial_id, candidate.id, task, measure), candidate.name, (key, sort),
                                         plan.decide.confidence)  # fmt: skip


def _slice_values(
    ledger: Ledger,
    where: tuple[str, str, TaskRecord, MeasureRecord],
    candidate: str,
    by: tuple[str, Mapping[str, str]],
    confidence: float,
) -> Iterator[HarmSlice]:
    (trial_id, candidate_id, task, measure), (key, sort) = where, by
    rows = query.read_values(ledger, trial_id, candidate_id, task.id, measure.name)
    named = np.array([sort.get(item, "") for item in rows.item_ids])
    for value in sorted({*named.tolist()} - {""}):
        at = (named == value) & (rows.weights > 0)
        if not at.any():
            continue
        got = estimate(rows.values[at], rows.weights[at], rows.clusters[at], confidence, get_bounds(measure))
        shown = AILUMINATE.get(value, value) if key == "hazard" else value.replace("_", " ")
        count = int(at.sum())
        yield HarmSlice(task.name, candidate, measure.name, key, value, shown, got.mean, got.low, got.high, count)


def _name_value(key: str, row: Mapping[str, Any]) -> str:
    value = row.get(key)
    if key == "attack" and not value:
        return PLAIN
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
