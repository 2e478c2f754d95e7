"""Clearing up a ledger: taking out trials, and what no trial that is left refers to.  Never runs unless asked."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.ledger import query
from fairtrial.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class Collected:
    """What was, or would be, taken out: rows by table, and bytes of the file."""

    trials: int
    answers: int
    observations: int
    items: int
    bytes_freed: int


UNUSED_ITEMS = "(task_id, item_id) NOT IN (SELECT task_id, item_id FROM trial_items)"
USED_PAIRS = (
    """
    CREATE TEMP TABLE kept_pairs AS
    SELECT DISTINCT json_extract(c.value, '$.id') AS candidate_id, t.task_id, t.item_id
    FROM trials JOIN json_each(trials.plan, '$.candidates') c JOIN trial_items t ON t.trial_id = trials.id
    """,
    "CREATE INDEX temp.kept_pairs_key ON kept_pairs (candidate_id, task_id, item_id)",
)
UNUSED_ROWS = "(candidate_id, task_id, item_id) NOT IN (SELECT candidate_id, task_id, item_id FROM temp.kept_pairs)"
UNUSED_ANSWERS = """
NOT EXISTS (SELECT 1 FROM asked s WHERE s.candidate_id = answers.candidate_id AND s.request_id = answers.request_id)
"""


def collect(ledger: Ledger, drop_trials: Sequence[str] = (), dry_run: bool = False) -> Collected:
    """Take out trials (id, its beginning, or name) and all rows that no trial that is left refers to.

    The caller holds the writer lock.  With ``dry_run`` nothing is changed and the counts are what would go.

    Raises:
        UnknownNameError, LedgerError: see `fairtrial.ledger.query.trial`.
    """
    doomed = [query.trial(ledger, name).id for name in drop_trials]
    size = ledger.path.stat().st_size
    db = ledger.connection
    db.execute("PRAGMA foreign_keys = OFF")
    db.execute("DROP TABLE IF EXISTS temp.kept_pairs")
    db.execute("BEGIN IMMEDIATE")
    try:
        ids = json.dumps(doomed)
        for table in ("looks", "sessions", "trial_items"):
            db.execute(f"DELETE FROM {table} WHERE trial_id IN (SELECT value FROM json_each(?))", (ids,))
        trials = db.execute("DELETE FROM trials WHERE id IN (SELECT value FROM json_each(?))", (ids,)).rowcount
        for statement in USED_PAIRS:
            db.execute(statement)
        db.execute(f"DELETE FROM asked WHERE {UNUSED_ROWS}")
        db.execute(f"DELETE FROM absences WHERE item_id != '' AND {UNUSED_ROWS}")
        observations = db.execute(f"DELETE FROM observations WHERE item_id != '' AND {UNUSED_ROWS}").rowcount
        answers = db.execute(f"DELETE FROM answers WHERE {UNUSED_ANSWERS}").rowcount
        items = db.execute(f"DELETE FROM items WHERE {UNUSED_ITEMS}").rowcount
        db.execute("ROLLBACK" if dry_run else "COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    finally:
        db.execute("PRAGMA foreign_keys = ON")
    if not dry_run:
        db.execute("VACUUM")
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Collected(trials, answers, observations, items, max(0, size - ledger.path.stat().st_size))
