"""Stored answers of a candidate, to be asked again or compared with others.  Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairtrial.ledger.encoding import decode_answer
from fairtrial.ledger.query import read_item_answers, read_trial_order
from fairtrial.ledger.shape import read_mapping
from fairtrial.ledger.store import Ledger
from fairtrial.records import GenerateAnswer, Request


def read_stored(
    ledger: Ledger, trial_id: str, candidate_id: str, task_id: str
) -> Iterator[tuple[str, Request, Mapping[str, Any]]]:
    """Yield (item id, request, answer as JSON values) of a task in trial order, as far as the candidate answered."""
    for item in read_trial_order(ledger, trial_id, task_id):
        for request, answer in read_item_answers(ledger, candidate_id, task_id, item):
            yield item, request, answer


def read_written(ledger: Ledger, candidate_id: str) -> Iterator[GenerateAnswer]:
    """Yield all written answers of a candidate, in the order in which they were entered."""
    rows = ledger.read(
        "SELECT request_id, answer FROM answers WHERE candidate_id = ? ORDER BY created, request_id", (candidate_id,)
    )
    for request_id, text in rows:
        answer = decode_answer(read_mapping(text, "an answer", request_id), request_id)
        if isinstance(answer, GenerateAnswer):
            yield answer


def list_answering(ledger: Ledger) -> list[tuple[str, str]]:
    """Return id and name of the candidates that have answers."""
    return list(
        ledger.read(
            "SELECT id, name FROM candidates c WHERE EXISTS (SELECT 1 FROM answers a WHERE a.candidate_id = c.id) "
            "ORDER BY name, id"
        )
    )
