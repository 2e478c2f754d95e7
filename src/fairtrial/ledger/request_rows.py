"""Rows of requests: entered once, and compared with those that an item was asked before."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence

from fairtrial.ledger.ready import list_rows
from fairtrial.records import Request
from fairtrial.records.cells import NO_CELLS, ReadyCells


def add_requests(db: sqlite3.Connection, requests: Sequence[tuple[str, Request]], cells: ReadyCells = NO_CELLS) -> None:
    """Insert the requests that the ledger lacks: the first as it is, the others as what differs from it."""
    wanted = dict(requests)
    known = db.execute(
        "SELECT id FROM requests WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(wanted)),)
    )
    for (request_id,) in known.fetchall():
        del wanted[request_id]
    db.executemany("INSERT INTO requests (id, base, body) VALUES (?, ?, ?)", list_rows(wanted, cells))


def add_asked(
    db: sqlite3.Connection, candidate_id: str, asked: Sequence[tuple[str, str, int, tuple[str, ...]]]
) -> tuple[str, str, int] | None:
    """Enter which requests belong to which item; nothing, and which item it is, where the ledger has others for one."""
    if (clash := find_other_requests(db, candidate_id, asked)) is not None:
        return clash
    rows = [(candidate_id, t, i, n, at, r) for t, i, n, ids in asked for at, r in enumerate(ids)]
    db.executemany("INSERT OR IGNORE INTO asked VALUES (?, ?, ?, ?, ?, ?)", rows)
    return None


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
