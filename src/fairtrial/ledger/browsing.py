"""Reading a ledger to browse in it: what is enough to list, filter and search the items of a task.

Reads only.  Whole columns come as rows of plain values; texts are looked through in small pieces, so that whoever asks
can stop in time.  Nothing here skips rows by OFFSET.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import UnknownNameError
from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.store import Ledger
from fairtrial.ledger.trials import find_trial

LOOKED_THROUGH = 400
"""Items whose texts are looked through by one statement."""


@dataclass(frozen=True, slots=True)
class TrialSketch:
    """A trial as a list shows it, without its plan being read.

    Attributes:
        id, name, created: as entered.
        candidates, tasks: their names, in the plan's order.
        baseline: name of the candidate that the others are compared with.
        runs: how many there were.
        last_started, last_ended, reason, outcome: of the last run; None where there is none (yet).
    """

    id: str
    name: str
    created: str
    candidates: tuple[str, ...]
    tasks: tuple[str, ...]
    baseline: str
    runs: int
    last_started: str | None
    last_ended: str | None
    reason: str | None
    outcome: str | None

    @property
    def state(self) -> str:
        """``finished``, ``open`` (a run has no end: it runs, or was killed), ``stopped``, or ``never run``."""
        if not self.runs:
            return "never run"
        if self.last_ended is None:
            return "open"
        return "finished" if self.reason == "finished" else "stopped"


_SKETCH = """
WITH last AS (SELECT trial_id, max(id) AS session, count(*) AS runs FROM sessions GROUP BY trial_id),
listed AS (
    SELECT t.rowid AS place, t.id, coalesce(l.session, 0) AS session, coalesce(l.runs, 0) AS runs
    FROM trials t LEFT JOIN last l ON l.trial_id = t.id
)
SELECT t.id, t.name, t.created, json_extract(t.plan, '$.baseline'),
    (SELECT json_group_array(json_extract(c.value, '$.name')) FROM json_each(t.plan, '$.candidates') c),
    (SELECT json_group_array(json_extract(k.value, '$.name')) FROM json_each(t.plan, '$.tasks') k),
    l.runs, s.started, s.ended, s.reason, s.outcome
FROM listed l JOIN trials t ON t.id = l.id LEFT JOIN sessions s ON s.id = l.session
"""


def sketch_trials(ledger: Ledger, before: str = "", most: int = 50) -> list[TrialSketch]:
    """Return trials, the latest first: those that were run (or entered) last.

    Args:
        ledger: that has them.
        before: id of a trial after which to go on; empty begins with the latest.
        most: how many at most.
    """
    rows = ledger.read(
        f"{_SKETCH} WHERE :before = '' OR (l.session, l.place) < (SELECT b.session, b.place FROM listed b "
        "WHERE b.id = :before) ORDER BY l.session DESC, l.place DESC LIMIT :most",
        {"before": before, "most": most},
    )
    return [_make_sketch(row) for row in rows]


def find_sketch(ledger: Ledger, beginning: str) -> TrialSketch:
    """Return the trial whose id begins so.  Raises UnknownNameError if there is none, or several."""
    rows = list(
        ledger.read(
            f"{_SKETCH} WHERE substr(t.id, 1, :length) = :id LIMIT 2", {"id": beginning, "length": len(beginning)}
        )
    )
    if len(rows) != 1 or len(beginning) < SHORTEST_ID:
        raise UnknownNameError("trial", beginning, (), fix=f"The page of {ledger.path.name} lists its trials.")
    return _make_sketch(rows[0])


@dataclass(frozen=True, slots=True)
class LedgerHoldings:
    """How many answers and votes of people a ledger has, whatever they belong to."""

    answers: int
    votes: int


def find_holdings(ledger: Ledger) -> LedgerHoldings:
    """Return what a ledger holds beside trials."""
    [(answers, votes)] = ledger.read("SELECT (SELECT count(*) FROM answers), (SELECT count(*) FROM votes)")
    return LedgerHoldings(int(answers), int(votes))


SHORTEST_ID = 8
"""Letters of an id that stand for all of it."""


def _make_sketch(row: tuple[Any, ...]) -> TrialSketch:
    candidates, tasks = (tuple(map(str, json.loads(text))) for text in row[4:6])
    return TrialSketch(row[0], row[1], row[2], candidates, tasks, str(row[3]), int(row[6]), *row[7:11])


def count_done(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, measures: Sequence[str]) -> int:
    """Return how many of a trial's items of a task a candidate has a value of any of some measures for."""
    [(count,)] = ledger.read(
        """
        SELECT count(*) FROM trial_items t WHERE t.trial_id = ? AND t.task_id = ? AND EXISTS (
            SELECT 1 FROM observations o WHERE o.candidate_id = ? AND o.task_id = t.task_id
            AND o.measure IN (SELECT value FROM json_each(?))
            AND o.item_id = t.item_id
        )
        """,
        (trial_id, task_id, candidate_id, json.dumps(list(measures))),
    )
    return int(count)


def read_version_of_data(ledger: Ledger) -> int:
    """Return a number that changes whenever another process, or another opening of the file, has written to it."""
    return int(next(ledger.read("PRAGMA data_version"))[0])


def has_measure(ledger: Ledger, trial_id: str, measure: str) -> bool:
    """Return whether any candidate of a trial has a value of a measure on any of its tasks."""
    plan = find_trial(ledger, trial_id).plan
    return any(
        any(
            ledger.read(
                "SELECT 1 FROM observations WHERE candidate_id = ? AND task_id = ? AND measure = ? LIMIT 1",
                (candidate.id, task.id, measure),
            )
        )
        for candidate in plan.candidates
        for task in plan.tasks
    )


def list_item_places(ledger: Ledger, trial_id: str, task_id: str) -> list[tuple[str, int]]:
    """Return (item id, place in the task's own order) of a trial's items of a task, in that order."""
    rows = ledger.read(
        """
        SELECT t.item_id, i.doc_id FROM trial_items t
        JOIN items i ON i.task_id = t.task_id AND i.item_id = t.item_id
        WHERE t.trial_id = ? AND t.task_id = ? ORDER BY i.doc_id, t.item_id
        """,
        (trial_id, task_id),
    )
    return list(rows)


def read_all_observed(
    ledger: Ledger, candidate_id: str, task_id: str, repeats: int
) -> Iterator[tuple[str, str, float]]:
    """Yield (measure, item id, value) of all that was observed of a candidate's answers to a task, by measure."""
    return ledger.read(
        "SELECT measure, item_id, value FROM observations WHERE candidate_id = ? AND task_id = ? AND repeat < ? "
        "AND item_id <> '' ORDER BY measure, item_id, repeat",
        (candidate_id, task_id, repeats),
    )


def find_texts(ledger: Ledger, task_id: str, candidates: Sequence[str], items: Sequence[str], wanted: str) -> set[str]:
    """Return which of these items have a text in their question, choices or right answers, or in an answer to them.

    Capital letters make no difference in ASCII; in other scripts they do.  At most `LOOKED_THROUGH` items.
    """
    inner = dumps(wanted)[1:-1]
    like = "%" + re.sub(r"([\\%_])", r"\\\1", inner) + "%"
    named = json.dumps(list(items[:LOOKED_THROUGH]))
    rows = ledger.read(
        "SELECT item_id FROM items WHERE task_id = ? AND item_id IN (SELECT value FROM json_each(?)) "
        "AND (json_extract(body, '$.question', '$.choices', '$.gold') LIKE ? ESCAPE '\\' OR item_id LIKE ?)",
        (task_id, named, like, f"{wanted}%" if wanted.isalnum() else ""),
    )
    found = {item for (item,) in rows}
    for candidate in candidates:
        rows = ledger.read(
            """
            SELECT DISTINCT s.item_id FROM asked s
            JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
            WHERE s.candidate_id = ? AND s.task_id = ? AND s.item_id IN (SELECT value FROM json_each(?))
            AND json_extract(a.answer, '$.text', '$.said') LIKE ? ESCAPE '\\'
            """,
            (candidate, task_id, named, like),
        )
        found |= {item for (item,) in rows}
    return found
