"""Reading who answered what where several models had a part in a candidate's answers.  Reads only."""

from __future__ import annotations

import json
from dataclasses import dataclass

from fairtrial.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class Passed:
    """One item of a cascade.

    Attributes:
        signal: how sure the small model was, from 0 to 1; the least of several requests.
        escalated: whether the larger model answered any of them.
    """

    signal: float
    escalated: bool


def passed(ledger: Ledger, candidate_id: str, task_id: str) -> dict[str, Passed]:
    """Return what became of each item that a cascade answered, by item id; of repeats, the first."""
    rows = ledger.read(
        """
        SELECT s.item_id, json_extract(a.answer, '$.steps') FROM asked s
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE s.candidate_id = ? AND s.task_id = ? AND s.repeat = 0
        """,
        (candidate_id, task_id),
    )
    found: dict[str, Passed] = {}
    for item, text in rows:
        steps = json.loads(text) if text else []
        if not steps or steps[0]["signal"] is None:
            continue
        known = found.get(item, Passed(1.0, False))
        found[item] = Passed(min(known.signal, float(steps[0]["signal"])), known.escalated or len(steps) > 1)
    return found
