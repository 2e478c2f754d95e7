"""Taking the rows of one ledger (``src``) into the one that is being made (``main``), table by table.

What stays behind is in ``temp.lost``, see `fairtrial.ledger.merging.clashes`.  Runs and what belongs to them are not
taken here, nor are the words of passages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

from fairtrial.ledger.encoding import pack
from fairtrial.ledger.merging.clashes import read_request

NOT_LOST = (
    "NOT EXISTS (SELECT 1 FROM temp.lost l WHERE l.candidate_id = s.candidate_id AND l.task_id = s.task_id "
    "AND l.item_id = s.item_id AND l.repeat = s.repeat)"
)
MARK_COLUMNS = (
    "candidate_id", "task_id", "item_id", "repeat", "measure", "value", "agrees", "drawn", "who", "note", "created",
)  # fmt: skip
SAME_MARK = " AND ".join(f"m.{name} = s.{name}" for name in MARK_COLUMNS)
_MARK = ", ".join(MARK_COLUMNS)
_ONE_PERSON = "candidate_id, task_id, item_id, repeat, measure, who"
_VOTE = "left_id, right_id, choice, identical, prompt, session, at"
EVERY_VOTE = f"CREATE TEMP TABLE every_vote ({_VOTE}, nth, PRIMARY KEY ({_VOTE}, nth))"
"""Votes of all ledgers; the same vote twice in one ledger is two, in two ledgers it is one."""

FIRST = (
    "INSERT INTO main.candidates SELECT * FROM src.candidates WHERE true ON CONFLICT DO UPDATE SET "
    "name = excluded.name, spec = excluded.spec WHERE (excluded.name, excluded.spec) < "
    "(candidates.name, candidates.spec)",
    "INSERT INTO main.tasks SELECT * FROM src.tasks WHERE true ON CONFLICT DO UPDATE SET name = excluded.name "
    "WHERE excluded.name < tasks.name",
    "INSERT OR IGNORE INTO main.items SELECT * FROM src.items",
    "INSERT INTO main.blobs SELECT * FROM src.blobs WHERE true ON CONFLICT DO UPDATE SET width = excluded.width, "
    "height = excluded.height, pixels = excluded.pixels, notes = excluded.notes WHERE excluded.pixels IS NOT NULL "
    "AND (blobs.pixels IS NULL OR (excluded.pixels, excluded.notes) < (blobs.pixels, blobs.notes))",
    "INSERT OR IGNORE INTO main.task_blobs SELECT * FROM src.task_blobs",
    "INSERT OR IGNORE INTO main.trial_items SELECT * FROM src.trial_items",
)
"""What has the hash of its content as its key; of names that users gave, the first in the alphabet."""

SECOND = (
    "INSERT OR IGNORE INTO main.answers SELECT * FROM src.answers",
    "UPDATE main.answers SET created = s.created FROM src.answers s WHERE s.candidate_id = answers.candidate_id "
    "AND s.request_id = answers.request_id AND s.created < answers.created AND NOT EXISTS (SELECT 1 FROM "
    "temp.lost_answers l WHERE l.candidate_id = s.candidate_id AND l.request_id = s.request_id)",
    f"INSERT OR IGNORE INTO main.asked SELECT * FROM src.asked s WHERE {NOT_LOST}",
    f"INSERT OR IGNORE INTO main.observations SELECT * FROM src.observations s WHERE s.task_id <> '' AND {NOT_LOST}",
    "INSERT INTO main.absences SELECT * FROM src.absences s WHERE NOT (s.task_id = '' AND s.item_id = '') "
    f"AND {NOT_LOST} ON CONFLICT DO UPDATE SET reason = min(reason, excluded.reason)",
    "INSERT OR IGNORE INTO main.looks SELECT * FROM src.looks",
    "INSERT OR IGNORE INTO main.merges SELECT * FROM src.merges",
    f"INSERT OR IGNORE INTO temp.every_vote SELECT {_VOTE}, row_number() OVER (PARTITION BY {_VOTE}) FROM src.votes",
    f"CREATE TEMP TABLE new_marks AS SELECT DISTINCT {_MARK}, taken_back FROM src.marks s WHERE {NOT_LOST} "
    f"AND NOT EXISTS (SELECT 1 FROM main.marks m WHERE {SAME_MARK})",
    f"INSERT INTO main.marks ({_MARK}, taken_back) SELECT * FROM temp.new_marks",
    "DROP TABLE temp.new_marks",
    "UPDATE main.marks AS m SET taken_back = s.taken_back FROM src.marks s "
    f"WHERE {SAME_MARK} AND s.taken_back IS NOT NULL AND (m.taken_back IS NULL OR s.taken_back < m.taken_back)",
)
"""What a ledger has beyond that: the first moment of an answer counts, and a mark that was taken back anywhere is."""

RENUMBER = (
    f"CREATE TEMP TABLE every_mark AS SELECT {_MARK}, taken_back FROM main.marks",
    # what a person says of a grade takes back what they said of it before, on whichever machine
    f"UPDATE temp.every_mark AS m SET taken_back = n.moment FROM (SELECT rowid AS place, "
    f"lead(created) OVER (PARTITION BY {_ONE_PERSON} ORDER BY created, {_MARK}) AS moment FROM temp.every_mark) n "
    "WHERE n.place = m.rowid AND n.moment IS NOT NULL AND (m.taken_back IS NULL OR n.moment < m.taken_back)",
    "DELETE FROM main.marks",
    f"INSERT INTO main.marks ({_MARK}, taken_back) SELECT * FROM temp.every_mark ORDER BY created, {_MARK}",
    "DROP TABLE temp.every_mark",
    f"INSERT INTO main.votes ({_VOTE}) SELECT {_VOTE} FROM temp.every_vote ORDER BY at, session, {_VOTE}",
)
"""Rows that have no key but a number: in the order of time, whichever ledger they come from."""

PASSAGES = """
INSERT INTO main.passages SELECT * FROM src.passages WHERE true ON CONFLICT DO UPDATE SET
source = min(passages.source, excluded.source),
text = CASE WHEN excluded.text IS NULL THEN NULL ELSE passages.text END,
title = CASE WHEN passages.text IS NULL OR excluded.text IS NULL OR excluded.title IS NULL THEN NULL
    ELSE min(passages.title, excluded.title) END,
display_until = CASE
    WHEN passages.text IS NULL AND excluded.text IS NULL THEN
        CASE WHEN passages.display_until IS NULL OR excluded.display_until IS NULL THEN NULL
        ELSE max(passages.display_until, excluded.display_until) END
    WHEN passages.text IS NULL OR excluded.text IS NULL THEN NULL
    WHEN passages.display_until IS NULL THEN excluded.display_until
    WHEN excluded.display_until IS NULL THEN passages.display_until
    WHEN julianday(excluded.display_until) < julianday(passages.display_until) THEN excluded.display_until
    ELSE passages.display_until END
"""
"""The stricter of two decisions: without words if either is, displayed until the earlier end.

Without words, ``display_until`` says that the answers were looked through; of two ledgers if it holds in both.
"""

TAKEN = frozenset({
    "absences", "answers", "asked", "blobs", "candidates", "items", "looks", "marks", "merges", "observations",
    "passages", "requests", "sessions", "task_blobs", "tasks", "trial_items", "trials", "votes",
})  # fmt: skip
"""The tables that a merge knows: all that there are."""


def take_requests(db: sqlite3.Connection, changed: Mapping[str, bytes]) -> None:
    """Take the requests; ``changed``: texts of those from which words were withdrawn here or there.

    What starts from one of these stands alone from now on.
    """
    if changed:
        db.execute("CREATE TEMP TABLE changed (id TEXT PRIMARY KEY)")
        db.executemany("INSERT INTO changed VALUES (?)", [(name,) for name in changed])
        for schema in ("main", "src"):
            rows = db.execute(
                f"SELECT r.id, r.body, b.body FROM {schema}.requests r JOIN {schema}.requests b ON b.id = r.base "
                "WHERE r.base IN (SELECT id FROM temp.changed) AND r.id NOT IN (SELECT id FROM temp.changed)"
            ).fetchall()
            alone = [(name, pack(read_request(body, base))) for name, body, base in rows]
            if schema == "main":
                db.executemany("UPDATE main.requests SET base = NULL, body = ?2 WHERE id = ?1", alone)
            else:
                db.executemany("INSERT OR IGNORE INTO main.requests (id, base, body) VALUES (?, NULL, ?)", alone)
        rows = [(pack(text), name) for name, text in changed.items()]
        db.executemany("UPDATE main.requests SET base = NULL, body = ? WHERE id = ?", rows)
        db.execute("DROP TABLE temp.changed")
    db.execute("INSERT OR IGNORE INTO main.requests (id, base, body) SELECT id, base, body FROM src.requests")


def take_rows(db: sqlite3.Connection, statements: tuple[str, ...]) -> None:
    """Run the statements that take rows."""
    for statement in statements:
        db.execute(statement)
