"""Rows of requests: entered once, and compared with those that an item was asked before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from fairtrial.ledger.encoding import encode_request, pack
from fairtrial.records import Request


def add_requests(db: sqlite3.Connection, requests: Sequence[tuple[str, Request]]) -> None:
    """Insert the requests that the ledger lacks: the first as it is, the others as what differs from it."""
    wanted = dict(requests)
    known = db.execute(
        "SELECT id FROM requests WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(wanted)),)
    )
    for (request_id,) in known.fetchall():
        del wanted[request_id]
    base_id, base = None, b""
    rows: list[tuple[str, str | None, bytes]] = []
    for request_id, request in wanted.items():
        text = encode_request(request)
        rows.append((request_id, base_id, pack(text, base)))
        if base_id is None:
            base_id, base = request_id, text
    db.executemany("INSERT INTO requests (id, base, body) VALUES (?, ?, ?)", rows)


def find_other_requests(
    db: sqlite3.Connection, candidate_id: str, asked: Sequence[tuple[str, str, int, tuple[str, ...]]]
) -> tuple[str, str, int] | None:
    """Return the task, item and repeat for which the ledger has other requests than ``asked`` says, or None."""
    there: dict[tuple[str, str, int], list[str]] = {}
    for wanted in {task for task, _, _, _ in asked}:
        items = json.dumps([item for task, item, _, _ in asked if task == wanted])
        for item, repeat, name in db.execute(
            "SELECT item_id, repeat, request_id FROM asked WHERE candidate_id = ? AND task_id = ? "
            "AND item_id IN (SELECT value FROM json_each(?)) ORDER BY item_id, repeat, position",
            (candidate_id, wanted, items),
        ):
            there.setdefault((wanted, item, repeat), []).append(name)
    for task, item, repeat, ids in asked:
        if (found := there.get((task, item, repeat))) and tuple(found) != tuple(ids):
            return task, item, repeat
    return None
