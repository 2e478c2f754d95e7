"""Clearing up a ledger: taking out trials, and what no trial that is left refers to.  Never runs unless asked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from fairtrial.errors import LedgerError
from fairtrial.ledger import query
from fairtrial.ledger.displaying import end_display
from fairtrial.ledger.opening import explain_sqlite_error
from fairtrial.ledger.store import Ledger
from fairtrial.ledger.withdrawing import clean_file


@dataclass(frozen=True, slots=True)
class Collected:
    """What was, or would be, taken out: rows by table, and bytes of the file (a little too low for a dry run).

    Attributes:
        passages: of which the words went, for the time is over in which they may be displayed.
    """

    trials: int
    answers: int
    observations: int
    items: int
    bytes_freed: int
    passages: int = 0


KEPT = (
    """
    CREATE TEMP TABLE planned AS
    WITH RECURSIVE found (trial_id, candidate_id, parts, inner) AS (
        SELECT trials.id, json_extract(c.value, '$.id'), json_extract(c.value, '$.parts'), 0
        FROM trials, json_each(trials.plan, '$.candidates') c
        UNION
        SELECT trials.id, json_extract(j.value, '$.id'), json_extract(j.value, '$.parts'), 0
        FROM trials, json_each(trials.plan, '$.judges') j
        UNION
        SELECT trial_id, json_extract(p.value, '$.id'), json_extract(p.value, '$.parts'), 1
        FROM found, json_each(found.parts) p
    )
    SELECT DISTINCT trial_id, candidate_id, inner FROM found
    """,
    # what levers learned from; plans that do not say may have learned from all that their parts were asked
    """
    CREATE TEMP TABLE learned AS
    SELECT c.value AS candidate_id, t.key AS task_id, i.value AS item_id
    FROM trials, json_each(trials.plan, '$.learned.candidates') c, json_each(trials.plan, '$.learned.items') t,
        json_each(t.value) i
    UNION
    SELECT a.candidate_id, a.task_id, a.item_id
    FROM trials JOIN temp.planned p ON p.trial_id = trials.id AND p.inner JOIN json_each(trials.plan, '$.tasks') t
    JOIN asked a ON a.candidate_id = p.candidate_id AND a.task_id = json_extract(t.value, '$.id')
    WHERE json_type(trials.plan, '$.learned') IS NULL
    """,
    """
    CREATE TEMP TABLE kept_candidates AS
    SELECT candidate_id FROM temp.planned
    UNION
    SELECT candidate_id FROM temp.learned
    UNION
    SELECT c.value FROM trials, json_each(trials.plan, '$.earlier') e, json_each(e.value, '$.candidates') c
    UNION
    SELECT left_id FROM votes
    UNION
    SELECT right_id FROM votes
    """,
    """
    CREATE TEMP TABLE kept AS
    SELECT json_extract(c.value, '$.id') AS candidate_id, t.task_id, t.item_id
    FROM trials JOIN json_each(trials.plan, '$.candidates') c JOIN trial_items t ON t.trial_id = trials.id
    UNION
    SELECT c.value, t.task_id, t.item_id
    FROM trials JOIN json_each(trials.plan, '$.earlier') e JOIN json_each(e.value, '$.candidates') c
    JOIN trial_items t ON t.trial_id = trials.id AND t.task_id = json_extract(e.value, '$.task')
    UNION
    SELECT json_extract(j.value, '$.judge'), json_extract(j.value, '$.id'), t.item_id
    FROM trials JOIN json_each(trials.plan, '$.judgings') j
    JOIN trial_items t ON t.trial_id = trials.id AND t.task_id = json_extract(j.value, '$.task')
    UNION
    SELECT json_extract(e.value, '$.judge'), t.task_id, t.item_id
    FROM trials JOIN json_each(trials.plan, '$.examinations') e
    JOIN trial_items t ON t.trial_id = trials.id AND t.task_id = json_extract(e.value, '$.id')
    UNION
    SELECT candidate_id, task_id, item_id FROM temp.learned
    """,
    "CREATE INDEX temp.kept_key ON kept (candidate_id, task_id, item_id)",
)
UNUSED = """
CASE item_id
WHEN '' THEN candidate_id NOT IN (SELECT candidate_id FROM temp.kept_candidates)
ELSE NOT EXISTS (
    SELECT 1 FROM temp.kept k
    WHERE k.candidate_id = {0}.candidate_id AND k.task_id = {0}.task_id AND k.item_id = {0}.item_id
) END
"""
OF_NO_RUN = "task_id = '' AND item_id = '' AND repeat <> 0 AND repeat NOT IN (SELECT id FROM sessions)"
"""What is known of a candidate as a whole from a run that is gone: a later run must not find it under its number."""
NEVER_ASKED = "(candidate_id, request_id) NOT IN (SELECT candidate_id, request_id FROM asked)"
NEVER_ANSWERED = """
id NOT IN (SELECT request_id FROM answers) AND id NOT IN (
    SELECT base FROM requests WHERE base IS NOT NULL AND id IN (SELECT request_id FROM answers)
)
"""
UNUSED_PASSAGES = """
DELETE FROM passages WHERE (sha256, document) NOT IN (
    SELECT json_extract(p.value, '$.sha256'), json_extract(p.value, '$.document')
    FROM answers a, json_each(a.answer, '$.trace') t, json_each(t.value, '$.passages') p
)
"""


def collect(
    ledger: Ledger,
    drop_trials: Sequence[str] = (),
    dry_run: bool = False,
    *,
    keep_trials: Sequence[str] | None = None,
    older_than: timedelta | None = None,
) -> Collected:
    """Take out trials and all rows that no trial that is left refers to; then make the file smaller.

    Words of passages go, too, once the time is over in which they may be displayed.  The caller holds the writer lock.

    Args:
        ledger: what to clear up.
        drop_trials: trials to take out, each by id, its beginning, or name.
        dry_run: change nothing; the counts are what would go.
        keep_trials: take out all trials but these.
        older_than: also take out trials whose last run (or entry, if never run) began longer ago than this.

    Raises:
        UnknownNameError, LedgerError: a trial is not to be found, or the file cannot be written; nothing is gone then,
            but for a full disk while the file is made smaller, which the error says.
    """
    doomed = {query.find_trial(ledger, name).id for name in drop_trials}
    if keep_trials is not None:
        kept = {query.find_trial(ledger, name).id for name in keep_trials}
        doomed |= {row[0] for row in ledger.read("SELECT id FROM trials")} - kept
    if older_than is not None:
        doomed |= _find_begun_before(ledger, older_than)
    ledger.orders.clear()
    ledger.leads.clear()
    with _begin_without_order(ledger) as db:
        before, unused = _count_pages(db), _count_free_pages(db)
        trials, answers, observations, items, gone = _take_out(db, sorted(doomed))
        passages = end_display(db, datetime.now(UTC))
        freed = _count_free_pages(db) - unused
        if not dry_run:
            db.execute("COMMIT")
    if not dry_run:
        if passages:
            clean_file(ledger)
        elif gone or _count_free_pages(db):
            _shrink(ledger)
        freed = before - _count_pages(db)
    page_bytes = int(db.execute("PRAGMA page_size").fetchone()[0])
    return Collected(trials, answers, observations, items, max(0, freed) * page_bytes, passages)


def _find_begun_before(ledger: Ledger, age: timedelta) -> set[str]:
    """Return the trials whose last run began longer ago than ``age``."""
    rows = ledger.read(
        """
        SELECT t.id FROM trials t LEFT JOIN sessions s ON s.trial_id = t.id
        GROUP BY t.id HAVING julianday(max(coalesce(s.started, t.created))) < julianday('now') - ?
        """,
        (age / timedelta(days=1),),
    )
    return {row[0] for row in rows}


@contextmanager
def _begin_without_order(ledger: Ledger) -> Iterator[sqlite3.Connection]:
    """Begin a transaction in which rows may go in any order; undone unless it is committed inside."""
    db = ledger.connection
    try:
        db.execute("PRAGMA foreign_keys = OFF")
        db.execute("PRAGMA secure_delete = ON")
        db.execute("BEGIN IMMEDIATE")
        yield db
    except sqlite3.Error as error:
        raise explain_sqlite_error(error, ledger.path, "written") from error
    finally:
        if db.in_transaction:
            db.execute("ROLLBACK")
        for table in ("kept", "kept_candidates", "learned", "planned"):
            db.execute(f"DROP TABLE IF EXISTS temp.{table}")
        db.execute("PRAGMA foreign_keys = ON")


def _take_out(db: sqlite3.Connection, doomed: Sequence[str]) -> tuple[int, int, int, int, int]:
    """Delete trials and what is then not referred to.

    Returns how many trials, answers, observations and items went, and how many rows in all.
    """
    begun = db.total_changes
    ids = json.dumps(list(doomed))
    for table in ("looks", "sessions", "trial_items", "merges"):
        db.execute(f"DELETE FROM {table} WHERE trial_id IN (SELECT value FROM json_each(?))", (ids,))
    trials = db.execute("DELETE FROM trials WHERE id IN (SELECT value FROM json_each(?))", (ids,)).rowcount
    before = db.total_changes
    for statement in KEPT:
        db.execute(statement)
    begun += db.total_changes - before
    for table in ("asked", "absences", "marks"):
        db.execute(f"DELETE FROM {table} WHERE {UNUSED.format(table)}")
    db.execute(f"DELETE FROM absences WHERE {OF_NO_RUN}")
    observations = db.execute(f"DELETE FROM observations WHERE {UNUSED.format('observations')}").rowcount
    observations += db.execute(f"DELETE FROM observations WHERE {OF_NO_RUN}").rowcount
    answers = db.execute(f"DELETE FROM answers WHERE {NEVER_ASKED}").rowcount
    db.execute(f"DELETE FROM requests WHERE {NEVER_ANSWERED}")
    if db.execute("SELECT EXISTS (SELECT 1 FROM passages)").fetchone()[0]:  # else every answer is read for nothing
        db.execute(UNUSED_PASSAGES)
    items = db.execute(
        """
        DELETE FROM items WHERE (task_id, item_id) NOT IN (
            SELECT task_id, item_id FROM trial_items UNION SELECT task_id, item_id FROM temp.learned
        )
        """
    ).rowcount
    db.execute("DELETE FROM task_blobs WHERE task_id NOT IN (SELECT task_id FROM trial_items)")
    db.execute("DELETE FROM blobs WHERE hash NOT IN (SELECT hash FROM task_blobs)")
    db.execute(
        """
        DELETE FROM tasks WHERE id NOT IN (
            SELECT task_id FROM trial_items
            UNION SELECT json_extract(j.value, '$.id') FROM trials, json_each(trials.plan, '$.judgings') j
        )
        """
    )
    db.execute("DELETE FROM candidates WHERE id NOT IN (SELECT candidate_id FROM temp.kept_candidates)")
    broken = db.execute("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise LedgerError(f"{len(broken)} rows would refer to rows that are gone; nothing was taken out.")
    return trials, answers, observations, items, db.total_changes - begun


def _shrink(ledger: Ledger) -> None:
    """Give the space of deleted rows back to the file system; needs as much free space as the file has bytes."""
    try:
        ledger.connection.execute("VACUUM")
        ledger.connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    except sqlite3.Error as error:
        failed = explain_sqlite_error(error, ledger.path, "made smaller")
        raise LedgerError(f"the rows are gone, but {failed.message}", fix=failed.fix) from error


def _count_pages(db: sqlite3.Connection) -> int:
    """Return the number of pages of the file, those that wait to be written into it included."""
    return int(db.execute("PRAGMA page_count").fetchone()[0])


def _count_free_pages(db: sqlite3.Connection) -> int:
    """Return the number of pages that hold nothing."""
    return int(db.execute("PRAGMA freelist_count").fetchone()[0])
