"""The tables of an archive in SQLite, as numbered migrations; PostgreSQL has the same ones in its own types.

A migration is never changed once released; a new one is appended.  ``PRAGMA user_version`` has the number of the last
one applied, ``PRAGMA application_id`` marks the file as an archive.
"""

from __future__ import annotations

import sqlite3

from fairtrial.errors import ArchiveError

APPLICATION_ID = 0x46544131  # "FTA1"

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE evidence (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body BLOB NOT NULL);
CREATE TABLE rights (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, body TEXT NOT NULL);
CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    uri TEXT NOT NULL,
    keep TEXT NOT NULL CHECK (keep IN ('words', 'text', 'hash', 'withdrawn')),
    version INTEGER,
    published INTEGER,
    section TEXT NOT NULL,
    language TEXT NOT NULL,
    label TEXT NOT NULL,
    rights INTEGER NOT NULL REFERENCES rights(number),
    replaced INTEGER NOT NULL,
    first INTEGER NOT NULL,
    passages INTEGER NOT NULL,
    lengths BLOB NOT NULL,
    marks BLOB NOT NULL,
    cuts BLOB,
    body BLOB,
    core TEXT NOT NULL,
    share TEXT NOT NULL
);
CREATE INDEX documents_by_first ON documents (first);
CREATE INDEX documents_by_uri ON documents (uri);
CREATE TABLE origins (
    document INTEGER NOT NULL REFERENCES documents(number),
    source TEXT NOT NULL,
    path TEXT NOT NULL,
    reading TEXT NOT NULL,
    sightings TEXT NOT NULL,
    PRIMARY KEY (document, source, path)
) WITHOUT ROWID;
CREATE INDEX origins_by_path ON origins (path);
CREATE TABLE files (
    path TEXT PRIMARY KEY,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    basis TEXT NOT NULL,
    problem TEXT NOT NULL,
    documents INTEGER NOT NULL,
    beside TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE segments (number INTEGER PRIMARY KEY, level INTEGER NOT NULL);
CREATE TABLE postings (
    segment INTEGER NOT NULL,
    word TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (segment, word)
) WITHOUT ROWID;
CREATE TABLE spaces (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, width INTEGER NOT NULL);
CREATE TABLE vectors (
    space INTEGER NOT NULL REFERENCES spaces(number),
    passage INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (space, passage)
);
CREATE TABLE images (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL);
CREATE TABLE document_images (
    document INTEGER NOT NULL REFERENCES documents(number),
    hash TEXT NOT NULL REFERENCES images(hash),
    PRIMARY KEY (document, hash)
) WITHOUT ROWID;
CREATE INDEX document_images_by_hash ON document_images (hash);
CREATE TABLE withdrawals (
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;
CREATE TABLE ledgers (place TEXT PRIMARY KEY) WITHOUT ROWID;
"""
"""``documents.core`` is the hash of where the passages begin and end, ``share`` what the document adds to the
fingerprint; ``origins.sightings`` says which evidence was seen where and when: a list for the document, then one for
each of its pictures, of [number, where, seen]."""

MIGRATIONS: tuple[str, ...] = (TABLES,)


def read_version(db: sqlite3.Connection, name: str) -> int:
    """Return a file's version as an archive; 0 for a file without tables.

    Raises:
        ArchiveError: the file belongs to another program, or was written by a newer version of this one.
    """
    application = int(db.execute("PRAGMA application_id").fetchone()[0])
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    tables = int(db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application != APPLICATION_ID and (application or version or tables):
        raise ArchiveError(
            f"{name} is an SQLite file, but not an archive of fairtrial.", fix="Name another file with --archive."
        )
    if not 0 <= version <= len(MIGRATIONS):
        raise ArchiveError(
            f"{name} was written by a newer fairtrial (archive version {version}; this one knows {len(MIGRATIONS)}).",
            fix="Upgrade fairtrial, or use another archive.",
        )
    return version


def migrate(db: sqlite3.Connection) -> None:
    """Bring a file to the newest version, one transaction a migration; safe when other processes do the same."""
    while True:
        db.execute("BEGIN IMMEDIATE")
        try:
            version = int(db.execute("PRAGMA user_version").fetchone()[0])
            if version >= len(MIGRATIONS):
                return
            for statement in MIGRATIONS[version].split(";"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {version + 1}")
            db.execute("COMMIT")
        finally:
            if db.in_transaction:
                db.execute("ROLLBACK")
