"""What two ledgers say differently under one key, and which rows of the second one have to stay behind for it.

``main`` is the ledger that is being made, ``src`` the one that is joined to it.  An item is taken whole or not at all:
its answers, what was asked, and all that was observed of it come from one ledger, for a grade belongs to its answers.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import dumps, unpack
from fairtrial.ledger.passages import hash_text
from fairtrial.ledger.shape import guard_reading, read_mapping
from fairtrial.ledger.withdrawing import MARK

KeptWhere = Literal["", "first", "newest"]
"""Which ledger holds where they differ: none (that is an error), the first named, the one with the newest answer."""

TEMPORARY = (
    "CREATE TEMP TABLE lost_answers (candidate_id TEXT, request_id TEXT, PRIMARY KEY (candidate_id, request_id)) "
    "WITHOUT ROWID",
    "CREATE TEMP TABLE lost (candidate_id TEXT, task_id TEXT, item_id TEXT, repeat INTEGER, kind TEXT, "
    "PRIMARY KEY (candidate_id, task_id, item_id, repeat)) WITHOUT ROWID",
    "CREATE TEMP TABLE clashes (candidate_id TEXT, task_id TEXT, item_id TEXT, repeat INTEGER, kind TEXT, dropped "
    "INTEGER, PRIMARY KEY (candidate_id, task_id, item_id, repeat)) WITHOUT ROWID",
)

KEY = "s.candidate_id, s.task_id, s.item_id, s.repeat"
SAME = "m.candidate_id = s.candidate_id AND m.task_id = s.task_id AND m.item_id = s.item_id AND m.repeat = s.repeat"

LOST = (
    # of answers that differ
    f"INSERT OR IGNORE INTO lost SELECT {KEY}, 'answers' FROM src.asked s JOIN temp.lost_answers l "
    "ON l.candidate_id = s.candidate_id AND l.request_id = s.request_id",
    # other requests for the same item: on both sides, for one may have more of them
    f"INSERT OR IGNORE INTO lost SELECT {KEY}, 'requests' FROM src.asked s "
    f"WHERE EXISTS (SELECT 1 FROM main.asked m WHERE {SAME}) AND NOT EXISTS (SELECT 1 FROM main.asked m WHERE {SAME} "
    "AND m.position = s.position AND m.request_id = s.request_id)",
    f"INSERT OR IGNORE INTO lost SELECT {KEY}, 'requests' FROM main.asked s "
    f"WHERE EXISTS (SELECT 1 FROM src.asked m WHERE {SAME}) AND NOT EXISTS (SELECT 1 FROM src.asked m WHERE {SAME} "
    "AND m.position = s.position AND m.request_id = s.request_id)",
    f"INSERT OR IGNORE INTO lost SELECT {KEY}, 'values' FROM src.observations s JOIN main.observations m "
    f"ON {SAME} AND m.measure = s.measure WHERE s.task_id <> '' "
    "AND (m.value <> s.value OR m.weight <> s.weight OR m.unit <> s.unit)",
)
REMEMBER = (
    f"INSERT OR IGNORE INTO clashes SELECT {KEY}, s.kind, "
    f"NOT EXISTS (SELECT 1 FROM main.asked m WHERE {SAME}) AND "
    f"NOT EXISTS (SELECT 1 FROM main.observations m WHERE {SAME}) FROM temp.lost s"
)


@dataclass(frozen=True, slots=True)
class Clash:
    """What ledgers say differently of one candidate and task.

    Attributes:
        kind: ``answers``, ``requests``, ``values``, ``looks``, ``runs`` or ``plans``.
        candidate, task: their names; empty where it is about none.
        count: items (each repeat counts), looks, values or plans.
        example: one of them.
    """

    kind: str
    candidate: str
    task: str
    count: int
    example: str


class UnlikeError(Exception):
    """Two values are not the same, even if words were withdrawn from one of them."""


def unite_withdrawn(one: Any, other: Any) -> Any:
    """Return the value that both are, without the words that were withdrawn from either; raises UnlikeError."""
    if isinstance(one, dict) and isinstance(other, dict) and one.keys() == other.keys():
        return {name: unite_withdrawn(held, other[name]) for name, held in one.items()}
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [unite_withdrawn(*both) for both in zip(one, other, strict=True)]
    if type(one) is type(other) and one == other:
        return one
    if isinstance(one, str) and isinstance(other, str):
        for gone, there in ((one, other), (other, one)):
            if gone == f"{MARK}{hash_text(there)}]":
                return gone
    raise UnlikeError


def find_lost(db: sqlite3.Connection) -> None:
    """Fill ``temp.lost`` with the items of ``src`` that stay behind, and remember them among all clashes."""
    db.execute("DELETE FROM temp.lost")
    db.execute("DELETE FROM temp.lost_answers")
    for candidate, request, mine, theirs in db.execute(
        "SELECT s.candidate_id, s.request_id, m.answer, s.answer FROM src.answers s JOIN main.answers m "
        "ON m.candidate_id = s.candidate_id AND m.request_id = s.request_id WHERE m.answer <> s.answer"
    ).fetchall():
        try:
            united = dumps(unite_withdrawn(read_mapping(mine, "an answer"), read_mapping(theirs, "an answer")))
        except UnlikeError:
            db.execute("INSERT INTO lost_answers VALUES (?, ?)", (candidate, request))
            continue
        key = (candidate, request)
        db.execute("UPDATE main.answers SET answer = ? WHERE candidate_id = ? AND request_id = ?", (united, *key))
    for statement in (*LOST, REMEMBER):
        db.execute(statement)


def list_clashes(db: sqlite3.Connection) -> Iterator[Clash]:
    """Yield what the ledgers that were joined so far say differently of items, by candidate and task."""
    rows = db.execute(
        """
        SELECT x.kind, coalesce(c.name, x.candidate_id), coalesce(t.name, x.task_id), count(*),
            coalesce('item ' || min(i.doc_id), min(x.item_id))
        FROM temp.clashes x LEFT JOIN candidates c ON c.id = x.candidate_id LEFT JOIN tasks t ON t.id = x.task_id
        LEFT JOIN items i ON i.task_id = x.task_id AND i.item_id = x.item_id
        GROUP BY 1, x.candidate_id, x.task_id ORDER BY 1, 2, 3
        """
    )
    for kind, candidate, task, count, example in rows.fetchall():
        yield Clash(kind, candidate, task, count, example)


FIXED: Mapping[str, str] = {
    "task": "SELECT s.id FROM src.tasks s JOIN main.tasks m ON m.id = s.id WHERE m.card <> s.card LIMIT 1",
    "item": "SELECT s.item_id FROM src.items s JOIN main.items m ON m.task_id = s.task_id AND m.item_id = s.item_id "
    "WHERE m.body <> s.body OR m.doc_id <> s.doc_id OR m.cluster <> s.cluster LIMIT 1",
    "order of a trial's items": "SELECT s.trial_id FROM src.trial_items s JOIN main.trial_items m "
    "ON m.trial_id = s.trial_id AND m.task_id = s.task_id AND m.position = s.position "
    "WHERE m.item_id <> s.item_id LIMIT 1",
    "image": "SELECT s.hash FROM src.blobs s JOIN main.blobs m ON m.hash = s.hash WHERE m.bytes <> s.bytes LIMIT 1",
}
"""What has an id that is the hash of its content, so that it cannot differ unless somebody has changed it."""


def check_fixed(db: sqlite3.Connection, name: str) -> None:
    """Raise LedgerError if something is another thing in ``src`` than under the same hash in ``main``."""
    for what, statement in FIXED.items():
        for (key,) in db.execute(statement):
            raise LedgerError(
                f"{name} has another {what} under the same id than the ledgers before it.",
                where=str(key)[:40],
                fix="One of them was changed by hand or written by another version; it cannot be merged.",
            )


def find_changed_requests(db: sqlite3.Connection, name: str) -> dict[str, bytes]:
    """Return the texts of the requests of ``src`` from which words were withdrawn in one of the two ledgers.

    Raises LedgerError for a request that is another one under the same id.
    """
    changed = {}
    rows = db.execute(
        "SELECT s.id, m.body, mb.body, s.body, sb.body FROM src.requests s JOIN main.requests m ON m.id = s.id "
        "LEFT JOIN main.requests mb ON mb.id = m.base LEFT JOIN src.requests sb ON sb.id = s.base "
        "WHERE m.body <> s.body OR m.base IS NOT s.base"
    )
    for key, mine, my_base, theirs, their_base in rows:
        one, other = read_request(mine, my_base), read_request(theirs, their_base)
        if one == other:
            continue
        texts = [read_mapping(text.decode("utf-8", "surrogatepass"), "a request", key) for text in (one, other)]
        try:
            changed[key] = dumps(unite_withdrawn(*texts)).encode()
        except UnlikeError:
            raise LedgerError(
                f"{name} has another request under the same id than the ledgers before it.",
                where=str(key)[:40],
                fix="One of them was changed by hand; it cannot be merged.",
            ) from None
    return changed


def read_request(body: bytes, base: bytes | None) -> bytes:
    """Return a request as it was before it was packed; raises LedgerError if it is damaged."""
    return guard_reading(lambda: unpack(body, unpack(base) if base is not None else b""), "a request")
