"""Counts of signs: how many of a candidate's answers to a task were given in a way that makes a score doubtful."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fairtrial.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class SignCount:
    """How often a sign occurs.

    Attributes:
        candidate_id, task_id: whose answers to what.
        sign: its name, without the prefix.
        count: answers that have it; repeats of an item count each.
        of: answers in all.
    """

    candidate_id: str
    task_id: str
    sign: str
    count: int
    of: int


def sign_counts(ledger: Ledger, trial_id: str, prefix: str = "sign:") -> list[SignCount]:
    """Return the counts of all signs among a trial's answers; those that do not occur are left out."""
    answered = {
        (candidate, task): int(count)
        for candidate, task, count in ledger.read(
            """
            SELECT s.candidate_id, s.task_id, count(*) FROM trial_items t
            JOIN asked s ON s.task_id = t.task_id AND s.item_id = t.item_id AND s.position = 0
            WHERE t.trial_id = ? GROUP BY s.candidate_id, s.task_id
            """,
            (trial_id,),
        )
    }
    rows = ledger.read(
        """
        SELECT o.candidate_id, o.task_id, o.measure, count(*) FROM trial_items t
        JOIN observations o ON o.task_id = t.task_id AND o.item_id = t.item_id
        WHERE t.trial_id = ? AND o.measure >= ? AND o.measure < ?
        GROUP BY o.candidate_id, o.task_id, o.measure
        """,
        (trial_id, prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)),
    )
    return [
        SignCount(
            candidate, task, measure.removeprefix(prefix), int(count), answered.get((candidate, task), int(count))
        )
        for candidate, task, measure, count in rows
    ]


def items_without_answer(ledger: Ledger, trial_id: str, task_id: str) -> tuple[int, int]:
    """Return how many of a task's items in a trial have no right answer, and how many items there are."""
    rows = ledger.read(
        """
        SELECT coalesce(sum(json_array_length(i.body, '$.gold') = 0), 0), count(*) FROM trial_items t
        JOIN items i ON i.task_id = t.task_id AND i.item_id = t.item_id
        WHERE t.trial_id = ? AND t.task_id = ?
        """,
        (trial_id, task_id),
    )
    missing, count = next(iter(rows))
    return int(missing), int(count)


def changed_settings(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str) -> dict[str, str]:
    """Return what of its requests a candidate's server refused in a task of a trial, with the server's words."""
    rows = ledger.read(
        """
        SELECT DISTINCT json_extract(a.answer, '$.changed') FROM trial_items t
        JOIN asked s ON s.candidate_id = ? AND s.task_id = t.task_id AND s.item_id = t.item_id
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE t.trial_id = ? AND t.task_id = ? AND a.answer LIKE '%"changed":[[%'
        """,
        (candidate_id, trial_id, task_id),
    )
    return {name: words for (changed,) in rows if changed for name, words in json.loads(changed)}
