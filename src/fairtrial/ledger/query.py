"""Reading a ledger: a trial's values as arrays, its answers; `trials` reads the plan.

Reads only.  Arrays come in the trial's item order, with repeats of an item averaged: its value is the weighted mean of
its repeats and its weight their mean weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.ledger.encoding import decode_answer, decode_item, decode_request
from fairtrial.ledger.order import Order, make_order
from fairtrial.ledger.plan import TaskRecord
from fairtrial.ledger.shape import guard_reading, is_finite, make_damage_error, read_mapping
from fairtrial.ledger.store import Ledger
from fairtrial.ledger.trials import SessionRow as SessionRow
from fairtrial.ledger.trials import TrialRow as TrialRow
from fairtrial.ledger.trials import count_repeats as count_repeats
from fairtrial.ledger.trials import count_trial_items as count_trial_items
from fairtrial.ledger.trials import find_trial as find_trial
from fairtrial.ledger.trials import read_looks as read_looks
from fairtrial.ledger.trials import read_sessions as read_sessions
from fairtrial.ledger.trials import read_task_record
from fairtrial.ledger.trials import read_trial as read_trial
from fairtrial.ledger.trials import read_trial_order as read_trial_order
from fairtrial.ledger.trials import read_trials as read_trials
from fairtrial.records import Item, Request
from fairtrial.records.duplicates import DuplicateKey, group_same, make_key, unite_clusters
from fairtrial.records.trace import renamed_trace

_Floats = NDArray[np.float64]
_Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WholeRow:
    """One measured value of a candidate as a whole, and the number of the run (session) that measured it."""

    candidate_id: str
    measure: str
    value: float
    unit: str
    session: int


@dataclass(frozen=True, slots=True)
class MeasuredValues:
    """One candidate's values of one measure on one task; arrays of shape (items,)."""

    item_ids: tuple[str, ...]
    clusters: _Ints
    values: _Floats
    weights: _Floats


@dataclass(frozen=True, slots=True)
class PairedValues:
    """Two candidates' values on the items that both have; arrays of shape (items,)."""

    item_ids: tuple[str, ...]
    clusters: _Ints
    a_values: _Floats
    a_weights: _Floats
    b_values: _Floats
    b_weights: _Floats


def read_items(ledger: Ledger, task_id: str) -> dict[str, Item]:
    """Return a task's items by id, in the task's own order."""
    return {item.id: item for item in iterate_items(ledger, task_id)}


def iterate_items(ledger: Ledger, task_id: str) -> Iterator[Item]:
    """Yield a task's items in the task's own order, so that they need not all be in memory."""
    rows = ledger.read("SELECT item_id, doc_id, cluster, body FROM items WHERE task_id = ? ORDER BY doc_id", (task_id,))
    for item_id, doc_id, cluster, body in rows:
        yield decode_item(item_id, doc_id, cluster, body)


def read_order(ledger: Ledger, trial_id: str, task_id: str) -> Order:
    """Return a task's items in trial order; nothing if the trial has no such task."""
    known = ledger.orders.get((trial_id, task_id))
    if known is not None:
        return known
    rows = ledger.read(
        """
        SELECT t.item_id, i.doc_id, i.cluster FROM trial_items t
        JOIN items i ON i.task_id = t.task_id AND i.item_id = t.item_id
        WHERE t.trial_id = ? AND t.task_id = ? ORDER BY t.position
        """,
        (trial_id, task_id),
    )
    task = read_task_record(ledger, trial_id, task_id)
    asked = _unite_copies(ledger, task_id, task, list(rows))
    found = make_order(asked, task.entry.repeats if task else 1)
    if found.item_ids:
        ledger.orders[trial_id, task_id] = found
    return found


def _unite_copies(
    ledger: Ledger, task_id: str, task: TaskRecord | None, rows: Sequence[tuple[str, int, str]]
) -> Sequence[tuple[str, int, str]]:
    """Return rows of (item id, doc id, cluster) with copies of a question in one cluster.

    As the trial was planned; of trials that were planned before copies were looked for, as their items say, unless
    whole clusters were put in random order then: that order is about the clusters as they were.
    """
    names = task.united if task else None
    if names is None and task and not task.form and task.order != "clusters":
        groups = group_same(read_content_keys(ledger, task_id, [row[0] for row in rows]))
        found = unite_clusters([(row[0], row[2]) for row in rows], groups) if groups else [row[2] for row in rows]
        names = {row[0]: name for row, name in zip(rows, found, strict=True)}
    return [(item, doc_id, names.get(item, cluster)) for item, doc_id, cluster in rows] if names else rows


def read_content_keys(ledger: Ledger, task_id: str, wanted: Sequence[str]) -> Iterator[tuple[str, DuplicateKey | None]]:
    """Yield the ids of items and what those that ask the same thing have in common."""
    chosen = set(wanted)
    for item_id, body in ledger.read("SELECT item_id, body FROM items WHERE task_id = ?", (task_id,)):
        if item_id in chosen:
            item = decode_item(item_id, 0, "", body)
            yield item_id, make_key(item.question, item.choices, item.gold, item.images)


def read_values(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, measure: str) -> MeasuredValues:
    """Return a candidate's values of a measure on the trial's items and repeats; empty arrays if there are none."""
    asked = read_order(ledger, trial_id, task_id)
    return _pick_values(asked, *read_averages(ledger, asked, candidate_id, task_id, measure))


def _pick_values(asked: Order, at: _Ints, value: _Floats, weight: _Floats) -> MeasuredValues:
    """Return values with the names of the items at these places."""
    return MeasuredValues(tuple(asked.item_ids[i] for i in at), renumber_clusters(asked.clusters[at]), value, weight)


def renumber_clusters(codes: _Ints) -> _Ints:
    """Return the same clusters numbered from 0 without gaps."""
    return np.unique(codes, return_inverse=True)[1].astype(np.int64)


def read_averages(
    ledger: Ledger, asked: Order, candidate_id: str, task_id: str, measure: str
) -> tuple[_Ints, _Floats, _Floats]:
    """Return (place in trial order, value, weight) of each item that has values, repeats averaged, in trial order.

    The arrays cannot be written to: who asks again is given the same ones.
    """

    def read() -> tuple[Order, tuple[_Ints, _Floats, _Floats]]:
        blocks = ledger.read_blocks(
            "SELECT item_id, repeat, value, weight FROM observations "
            "WHERE candidate_id = ? AND task_id = ? AND measure = ? AND repeat < ?",
            (candidate_id, task_id, measure, asked.repeats),
        )
        found = average_repeats(asked, blocks)[:3]
        for array in found:
            array.flags.writeable = False
        return asked, found  # with the order, so that no other one has its id as long as this is kept

    key = ("averages", id(asked), candidate_id, task_id, measure)
    return ledger.memory.recall(key, read, lambda kept: sum(array.nbytes for array in kept[1]))[1]


def average_repeats(
    asked: Order, blocks: Iterable[Sequence[tuple[str, int, float, float]]]
) -> tuple[_Ints, _Floats, _Floats, _Ints]:
    """Return what `read_averages` does, and the number of repeats, from rows of (item id, repeat, value, weight)."""
    parts = [table for rows in blocks if (table := _place_rows(asked, rows)).size]
    if not parts:
        return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), np.zeros(0, dtype=np.int64)
    table = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
    if not (np.abs(table) < 1e300).all():
        raise make_damage_error("an observation is no finite number")
    table = table[:, np.lexsort((table[1], table[0]))]
    at, value, weight = table[0].astype(np.int64), table[2], table[3]
    starts = np.flatnonzero(np.diff(at, prepend=-1))
    counts = np.diff(starts, append=at.size)
    total = np.add.reduceat(weight, starts)
    weighted = np.add.reduceat(weight * value, starts)
    plain = np.add.reduceat(value, starts) / counts
    mean = np.where(counts == 1, value[starts], np.divide(weighted, total, out=plain, where=total > 0))
    return at[starts], mean, total / counts, counts


def _place_rows(asked: Order, rows: Sequence[tuple[str, int, float, float]]) -> _Floats:
    """Return (4, rows): the place in the trial's order, repeat, value and weight of each row about one of its items."""
    place = asked.position
    if not all(row[0] in place for row in rows):
        rows = [row for row in rows if row[0] in place]
    if not rows:
        return np.zeros((4, 0))
    items, *columns = zip(*rows, strict=True)
    return guard_reading(
        lambda: np.array([[place[item] for item in items], *columns], dtype=np.float64), "an observation"
    )


def read_paired_values(ledger: Ledger, trial_id: str, a_id: str, b_id: str, task_id: str, measure: str) -> PairedValues:
    """Return two candidates' values on the items that both have, in trial order."""
    asked = read_order(ledger, trial_id, task_id)
    a_at, a_value, a_weight = read_averages(ledger, asked, a_id, task_id, measure)
    b_at, b_value, b_weight = read_averages(ledger, asked, b_id, task_id, measure)
    at, left, right = np.intersect1d(a_at, b_at, assume_unique=True, return_indices=True)
    both = _pick_values(asked, at, a_value[left], a_weight[left])
    return PairedValues(both.item_ids, both.clusters, both.values, both.weights, b_value[right], b_weight[right])


def read_item_answers(
    ledger: Ledger, candidate_id: str, task_id: str, item_id: str, repeat: int = 0
) -> list[tuple[Request, dict[str, Any]]]:
    """Return the requests about one item, in the order in which the task asked, each with its answer as JSON values."""
    rows = ledger.read(
        """
        SELECT r.body, b.body, a.answer, s.request_id FROM asked s
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        JOIN requests r ON r.id = s.request_id
        LEFT JOIN requests b ON b.id = r.base
        WHERE s.candidate_id = ? AND s.task_id = ? AND s.item_id = ? AND s.repeat = ?
        ORDER BY s.position
        """,
        (candidate_id, task_id, item_id, repeat),
    )
    return [(decode_request(body, base), _read_answer(answer, name)) for body, base, answer, name in rows]


def _read_answer(text: str, where: str) -> dict[str, Any]:
    """Return an answer as JSON values that are sure to be one; its trace under its name of today."""
    body = read_mapping(text, "an answer", where)
    decode_answer(body, where)
    return renamed_trace(body)


def read_item_values(
    ledger: Ledger, candidate_id: str, task_id: str, item_id: str, repeat: int = 0
) -> dict[str, tuple[float, float]]:
    """Return (value, weight) of every measure that was taken of one item, by the measure's name."""
    rows = ledger.read(
        "SELECT measure, value, weight FROM observations "
        "WHERE candidate_id = ? AND task_id = ? AND item_id = ? AND repeat = ? ORDER BY measure",
        (candidate_id, task_id, item_id, repeat),
    )
    found = {measure: (value, weight) for measure, value, weight in rows}
    if lost := next(
        (name for name, (value, weight) in found.items() if not (is_finite(value) and is_finite(weight))), None
    ):
        raise make_damage_error(f"{lost} is no finite number", f"item {item_id}")
    return found


def count_truncated_answers(ledger: Ledger, trial_id: str, candidate_id: str) -> int:
    """Return how many of a candidate's answers in a trial were given to a request cut to fit the context."""
    [row] = ledger.read(
        """
        SELECT count(DISTINCT a.request_id) FROM trial_items t
        JOIN asked s ON s.candidate_id = ? AND s.task_id = t.task_id AND s.item_id = t.item_id
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE t.trial_id = ? AND json_extract(a.answer, '$.truncated_tokens') > 0
        """,
        (candidate_id, trial_id),
    )
    return int(row[0])


def read_absences(ledger: Ledger, trial_id: str) -> list[dict[str, Any]]:
    """Return what was not measured and why, counted: rows of candidate_id, task_id, measure, reason, items.

    Only the trial's own candidates and items; an empty task id is about a candidate as a whole, and its
    repeat is the run (0: any).  What was measured
    after all, in a later run, is not absent.
    """
    rows = ledger.read(
        """
        SELECT b.candidate_id, b.task_id, b.measure, b.reason, count(*) FROM absences b
        WHERE b.candidate_id IN (
            SELECT json_extract(c.value, '$.id') FROM trials, json_each(trials.plan, '$.candidates') c
            WHERE trials.id = :trial
        )
        AND (b.task_id = '' AND (b.repeat = 0 OR b.repeat IN (SELECT id FROM sessions WHERE trial_id = :trial))
        OR (b.task_id, b.item_id) IN (
            SELECT task_id, item_id FROM trial_items WHERE trial_id = :trial
            UNION SELECT task_id, '' FROM trial_items WHERE trial_id = :trial
        ))
        AND NOT EXISTS (
            SELECT 1 FROM observations o WHERE o.candidate_id = b.candidate_id AND o.task_id = b.task_id
            AND o.measure = b.measure AND o.item_id = b.item_id AND (o.repeat = b.repeat
            OR b.task_id = '' AND o.repeat IN (SELECT id FROM sessions WHERE trial_id = :trial))
        )
        GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
        """,
        {"trial": trial_id},
    )
    names = ("candidate_id", "task_id", "measure", "reason", "items")
    return [dict(zip(names, row, strict=True)) for row in rows]


def read_whole_rows(ledger: Ledger, trial_id: str) -> list[WholeRow]:
    """Return what the trial's runs measured of each candidate as a whole (no item, no task), oldest run first."""
    rows = ledger.read(
        """
        SELECT o.candidate_id, o.measure, o.value, o.unit, o.repeat FROM observations o
        WHERE o.task_id = '' AND o.item_id = '' AND o.repeat IN (SELECT id FROM sessions WHERE trial_id = :trial)
        AND o.candidate_id IN (
            SELECT json_extract(c.value, '$.id') FROM trials, json_each(trials.plan, '$.candidates') c
            WHERE trials.id = :trial
        )
        ORDER BY o.repeat, o.candidate_id, o.measure
        """,
        {"trial": trial_id},
    )
    return [WholeRow(*row) for row in rows]


def find_measured_whole(ledger: Ledger, trial_id: str) -> set[str]:
    """Return the ids of the candidates of which a run of the trial said something as a whole, if only why it could not.

    What a cascade's threshold was says nothing of what it needs.
    """
    runs = "repeat IN (SELECT id FROM sessions WHERE trial_id = :trial)"
    rows = ledger.read(
        "SELECT candidate_id FROM observations WHERE task_id = '' AND item_id = '' AND measure <> 'cascade_threshold' "
        f"AND {runs} UNION SELECT candidate_id FROM absences WHERE task_id = '' AND item_id = '' AND {runs}",
        {"trial": trial_id},
    )
    return {candidate for (candidate,) in rows}


def count_rows(ledger: Ledger) -> dict[str, int]:
    """Return the number of rows of each main table."""
    tables = ("trials", "candidates", "tasks", "items", "answers", "observations")
    return {name: int(next(ledger.read(f"SELECT count(*) FROM {name}"))[0]) for name in tables}
