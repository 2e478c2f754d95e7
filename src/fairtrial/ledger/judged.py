"""What judges were asked and what it cost, and the answers that both they and people have graded.  Reads only."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.ledger.encoding import decode_item
from fairtrial.ledger.store import Ledger


def read_judge_costs(ledger: Ledger, judge_id: str, kept_under: Sequence[str]) -> tuple[int, dict[str, float]]:
    """Return how many answers a judge has read, and the sum of each measure over them.

    Args:
        ledger: to be read.
        judge_id: the judge's candidate id.
        kept_under: task ids under which what it was asked is kept.
    """
    values = (judge_id, json.dumps(list(kept_under)))
    [(count,)] = ledger.read(
        "SELECT count(*) FROM asked WHERE candidate_id = ? AND task_id IN (SELECT value FROM json_each(?))", values
    )
    rows = ledger.read(
        "SELECT measure, sum(value) FROM observations WHERE candidate_id = ? "
        "AND task_id IN (SELECT value FROM json_each(?)) AND measure NOT LIKE 'sign:%' "
        "AND measure NOT IN ('agrees', 'graded') GROUP BY measure",
        values,
    )
    return int(count), {name: float(value) for name, value in rows}


@dataclass(frozen=True, slots=True)
class LabelledGrade:
    """An answer that people have graded, and what a judge made of it.

    Attributes:
        people: the grade that people gave, as the scale writes it.
        judge: the value that the judge gave; None where it could not be read.
        words: of the answer.
        item_id: of the answer among those that people have graded.
    """

    people: str
    judge: float | None
    words: int
    item_id: str = ""


def read_labelled_grades(ledger: Ledger, judge_id: str, task_id: str) -> list[LabelledGrade]:
    """Return what a judge made of each answer that people have graded and that it was asked about."""
    rows = ledger.read(
        """
        SELECT i.item_id, i.doc_id, i.cluster, i.body, o.value FROM asked a
        JOIN items i ON i.task_id = a.task_id AND i.item_id = a.item_id
        LEFT JOIN observations o ON o.candidate_id = a.candidate_id AND o.task_id = a.task_id
            AND o.item_id = a.item_id AND o.repeat = a.repeat AND o.measure = 'graded'
        WHERE a.candidate_id = ? AND a.task_id = ? AND a.repeat = 0 AND a.position = 0 ORDER BY i.doc_id
        """,
        (judge_id, task_id),
    )
    found = []
    for item_id, doc_id, cluster, body, value in rows:
        item = decode_item(item_id, doc_id, cluster, body)
        words = len(str(item.data.get("answer", "")).split())
        found.append(LabelledGrade(item.gold[0], None if value is None else float(value), words, item_id))
    return found
