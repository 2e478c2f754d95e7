"""Reading many answers at once: what some items of a task were answered by each candidate, and what was observed.

Reads only; a few statements for a block of items, where `fairtrial.ledger.query` takes a few for a single one.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.ledger.encoding import decode_answer, decode_item, decode_request
from fairtrial.ledger.shape import is_finite, make_damage_error, read_mapping
from fairtrial.ledger.store import Ledger
from fairtrial.records import Item, Request
from fairtrial.records.trace import renamed_trace

MOST_NAMES = 500
"""Requests that one statement names."""

OBSERVED = """
WITH RECURSIVE seen(name) AS (
    SELECT min(measure) FROM observations WHERE candidate_id = :c AND task_id = :t
    UNION ALL
    SELECT (SELECT min(measure) FROM observations WHERE candidate_id = :c AND task_id = :t AND measure > name)
    FROM seen WHERE name IS NOT NULL
)
SELECT o.item_id, o.repeat, o.measure, o.value, o.weight FROM seen CROSS JOIN json_each(:items) wanted
CROSS JOIN observations o ON o.candidate_id = :c AND o.task_id = :t AND o.measure = seen.name
    AND o.item_id = wanted.value AND o.repeat < :repeats
"""
"""By the key: every measure that there is, and in it the items; not all that was ever observed of the task."""

ItemRepeat = tuple[str, int]
"""An item's id and the number of the repeat."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request that was answered.

    Attributes:
        request_id: see `read_requests`.
        answer: as JSON values that are sure to be an answer; its trace under its name of today.
    """

    request_id: str
    answer: Mapping[str, Any]


def read_item_block(ledger: Ledger, task_id: str, items: Collection[str]) -> dict[str, Item]:
    """Return some items of a task by id."""
    rows = ledger.read(
        "SELECT item_id, doc_id, cluster, body FROM items WHERE task_id = ? "
        "AND item_id IN (SELECT value FROM json_each(?))",
        (task_id, json.dumps(list(items))),
    )
    return {item_id: decode_item(item_id, doc_id, cluster, body) for item_id, doc_id, cluster, body in rows}


def read_calls(
    ledger: Ledger, candidate_id: str, task_id: str, items: Collection[str], repeats: int = 1
) -> dict[ItemRepeat, list[Call]]:
    """Return what a candidate answered to some items, in the order in which the task asked."""
    rows = ledger.read(
        """
        SELECT s.item_id, s.repeat, s.request_id, a.answer FROM asked s
        JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
        WHERE s.candidate_id = ? AND s.task_id = ?
        AND s.item_id IN (SELECT value FROM json_each(?)) AND s.repeat < ?
        ORDER BY s.item_id, s.repeat, s.position
        """,
        (candidate_id, task_id, json.dumps(list(items)), repeats),
    )
    found: dict[ItemRepeat, list[Call]] = {}
    for item, repeat, request, text in rows:
        body = read_mapping(text, "an answer", request)
        decode_answer(body, request)
        found.setdefault((item, repeat), []).append(Call(request, renamed_trace(body)))
    return found


def read_observed(
    ledger: Ledger, candidate_id: str, task_id: str, items: Collection[str], repeats: int = 1
) -> dict[ItemRepeat, dict[str, tuple[float, float]]]:
    """Return (value, weight) of every measure, by its name, that was taken of some items."""
    names = {"c": candidate_id, "t": task_id, "items": json.dumps(list(items)), "repeats": repeats}
    rows = ledger.read(OBSERVED, names)
    found: dict[ItemRepeat, dict[str, tuple[float, float]]] = {}
    for item, repeat, measure, value, weight in rows:
        if not (is_finite(value) and is_finite(weight)):
            raise make_damage_error(f"{measure} is no finite number", f"item {item}")
        found.setdefault((item, repeat), {})[measure] = (value, weight)
    return found


def read_requests(ledger: Ledger, wanted: Iterable[str]) -> dict[str, Request]:
    """Return requests by id; those that the ledger lacks are left out."""
    names = list(dict.fromkeys(wanted))
    return {
        name: decode_request(body, base)
        for part in _split(names, MOST_NAMES)
        for name, body, base in ledger.read(
            "SELECT r.id, r.body, b.body FROM requests r LEFT JOIN requests b ON b.id = r.base "
            "WHERE r.id IN (SELECT value FROM json_each(?))",
            (json.dumps(part),),
        )
    }


def _split(names: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    return (names[at : at + size] for at in range(0, len(names), size))
