"""Reading a ledger: a trial's plan, its values as arrays, its answers.

Reads only.  Arrays come in the trial's item order, with repeats of an item averaged: its value is the weighted mean of
its repeats and its weight their mean weight.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.errors import LedgerError, UnknownNameError
from fairtrial.ledger.store import Ledger, item_of, unpacked
from fairtrial.records import Item

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TrialRow:
    """A trial as the ledger keeps it."""

    id: str
    name: str
    text: str
    plan: Mapping[str, Any]
    created: str


@dataclass(frozen=True, slots=True)
class SessionRow:
    """One run of a trial: when, on what, how it ended (None: it was killed, or still runs)."""

    id: int
    facts: Mapping[str, Any]
    started: str
    ended: str | None
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Values:
    """One candidate's values of one measure on one task; arrays of shape (items,)."""

    item_ids: tuple[str, ...]
    clusters: Ints
    values: Floats
    weights: Floats


@dataclass(frozen=True, slots=True)
class Paired:
    """Two candidates' values on the items that both have; arrays of shape (items,)."""

    item_ids: tuple[str, ...]
    clusters: Ints
    a_values: Floats
    a_weights: Floats
    b_values: Floats
    b_weights: Floats


def trials(ledger: Ledger) -> list[TrialRow]:
    """Return all trials, oldest first."""
    rows = ledger.connection.execute("SELECT id, name, text, plan, created FROM trials ORDER BY created, rowid")
    return [TrialRow(i, name, text, json.loads(plan), created) for i, name, text, plan, created in rows]


def trial(ledger: Ledger, wanted: str | None = None) -> TrialRow:
    """Return one trial: by id, by the beginning of its id, by name (the latest of that name), or the latest run.

    Raises:
        UnknownNameError: no trial matches.
        LedgerError: the ledger is empty, or several ids begin so.
    """
    known = trials(ledger)
    if not known:
        raise LedgerError(f"{ledger.path.name} holds no trial yet.", fix="Run one: fairtrial run TRIAL.yaml")
    if wanted is None:
        row = ledger.connection.execute("SELECT trial_id FROM sessions ORDER BY id DESC LIMIT 1").fetchone()
        return next(t for t in known if t.id == row[0]) if row else known[-1]
    exact = [t for t in known if t.id == wanted] or [t for t in known if t.name == wanted][-1:]
    if exact:
        return exact[0]
    begun = [t for t in known if t.id.startswith(wanted)]
    if len(begun) > 1:
        raise LedgerError(f"{len(begun)} trials have an id that begins with {wanted!r}; give more of it.")
    if not begun:
        raise UnknownNameError("trial", wanted, [t.name for t in known], fix="`fairtrial ledger show` lists them.")
    return begun[0]


def sessions(ledger: Ledger, trial_id: str) -> list[SessionRow]:
    """Return all runs of a trial, oldest first."""
    rows = ledger.connection.execute(
        "SELECT id, facts, started, ended, outcome FROM sessions WHERE trial_id = ? ORDER BY id", (trial_id,)
    )
    return [SessionRow(i, json.loads(facts), started, ended, outcome) for i, facts, started, ended, outcome in rows]


def items(ledger: Ledger, task_id: str) -> dict[str, Item]:
    """Return a task's items by id, in the task's own order."""
    rows = ledger.connection.execute(
        "SELECT item_id, doc_id, cluster, body FROM items WHERE task_id = ? ORDER BY doc_id", (task_id,)
    )
    return {item_id: item_of(item_id, doc_id, cluster, body) for item_id, doc_id, cluster, body in rows}


def values(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, measure: str) -> Values:
    """Return a candidate's values of a measure on the trial's items; empty arrays if there are none."""
    rows = ledger.connection.execute(
        """
        SELECT t.item_id, i.cluster, o.value, o.weight
        FROM trial_items t
        JOIN items i ON i.task_id = t.task_id AND i.item_id = t.item_id
        JOIN observations o ON o.candidate_id = ? AND o.task_id = t.task_id AND o.measure = ? AND o.item_id = t.item_id
        WHERE t.trial_id = ? AND t.task_id = ?
        ORDER BY t.position, o.repeat
        """,
        (candidate_id, measure, trial_id, task_id),
    ).fetchall()
    if not rows:
        nothing = np.zeros(0)
        return Values((), np.zeros(0, dtype=np.int64), nothing, nothing.copy())
    ids, clusters, value, weight = zip(*rows, strict=True)
    return averaged(ids, clusters, np.array(value, dtype=np.float64), np.array(weight, dtype=np.float64))


def averaged(ids: tuple[str, ...], clusters: tuple[str, ...], value: Floats, weight: Floats) -> Values:
    """Return one row an item from one row a repeat; repeats of an item stand next to one another."""
    new = np.array([True, *(a != b for a, b in zip(ids[1:], ids[:-1], strict=True))])
    starts = np.flatnonzero(new)
    counts = np.diff([*starts, len(ids)])
    total = np.add.reduceat(weight, starts)
    weighted = np.add.reduceat(weight * value, starts)
    plain = np.add.reduceat(value, starts) / counts
    mean = np.where(counts == 1, value[starts], np.divide(weighted, total, out=plain, where=total > 0))
    _, codes = np.unique(np.array(clusters)[starts], return_inverse=True)
    return Values(tuple(ids[i] for i in starts), codes.astype(np.int64), mean, total / counts)


def paired(ledger: Ledger, trial_id: str, a_id: str, b_id: str, task_id: str, measure: str) -> Paired:
    """Return two candidates' values on the items that both have, in trial order."""
    a = values(ledger, trial_id, a_id, task_id, measure)
    b = values(ledger, trial_id, b_id, task_id, measure)
    at = {item: i for i, item in enumerate(b.item_ids)}
    both = [(i, at[item]) for i, item in enumerate(a.item_ids) if item in at]
    left = np.array([i for i, _ in both], dtype=np.int64)
    right = np.array([j for _, j in both], dtype=np.int64)
    return Paired(
        tuple(a.item_ids[i] for i in left),
        a.clusters[left],
        a.values[left],
        a.weights[left],
        b.values[right],
        b.weights[right],
    )


def item_answers(
    ledger: Ledger, candidate_id: str, task_id: str, item_id: str, repeat: int = 0
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return (request, answer) of one item as JSON values, in the order in which the task asked."""
    rows = ledger.connection.execute(
        """
        SELECT a.request, a.answer FROM asked s
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE s.candidate_id = ? AND s.task_id = ? AND s.item_id = ? AND s.repeat = ?
        ORDER BY s.position
        """,
        (candidate_id, task_id, item_id, repeat),
    )
    return [(unpacked(request), json.loads(answer)) for request, answer in rows]


def truncated_answers(ledger: Ledger, trial_id: str, candidate_id: str) -> int:
    """Return how many of a candidate's answers in a trial were given to a request cut to fit the context."""
    row = ledger.connection.execute(
        """
        SELECT count(DISTINCT a.request_id) FROM trial_items t
        JOIN asked s ON s.candidate_id = ? AND s.task_id = t.task_id AND s.item_id = t.item_id
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE t.trial_id = ? AND json_extract(a.answer, '$.truncated_tokens') > 0
        """,
        (candidate_id, trial_id),
    ).fetchone()
    return int(row[0])


def absences(ledger: Ledger, trial_id: str) -> list[dict[str, Any]]:
    """Return what was not measured and why, counted: rows of candidate_id, task_id, measure, reason, items."""
    rows = ledger.connection.execute(
        """
        SELECT b.candidate_id, b.task_id, b.measure, b.reason, count(*) FROM absences b
        JOIN trial_items t ON t.trial_id = ? AND t.task_id = b.task_id AND t.item_id = b.item_id
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        """,
        (trial_id,),
    )
    names = ("candidate_id", "task_id", "measure", "reason", "items")
    return [dict(zip(names, row, strict=True)) for row in rows]


def looks(ledger: Ledger, trial_id: str) -> list[dict[str, Any]]:
    """Return every look that was taken at a pair: a, b (names), task_id, measure, items and what was seen, in order."""
    rows = ledger.connection.execute(
        "SELECT a, b, task_id, measure, items, look FROM looks WHERE trial_id = ? ORDER BY 3, 4, 1, 2, 5", (trial_id,)
    )
    names = ("a", "b", "task_id", "measure", "items")
    return [{**dict(zip(names, row[:5], strict=True)), **json.loads(row[5])} for row in rows]


def item_count(ledger: Ledger, trial_id: str, task_id: str) -> int:
    """Return how many items of a task the trial may ask."""
    row = ledger.connection.execute(
        "SELECT count(*) FROM trial_items WHERE trial_id = ? AND task_id = ?", (trial_id, task_id)
    ).fetchone()
    return int(row[0])


def counts(ledger: Ledger) -> dict[str, int]:
    """Return the number of rows of each main table."""
    tables = ("trials", "candidates", "tasks", "items", "answers", "observations")
    return {name: int(ledger.connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0]) for name in tables}


def trial_order(ledger: Ledger, trial_id: str, task_id: str) -> list[str]:
    """Return the ids of a task's items in the order in which the trial asks them."""
    rows = ledger.connection.execute(
        "SELECT item_id FROM trial_items WHERE trial_id = ? AND task_id = ? ORDER BY position", (trial_id, task_id)
    )
    return [item for (item,) in rows]
