"""What a ledger knows of a candidate already, whichever trial asked for it.  Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.store import Ledger

ENOUGH_WRITTEN = 20
"""Answers to a task that say how long its answers are."""


def count_answers(ledger: Ledger, candidate_id: str) -> int:
    """Return how many answers of a candidate there are."""
    [(count,)] = ledger.read("SELECT count(*) FROM answers WHERE candidate_id = ?", (candidate_id,))
    return int(count)


def was_asked(ledger: Ledger, candidate_id: str) -> bool:
    """Return whether a candidate was asked any item of any task."""
    return any(ledger.read("SELECT 1 FROM asked WHERE candidate_id = ? LIMIT 1", (candidate_id,)))


def was_asked_otherwise(ledger: Ledger, candidate_id: str, name: str, spec: Mapping[str, Any]) -> bool:
    """Return whether a candidate of this name and specification was asked that is another one all the same."""
    rows = ledger.read(
        "SELECT 1 FROM candidates c WHERE c.name = ? AND c.spec = ? AND c.id != ? "
        "AND EXISTS (SELECT 1 FROM asked a WHERE a.candidate_id = c.id) LIMIT 1",
        (name, dumps(spec), candidate_id),
    )
    return any(rows) and not was_asked(ledger, candidate_id)


def read_items_asked(ledger: Ledger, candidate_id: str, task_id: str, repeats: int = 1) -> set[str]:
    """Return the ids of the items that a candidate was asked at least ``repeats`` times."""
    rows = ledger.read(
        "SELECT item_id FROM asked WHERE candidate_id = ? AND task_id = ? GROUP BY 1 HAVING max(repeat) + 1 >= ?",
        (candidate_id, task_id, repeats),
    )
    return {item for (item,) in rows}


def read_items_measured(ledger: Ledger, candidate_id: str, task_id: str, measure: str) -> set[str]:
    """Return the ids of the items whose first answer has a value of the measure."""
    rows = ledger.read(
        "SELECT item_id FROM observations WHERE candidate_id = ? AND task_id = ? AND measure = ? AND repeat = 0",
        (candidate_id, task_id, measure),
    )
    return {item for (item,) in rows}


def latest_value(ledger: Ledger, candidate_id: str, measure: str) -> float | None:
    """Return what the latest run that tells has found of a candidate as a whole; None if none tells."""
    rows = ledger.read(
        "SELECT value FROM observations WHERE candidate_id = ? AND task_id = '' AND measure = ? "
        "ORDER BY repeat DESC LIMIT 1",
        (candidate_id, measure),
    )
    return next((float(value) for (value,) in rows), None)


def read_mean_value(ledger: Ledger, candidate_id: str, task_id: str, measure: str) -> float | None:
    """Return the mean of a measure over all of a candidate's answers to a task; None if there is no value."""
    [(mean,)] = ledger.read(
        "SELECT avg(value) FROM observations WHERE candidate_id = ? AND task_id = ? AND measure = ?",
        (candidate_id, task_id, measure),
    )
    return None if mean is None else float(mean)


def read_mean_tokens_written(ledger: Ledger, task_id: str) -> float | None:
    """Return how many tokens any candidates have written for an item of a task; None if too few have."""
    rows = ledger.read(
        "SELECT avg(value) FROM observations WHERE task_id = ? AND measure = 'tokens_out' HAVING count(*) >= ?",
        (task_id, ENOUGH_WRITTEN),
    )
    return next((float(mean) for (mean,) in rows), None)


def read_paired_differences(ledger: Ledger, a_id: str, b_id: str, task_id: str, measure: str) -> NDArray[np.float64]:
    """Return (n,) the differences a - b on all items of a task that both have answered."""
    rows = ledger.read(
        """
        SELECT a.value - b.value FROM observations a JOIN observations b
            ON b.candidate_id = :b AND b.task_id = a.task_id AND b.measure = a.measure AND b.item_id = a.item_id
            AND b.repeat = a.repeat
        WHERE a.candidate_id = :a AND a.task_id = :task AND a.measure = :measure
        """,
        {"a": a_id, "b": b_id, "task": task_id, "measure": measure},
    )
    return np.array([difference for (difference,) in rows], dtype=float)


def read_whole_values(ledger: Ledger, candidate_id: str) -> list[tuple[str, float]]:
    """Return (measure, value) of all that runs have measured of a candidate as a whole, oldest run first."""
    rows = ledger.read(
        "SELECT measure, value FROM observations WHERE candidate_id = ? AND task_id = '' AND item_id = '' "
        "ORDER BY repeat",
        (candidate_id,),
    )
    return [(measure, value) for measure, value in rows]
