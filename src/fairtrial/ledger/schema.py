"""The ledger's tables, as numbered migrations.

A migration is never changed once released; a new one is appended.  The number of the last one applied is kept in the
file (``PRAGMA user_version``), and ``PRAGMA application_id`` marks the file as a ledger.
"""

from __future__ import annotations

import sqlite3

from fairtrial.errors import LedgerError

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

MIGRATIONS: tuple[str, ...] = (TABLES,)
"""SQL scripts; the n-th one takes a file from version n to version n + 1."""


def migrate(connection: sqlite3.Connection, name: str) -> None:
    """Bring a ledger to the newest version, one transaction a migration.

    Args:
        connection: in autocommit mode.
        name: the file's name, for errors.

    Raises:
        LedgerError: the file was written by a newer version of this program.
    """
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{name} was written by a newer fairtrial (ledger version {version}; this one knows {len(MIGRATIONS)}).",
            fix="Upgrade fairtrial, or use another ledger file.",
        )
    for number in range(version, len(MIGRATIONS)):
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{MIGRATIONS[number]}\n"
            f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {number + 1};\nCOMMIT;"
        )
