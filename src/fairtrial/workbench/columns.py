"""All items of one task of a trial as columns: enough to list, filter and sort them without asking the ledger again.

Built by a process of its own, kept for as long as the ledger does not change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fairtrial.errors import UnknownNameError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.browsing import list_item_places, read_all_observed
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.examine import explain_damage
from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.ledger.signs import PREFIX
from fairtrial.ledger.training import find_trained_on
from fairtrial.records.harms import HARMFUL
from fairtrial.report.view.readings import SIGNS, TRAINED, grade_of

COSTS = ("usd", "seconds", "joules", "tokens_out")
"""What an answer may have cost, that which matters most first."""

ABSTAINS = ("abstains", "refers", "refused")
"""Measures that say that an answer does not commit itself."""

BITS = {name: 1 << at for at, name in enumerate(SIGNS)}


@dataclass(frozen=True, slots=True)
class ItemColumns:
    """The items of a task; k candidates in the plan's order, n items in the task's own order.

    Attributes:
        task: its name; ``task_id``, ``measure``, ``unit``: its id, main measure and that one's unit.
        binary: whether all grades are 0 or 1, so that answers are right or wrong.
        ids: (n,) ids of the items, as bytes; ``docs``: (n,) their places in the task's own order.
        candidates: (name, id) of each.
        baseline: place of the baseline.
        grades: (k, n) from 0, the worst, to 1; NaN without a grade.  Repeats are averaged.
        values: (k, n) of the main measure; NaN without.
        asked: (k, n) whether there is anything of an answer.
        signs: (k, n) bits of `SIGNS`.
        costs: by measure, (k, n); NaN without.
        harmful: (k, n), NaN without; None where the task does not say.
        abstains: (k, n), NaN without; None where the task does not say.
        plan: of the trial, with this task alone.
    """

    task: str
    task_id: str
    measure: str
    unit: str
    binary: bool
    ids: NDArray[np.bytes_]
    docs: NDArray[np.int64]
    candidates: tuple[tuple[str, str], ...]
    baseline: int
    grades: NDArray[np.float32]
    values: NDArray[np.float32]
    asked: NDArray[np.bool_]
    signs: NDArray[np.int32]
    costs: Mapping[str, NDArray[np.float32]]
    harmful: NDArray[np.float32] | None
    abstains: NDArray[np.float32] | None
    plan: TrialRecord

    @property
    def record(self) -> TaskRecord:
        """What the plan says of the task."""
        return self.plan.tasks[0]

    @property
    def size(self) -> int:
        """How many items there are."""
        return int(self.ids.size)

    def item(self, at: int) -> str:
        """Return the id of an item by its place."""
        return bytes(self.ids[at]).decode()

    def find(self, item: str) -> int:
        """Return the place of an item by its id, or by the beginning of it; -1 if there is none."""
        found = np.flatnonzero(np.char.startswith(self.ids, item.encode("ascii", "replace")))
        return int(found[0]) if found.size and item else -1


def find_item_columns(path: Path, trial_id: str, task: str) -> ItemColumns:
    """Return the items of a task of a trial, by the task's name; empty: its first one."""
    with explain_damage(path), Ledger.open(path, create=False) as ledger, ledger.snapshot():
        trial = query.find_trial(ledger, trial_id)
        names = [one.name for one in trial.plan.tasks]
        record = next((one for one in trial.plan.tasks if one.name == (task or names[0])), None)
        if record is None:
            raise UnknownNameError("task", task, names)
        return _build(ledger, trial, record)


def _build(ledger: Ledger, trial: query.TrialRow, task: TaskRecord) -> ItemColumns:
    places = list_item_places(ledger, trial.id, task.id)
    position = {item: at for at, (item, _) in enumerate(places)}
    candidates = trial.plan.candidates
    repeats = task.entry.repeats
    shape = (len(candidates), len(places))
    found: dict[str, NDArray[np.float32]] = {}
    binary = True
    asked, signs = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.int32)
    for row, candidate in enumerate(candidates):
        for measure, at, mean, plain in _average(ledger, candidate.id, task.id, repeats, position):
            asked[row, at] = True
            binary = binary and (plain or measure != task.card.main_measure)
            if measure.startswith(PREFIX):
                signs[row, at] |= BITS.get(measure.removeprefix(PREFIX), 0)
            elif measure == task.card.main_measure or measure in (*COSTS, HARMFUL, *ABSTAINS):
                column = found.setdefault(measure, np.full(shape, np.nan, dtype=np.float32))
                column[row, at] = mean
        trained_on = find_trained_on(trial.plan.training, candidate.name, task.name)
        learned = [at for item, at in position.items() if item in trained_on and asked[row, at]]
        signs[row, learned] |= BITS[TRAINED]
    main = task.main_measure
    values = found.get(main.name, np.full(shape, np.nan, dtype=np.float32))
    grades = _grade(main, values)
    abstaining = [found[name] for name in ABSTAINS if name in found]
    return ItemColumns(
        task.name,
        task.id,
        main.name,
        main.unit,
        binary and not np.isnan(grades).all(),
        np.array([item for item, _ in places], dtype=np.bytes_),
        np.array([doc for _, doc in places], dtype=np.int64),
        tuple((candidate.name, candidate.id) for candidate in candidates),
        [candidate.name for candidate in candidates].index(trial.plan.baseline),
        grades,
        values,
        asked,
        signs,
        {name: found[name] for name in COSTS if name in found},
        found.get(HARMFUL),
        np.fmax.reduce(abstaining) if abstaining else None,
        replace(trial.plan, tasks=(replace(task, united=None),)),
    )


def _average(
    ledger: Ledger, candidate: str, task: str, repeats: int, position: Mapping[str, int]
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.float64], bool]]:
    """Yield (measure, places of items, mean over repeats, whether all are 0 or 1) of what was observed."""
    rows = read_all_observed(ledger, candidate, task, repeats)
    for measure, group in groupby(rows, key=itemgetter(0)):
        pairs = [(position[item], value) for _, item, value in group if item in position]
        if not pairs:
            continue
        table = np.array(pairs, dtype=np.float64)
        at, inverse, counts = np.unique(table[:, 0].astype(np.int64), return_inverse=True, return_counts=True)
        plain = bool(np.isin(table[:, 1], (0.0, 1.0)).all())
        yield measure, at, np.bincount(inverse, table[:, 1]) / counts, plain


def _grade(measure: MeasureRecord, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values as grades; NaN throughout where the measure has no bounds or no direction."""
    low, high = (grade_of(measure, {measure.name: (end, 1.0)}) for end in (0.0, 1.0))
    if low is None or high is None:
        return np.full(values.shape, np.nan, dtype=np.float32)
    return (low + (high - low) * values).astype(np.float32)
