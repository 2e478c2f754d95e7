"""Reading a ledger: its trials, their plans, runs and looks.  Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from fairtrial.errors import LedgerError, UnknownNameError
from fairtrial.ledger.bounds import settle_bounds
from fairtrial.ledger.plan import LookRecord, TaskRecord, TrialRecord, make_look_record, read_plan
from fairtrial.ledger.shape import read_mapping
from fairtrial.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial as the ledger keeps it."""

    id: str
    name: str
    text: str
    plan: TrialRecord
    created: str
    written: str

    @property
    def document(self) -> Mapping[str, Any]:
        """The plan as it was written, as JSON values."""
        return read_mapping(self.written, "the plan of a trial", f"trial {self.id}")


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One run of a trial: when, on what, why it ended and how in words (None: it was killed, or still runs)."""

    id: int
    facts: Mapping[str, Any]
    started: str
    ended: str | None
    reason: str | None
    outcome: str | None


def read_trials(ledger: Ledger) -> list[TrialRow]:
    """Return all trials, oldest first."""
    rows = ledger.read("SELECT id, name, text, plan, created FROM trials ORDER BY created, rowid")
    return [_make_trial_row(*row) for row in rows]


def find_trial(ledger: Ledger, wanted: str | None = None) -> TrialRow:
    """Return one trial: by id, by name (the latest of that name), by the beginning of its id, or the latest run.

    Raises:
        UnknownNameError: no trial matches.
        LedgerError: the ledger is empty, or several ids begin so.
    """
    known = list(ledger.read("SELECT id, name FROM trials ORDER BY created, rowid"))
    if not known:
        raise LedgerError(f"{ledger.path.name} holds no trial yet.", fix="Run one: fairtrial run TRIAL.yaml")
    if wanted is None:
        latest = list(ledger.read("SELECT trial_id FROM sessions ORDER BY id DESC LIMIT 1"))
        return read_trial(ledger, latest[0][0] if latest else known[-1][0])
    exact = [i for i, _ in known if i == wanted] or [i for i, name in known if name == wanted][-1:]
    begun = exact or [i for i, _ in known if i.startswith(wanted)]
    if len(begun) > 1:
        raise LedgerError(f"{len(begun)} trials have an id that begins with {wanted!r}; give more of it.")
    if not begun:
        names = [name for _, name in known]
        raise UnknownNameError("trial", wanted, names, fix="`fairtrial ledger show` lists them.")
    return read_trial(ledger, begun[0])


def read_trial(ledger: Ledger, trial_id: str) -> TrialRow:
    """Return the trial with this id; measures without bounds whose grades are all 0 or 1 have these bounds."""
    return ledger.memory.recall(("trial", trial_id), lambda: _read_trial(ledger, trial_id))


def _read_trial(ledger: Ledger, trial_id: str) -> TrialRow:
    [row] = ledger.read("SELECT id, name, text, plan, created FROM trials WHERE id = ?", (trial_id,))
    found = _make_trial_row(*row)
    return replace(found, plan=settle_bounds(ledger, trial_id, found.plan))


def _make_trial_row(trial_id: str, name: str, text: str, plan: str, created: str) -> TrialRow:
    return TrialRow(trial_id, name, text, read_plan(plan, f"trial {trial_id}"), created, plan)


def read_sessions(ledger: Ledger, trial_id: str) -> list[SessionRow]:
    """Return all runs of a trial, oldest first."""
    rows = ledger.read(
        "SELECT id, facts, started, ended, reason, outcome FROM sessions WHERE trial_id = ? ORDER BY id", (trial_id,)
    )
    return [SessionRow(i, read_mapping(facts, "the facts of a run", f"run {i}"), *how) for i, facts, *how in rows]


def read_task_record(ledger: Ledger, trial_id: str, task_id: str) -> TaskRecord | None:
    """Return what a trial's plan says of a task; None if it has no such task."""
    for (plan,) in ledger.read("SELECT plan FROM trials WHERE id = ?", (trial_id,)):
        found = [task for task in read_plan(plan, f"trial {trial_id}").tasks if task.id == task_id]
        return max(found, key=lambda task: task.entry.repeats, default=None)
    return None


def count_repeats(ledger: Ledger, trial_id: str, task_id: str) -> int:
    """Return how often a trial asks each item of a task."""
    task = read_task_record(ledger, trial_id, task_id)
    return task.entry.repeats if task else 1


def read_looks(ledger: Ledger, trial_id: str) -> list[LookRecord]:
    """Return every look that was taken at a pair, in order."""
    rows = ledger.read(
        "SELECT a, b, task_id, measure, items, look FROM looks WHERE trial_id = ? ORDER BY 3, 4, 1, 2, 5", (trial_id,)
    )
    names = ("a", "b", "task_id", "measure", "items")
    return [
        make_look_record({**dict(zip(names, row[:5], strict=True)), **read_mapping(row[5], "a look")}) for row in rows
    ]


def count_trial_items(ledger: Ledger, trial_id: str, task_id: str) -> int:
    """Return how many items of a task the trial may ask."""
    [row] = ledger.read("SELECT count(*) FROM trial_items WHERE trial_id = ? AND task_id = ?", (trial_id, task_id))
    return int(row[0])


def read_trial_order(ledger: Ledger, trial_id: str, task_id: str) -> list[str]:
    """Return the ids of a task's items in the order in which the trial asks them."""
    rows = ledger.read(
        "SELECT item_id FROM trial_items WHERE trial_id = ? AND task_id = ? ORDER BY position", (trial_id, task_id)
    )
    return [item for (item,) in rows]
