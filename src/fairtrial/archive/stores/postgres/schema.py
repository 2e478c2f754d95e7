"""The tables of an archive in PostgreSQL, as numbered migrations; `archive.stores.schema` has those of SQLite.

A migration is never changed once released; a new one is appended.  Each archive has a schema of its own, whose table
``archive_version`` says that it is one, and how new.
"""

from __future__ import annotations

from types import ModuleType
from typing import Any

from fairtrial.errors import ArchiveError

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE evidence (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    body BYTEA NOT NULL
);
CREATE TABLE rights (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key TEXT COLLATE "C" NOT NULL UNIQUE,
    body TEXT NOT NULL
);
CREATE TABLE documents (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    id TEXT COLLATE "C" NOT NULL UNIQUE,
    uri TEXT COLLATE "C" NOT NULL,
    keep TEXT COLLATE "C" NOT NULL CHECK (keep IN ('words', 'text', 'hash', 'withdrawn')),
    version BIGINT,
    published BIGINT,
    section TEXT NOT NULL,
    language TEXT NOT NULL,
    label TEXT NOT NULL,
    rights BIGINT NOT NULL REFERENCES rights(number),
    replaced BIGINT NOT NULL,
    first BIGINT NOT NULL,
    passages BIGINT NOT NULL,
    lengths BYTEA NOT NULL,
    marks BYTEA NOT NULL,
    cuts BYTEA,
    body BYTEA,
    core TEXT NOT NULL,
    share TEXT NOT NULL
);
CREATE INDEX documents_by_first ON documents (first);
CREATE INDEX documents_by_uri ON documents USING hash (uri);
CREATE TABLE origins (
    document BIGINT NOT NULL REFERENCES documents(number),
    source TEXT COLLATE "C" NOT NULL,
    path TEXT COLLATE "C" NOT NULL,
    reading TEXT NOT NULL,
    sightings TEXT NOT NULL
);
CREATE UNIQUE INDEX origins_once ON origins (document, md5(source), md5(path));
CREATE INDEX origins_by_path ON origins USING hash (path);
CREATE TABLE files (
    path TEXT COLLATE "C" NOT NULL,
    source TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    basis TEXT NOT NULL,
    problem TEXT NOT NULL,
    documents BIGINT NOT NULL,
    beside TEXT NOT NULL
);
CREATE UNIQUE INDEX files_once ON files (md5(path));
CREATE INDEX files_by_path ON files USING hash (path);
CREATE TABLE segments (number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, level BIGINT NOT NULL);
CREATE TABLE postings (
    segment BIGINT NOT NULL,
    word TEXT COLLATE "C" NOT NULL,
    body BYTEA NOT NULL,
    PRIMARY KEY (segment, word)
);
CREATE TABLE spaces (
    number BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    width BIGINT NOT NULL
);
CREATE TABLE vectors (
    space BIGINT NOT NULL REFERENCES spaces(number),
    passage BIGINT NOT NULL,
    body {vector} NOT NULL,
    PRIMARY KEY (space, passage)
);
CREATE TABLE images (hash TEXT COLLATE "C" PRIMARY KEY, bytes BYTEA NOT NULL);
CREATE TABLE document_images (
    document BIGINT NOT NULL REFERENCES documents(number),
    hash TEXT COLLATE "C" NOT NULL REFERENCES images(hash),
    PRIMARY KEY (document, hash)
);
CREATE INDEX document_images_by_hash ON document_images (hash);
CREATE TABLE withdrawals (kind TEXT NOT NULL, name TEXT COLLATE "C" NOT NULL, at TEXT NOT NULL);
CREATE UNIQUE INDEX withdrawals_once ON withdrawals (kind, md5(name));
CREATE TABLE ledgers (place TEXT COLLATE "C" PRIMARY KEY);
ALTER TABLE postings ALTER COLUMN word SET STATISTICS 0;
ALTER TABLE documents ALTER COLUMN uri SET STATISTICS 0;
ALTER TABLE documents ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE documents ALTER COLUMN cuts SET STATISTICS 0;
ALTER TABLE evidence ALTER COLUMN body SET STATISTICS 0;
ALTER TABLE images ALTER COLUMN bytes SET STATISTICS 0;
ALTER TABLE vectors ALTER COLUMN body SET STATISTICS 0
"""
"""As in SQLite, but: vectors are pgvector's; long texts (addresses, paths) have indexes by hash; and the planner keeps
no samples of columns with words of documents, which would outlive them."""

MIGRATIONS: tuple[str, ...] = (TABLES,)

CLEANED = ("documents", "postings", "vectors", "images", "document_images", "evidence", "origins", "meta")
"""Tables that are written anew after something was taken out."""

_VERSION = "SELECT to_regclass(%s)"
_OTHERS = "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s"
_VECTOR = (
    "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
)


def read_version(db: Any, schema: str, name: str) -> int:
    """Return a schema's version as an archive.

    Raises:
        ArchiveError: there is none, or it was written by a newer version of this program.
    """
    version = _find_version(db, schema)
    if version == 0:
        raise ArchiveError(f"{name} does not exist.", fix="`fairtrial archive add` makes one.")
    if version > len(MIGRATIONS):
        raise ArchiveError(
            f"{name} was written by a newer fairtrial (archive version {version}; this one knows {len(MIGRATIONS)}).",
            fix="Upgrade fairtrial, or use another archive.",
        )
    return version


def migrate(db: Any, schema: str, name: str, psycopg: ModuleType) -> None:
    """Make a schema an archive, or bring one to the newest version, each migration in a transaction.

    Raises:
        ArchiveError: other tables are in it, it is too new, or pgvector is missing.
    """
    version = _find_version(db, schema)
    if version == 0:
        others = int(db.execute(_OTHERS, (schema,)).fetchone()[0])
        if others:
            raise ArchiveError(
                f"{name} has tables of another program.", fix="Name a schema for the archive: ?schema=NAME."
            )
    if version > len(MIGRATIONS):
        read_version(db, schema, name)
    for number in range(version, len(MIGRATIONS)):
        vector = _find_vector(db, name, psycopg)
        with db.transaction():
            db.execute(f'CREATE SCHEMA IF NOT EXISTS "{schema}"')
            db.execute(f'SET LOCAL search_path = "{schema}"')
            for statement in MIGRATIONS[number].format(vector=vector).split(";"):
                db.execute(statement)
            db.execute("CREATE TABLE IF NOT EXISTS archive_version (version BIGINT NOT NULL)")
            db.execute("DELETE FROM archive_version")
            db.execute("INSERT INTO archive_version VALUES (%s)", (number + 1,))


def _find_version(db: Any, schema: str) -> int:
    if db.execute(_VERSION, (f'"{schema}".archive_version',)).fetchone()[0] is None:
        return 0
    return int(db.execute(f'SELECT max(version) FROM "{schema}".archive_version').fetchone()[0])


def _find_vector(db: Any, name: str, psycopg: ModuleType) -> str:
    """Return the name of pgvector's type, which is brought in where this user may do that."""
    row, why = db.execute(_VECTOR).fetchone(), ""
    if row is None:
        try:
            db.execute("CREATE EXTENSION vector")
        except psycopg.Error as error:  # perhaps another process has just brought it in
            why = type(error).__name__
        row = db.execute(_VECTOR).fetchone()
    if row is None:
        raise ArchiveError(
            f"{name} needs pgvector, which its database does not have ({why}).",
            fix="Install pgvector on the server and have its administrator run: CREATE EXTENSION vector.",
        )
    return '"' + str(row[0]).replace('"', '""') + '".vector'
