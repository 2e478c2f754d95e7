"""Reading who answered what where several models had a part in a candidate's answers.  Reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial

from fairtrial.ledger.encoding import decode_trace
from fairtrial.ledger.shape import guard_reading
from fairtrial.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class CascadeItem:
    """One item of a cascade.

    Attributes:
        signal: how sure the small model was, from 0 to 1; the least of several requests.
        escalated: whether the larger model answered any of them.
    """

    signal: float
    escalated: bool


def read_cascade_items(ledger: Ledger, candidate_id: str, task_id: str) -> dict[str, CascadeItem]:
    """Return what became of each item that a cascade answered, by item id; of repeats, the first.

    Of a cascade in a cascade, the outer one: its step is the least deep of those that tell how sure a model was.
    """
    rows = ledger.read(
        """
        SELECT s.item_id, s.request_id, coalesce(json_extract(a.answer, '$.trace'), json_extract(a.answer, '$.steps'))
        FROM asked s
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE s.candidate_id = ? AND s.task_id = ? AND s.repeat = 0
        """,
        (candidate_id, task_id),
    )
    found: dict[str, CascadeItem] = {}
    for item, request, text in rows:
        steps = guard_reading(partial(json.loads, text), "an answer", request) if text is not None else []
        trace = decode_trace({"trace": steps}, request)
        sure = [i for i, step in enumerate(trace) if step.signal is not None]
        if not sure:
            continue
        first = min(sure, key=lambda i: trace[i].by.count("/"))
        known = found.get(item, CascadeItem(1.0, False))
        sent_on = any(step.is_call for step in trace[first + 1 :])
        found[item] = CascadeItem(min(known.signal, trace[first].signal or 0.0), known.escalated or sent_on)
    return found
