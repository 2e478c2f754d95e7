"""The ledger's tables, as numbered migrations.

A migration is never changed once released; a new one is appended.  The number of the last one applied is kept in the
file (``PRAGMA user_version``), and ``PRAGMA application_id`` marks the file as a ledger.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from fairtrial.errors import LedgerError

CHECK = "`fairtrial ledger check` says what is damaged and what can be saved."
"""What to do about a ledger whose content is not what it should be."""

APPLICATION_ID = 0x46545231  # "FTR1"

TABLES = """
CREATE TABLE candidates (id TEXT PRIMARY KEY, name TEXT NOT NULL, spec TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE tasks (id TEXT PRIMARY KEY, name TEXT NOT NULL, card TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE items (
    task_id TEXT NOT NULL REFERENCES tasks(id),
    item_id TEXT NOT NULL,
    doc_id INTEGER NOT NULL,
    cluster TEXT NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (task_id, item_id)
) WITHOUT ROWID;
CREATE TABLE answers (
    candidate_id TEXT NOT NULL REFERENCES candidates(id),
    request_id TEXT NOT NULL,
    request BLOB NOT NULL,
    answer TEXT NOT NULL,
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (candidate_id, request_id)
);
CREATE TABLE asked (
    candidate_id TEXT NOT NULL REFERENCES candidates(id),
    task_id TEXT NOT NULL REFERENCES tasks(id),
    item_id TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    position INTEGER NOT NULL,
    request_id TEXT NOT NULL,
    PRIMARY KEY (candidate_id, task_id, item_id, repeat, position)
) WITHOUT ROWID;
CREATE TABLE observations (
    candidate_id TEXT NOT NULL REFERENCES candidates(id),
    task_id TEXT NOT NULL,
    measure TEXT NOT NULL,
    item_id TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    value REAL NOT NULL,
    weight REAL NOT NULL,
    unit TEXT NOT NULL,
    PRIMARY KEY (candidate_id, task_id, measure, item_id, repeat)
) WITHOUT ROWID;
CREATE TABLE absences (
    candidate_id TEXT NOT NULL REFERENCES candidates(id),
    task_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    measure TEXT NOT NULL,
    reason TEXT NOT NULL,
    PRIMARY KEY (candidate_id, task_id, item_id, repeat, measure)
) WITHOUT ROWID;
CREATE TABLE trials (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    text TEXT NOT NULL,
    plan TEXT NOT NULL,
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now'))
);
CREATE TABLE trial_items (
    trial_id TEXT NOT NULL REFERENCES trials(id),
    task_id TEXT NOT NULL REFERENCES tasks(id),
    position INTEGER NOT NULL,
    item_id TEXT NOT NULL,
    PRIMARY KEY (trial_id, task_id, position)
) WITHOUT ROWID;
CREATE TABLE sessions (
    id INTEGER PRIMARY KEY,
    trial_id TEXT NOT NULL REFERENCES trials(id),
    facts TEXT NOT NULL,
    started TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    ended TEXT,
    outcome TEXT
);
CREATE TABLE looks (
    trial_id TEXT NOT NULL REFERENCES trials(id),
    task_id TEXT NOT NULL,
    measure TEXT NOT NULL,
    a TEXT NOT NULL,
    b TEXT NOT NULL,
    items INTEGER NOT NULL,
    look TEXT NOT NULL,
    PRIMARY KEY (trial_id, task_id, measure, a, b, items)
) WITHOUT ROWID;
"""

REQUESTS_ONCE = """
CREATE TABLE requests (id TEXT PRIMARY KEY, base TEXT REFERENCES requests(id), body BLOB NOT NULL);
INSERT OR IGNORE INTO requests (id, base, body) SELECT request_id, NULL, request FROM answers;
CREATE TABLE answers_only (
    candidate_id TEXT NOT NULL REFERENCES candidates(id),
    request_id TEXT NOT NULL REFERENCES requests(id),
    answer TEXT NOT NULL,
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    PRIMARY KEY (candidate_id, request_id)
) WITHOUT ROWID;
INSERT INTO answers_only SELECT candidate_id, request_id, answer, created FROM answers;
DROP TABLE answers;
ALTER TABLE answers_only RENAME TO answers;
"""
"""A request is kept once, whoever was asked; ``base`` names the one whose text its compression starts from."""

RUNS_END_FOR_A_REASON = """
ALTER TABLE sessions ADD COLUMN reason TEXT;
UPDATE sessions SET reason = CASE
    WHEN outcome IN ('finished', 'interrupted', 'failed') THEN outcome
    WHEN outcome LIKE 'stopped by the budget of %' THEN 'budget'
    WHEN outcome LIKE 'asked % rounds of each task' THEN 'rounds'
END;
"""
"""Why a run ended is a word of a fixed list; ``outcome`` says it to people."""

IMAGES_ONCE = """
CREATE TABLE blobs (hash TEXT PRIMARY KEY, media_type TEXT NOT NULL, bytes BLOB NOT NULL);
CREATE TABLE task_blobs (
    task_id TEXT NOT NULL REFERENCES tasks(id),
    hash TEXT NOT NULL REFERENCES blobs(hash),
    PRIMARY KEY (task_id, hash)
) WITHOUT ROWID;
"""
"""An image is kept once, whichever tasks show it."""

IMAGES_AS_SHOWN = """
ALTER TABLE blobs ADD COLUMN width INTEGER;
ALTER TABLE blobs ADD COLUMN height INTEGER;
ALTER TABLE blobs ADD COLUMN pixels TEXT;
ALTER TABLE blobs ADD COLUMN notes TEXT;
"""
"""What an image is as it is shown: its size, the hash of its pixels, and the decisions that were taken (JSON)."""

PASSAGES_APART = """
CREATE TABLE passages (
    sha256 TEXT NOT NULL,
    document TEXT NOT NULL,
    source TEXT NOT NULL,
    display_until TEXT,
    title TEXT,
    text TEXT,
    PRIMARY KEY (sha256, document)
) WITHOUT ROWID;
"""
"""Words of passages that answers were made from: apart from all else, so that they can be taken out.

``text`` is null where it may not be displayed or was withdrawn, and so is ``title``, of the document;
``display_until`` where no end is known.  Without a text it says when answers were looked through for it (`displaying`).
"""

MARKS_OF_PEOPLE = """
CREATE TABLE marks (
    id INTEGER PRIMARY KEY,
    candidate_id TEXT NOT NULL REFERENCES candidates(id),
    task_id TEXT NOT NULL,
    item_id TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    measure TEXT NOT NULL,
    value REAL NOT NULL,
    agrees INTEGER NOT NULL,
    drawn INTEGER NOT NULL,
    who TEXT NOT NULL,
    note TEXT NOT NULL,
    created TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ', 'now')),
    taken_back TEXT
);
CREATE INDEX marks_of_items ON marks (task_id, candidate_id, item_id);
"""
"""What people say of grades: never in the place of a grade.  ``taken_back``: when, if it was; the row stays."""

VOTES = """
CREATE TABLE votes (
    id INTEGER PRIMARY KEY,
    left_id TEXT NOT NULL REFERENCES candidates(id),
    right_id TEXT NOT NULL REFERENCES candidates(id),
    choice TEXT NOT NULL,
    identical INTEGER NOT NULL,
    prompt TEXT NOT NULL,
    session TEXT NOT NULL,
    at TEXT NOT NULL
);
"""
"""Votes of people between answers of two candidates; ``prompt`` is a hash."""

MERGES = """
CREATE TABLE merges (
    trial_id TEXT NOT NULL REFERENCES trials(id),
    kept TEXT NOT NULL,
    clashes INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    PRIMARY KEY (trial_id, kept, clashes, dropped)
) WITHOUT ROWID;
"""
"""What was decided where ledgers that were merged said different things of a trial: which of them held, how often."""

MIGRATIONS: tuple[str, ...] = (
    TABLES,
    REQUESTS_ONCE,
    RUNS_END_FOR_A_REASON,
    IMAGES_ONCE,
    IMAGES_AS_SHOWN,
    PASSAGES_APART,
    MARKS_OF_PEOPLE,
    VOTES,
    MERGES,
)
"""SQL scripts without ``;`` inside a statement; the n-th one takes a file from version n to version n + 1."""


def make_foreign_error(name: str) -> LedgerError:
    """Return the error for a database of another program."""
    return LedgerError(
        f"{name} is an SQLite file, but not a ledger of fairtrial.", fix="Name another file with --ledger."
    )


def make_empty_error(name: str) -> LedgerError:
    """Return the error for a file without anything in it."""
    return LedgerError(f"{name} is an empty file, no ledger yet.", fix="`fairtrial run` fills one.")


def read_version(connection: sqlite3.Connection, name: str) -> int:
    """Return a file's ledger version; 0 for a file without tables.

    Raises:
        LedgerError: the file belongs to another program, or was written by a newer version of this one.
    """
    connection.execute("BEGIN")
    try:
        application = int(connection.execute("PRAGMA application_id").fetchone()[0])
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    if application != APPLICATION_ID and (application or version or tables):
        raise make_foreign_error(name)
    if version < 0:
        raise LedgerError(f"{name} is damaged: it says that its ledger version is {version}.", fix=CHECK)
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{name} was written by a newer fairtrial (ledger version {version}; this one knows {len(MIGRATIONS)}).",
            fix="Upgrade fairtrial, or use another ledger file.",
        )
    return version


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest version, one transaction a migration; safe when other processes do the same."""
    while True:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
            if version >= len(MIGRATIONS):
                return
            for statement in split_script(MIGRATIONS[version]):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {version + 1}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def split_script(script: str) -> Iterator[str]:
    """Yield the statements of a script."""
    return (statement for part in script.split(";") if (statement := part.strip()))
