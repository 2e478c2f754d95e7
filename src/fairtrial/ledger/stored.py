"""A few stored answers of a candidate, to be asked again.  Reads only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairtrial.ledger.query import read_item_answers, read_trial_order
from fairtrial.ledger.store import Ledger
from fairtrial.records import Request


def read_stored(
    ledger: Ledger, trial_id: str, candidate_id: str, task_id: str
) -> Iterator[tuple[str, Request, Mapping[str, Any]]]:
    """Yield (item id, request, answer as JSON values) of a task in trial order, as far as the candidate answered."""
    for item in read_trial_order(ledger, trial_id, task_id):
        for request, answer in read_item_answers(ledger, candidate_id, task_id, item):
            yield item, request, answer
