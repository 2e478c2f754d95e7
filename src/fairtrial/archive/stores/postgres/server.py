"""The connection to a PostgreSQL server: transactions, the one writer, and what is said of its failures.

Messages name the archive, the kind of failure and its SQLSTATE, never what the server said of a statement: that may
repeat values, which are texts of documents.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.stores.database import VECTORS, WRONG_VECTORS, StatementRows
from fairtrial.archive.stores.postgres.address import Address
from fairtrial.archive.stores.postgres.schema import CLEANED, migrate, read_version
from fairtrial.errors import ArchiveError, MissingExtraError

LOCK_SECONDS = 30
WRITER, CHANGER = "fairtrial writer", "fairtrial changer"
"""Names of the two locks of each archive: of who writes it for a while, and of a transaction."""

GONE = ("the server ended the connection", "Run it again; what was committed is safe.")
REASONS = {
    "08": GONE,
    "57P": GONE,
    "22021": ("a text has a character that PostgreSQL cannot hold (NUL)", ""),
    "25006": ("the database is read-only", "Use the primary server, or only read."),
    "42501": ("the user may not do that", "Ask the owner of the schema for the rights, or connect as another user."),
    "42P01": ("a table is missing", "Name another schema, or make the archive anew."),
    "53100": ("the disk is full", "Free some space and run it again; what was committed is safe."),
    "53300": ("the server has too many connections", "Wait for others to end."),
    "53": ("the server has too little left of something", "See the server's log."),
    "55P03": ("another process is using it", "Wait for it to end."),
    "57014": ("the server gave up after its time limit", "Raise statement_timeout of this user."),
    "40": ("another process changed the same", "Run it again."),
    "54": ("an address or path is too long for an index", "Leave that document out."),
}
"""Beginning of an SQLSTATE to what it means and what to do."""


def load_psycopg() -> ModuleType:
    """Return the driver.  Raises MissingExtraError if it is not installed."""
    try:
        import psycopg
    except ImportError as error:
        raise MissingExtraError("An archive on PostgreSQL", "postgres") from error
    return psycopg


def make_vector(numbers: NDArray[np.float32]) -> object:
    """Return a vector as pgvector has it.  Raises MissingExtraError if its client is not installed."""
    try:
        from pgvector import Vector
    except ImportError as error:
        raise MissingExtraError("An archive on PostgreSQL", "postgres") from error
    vector: object = Vector(numbers)
    return vector


def teach_vectors(connection: Any) -> None:
    """Have a connection send and receive vectors.  Raises MissingExtraError if pgvector's client is not installed."""
    try:
        from pgvector.psycopg import register_vector
    except ImportError as error:
        raise MissingExtraError("An archive on PostgreSQL", "postgres") from error
    register_vector(connection)


_PLAIN_INSERT = re.compile(r"INSERT INTO (?P<into>\w+(?: \([\w, ]+\))?) VALUES \(\?(?:, \?)*\)")

_BINARY = {"vectors (space, passage, body)": ("int8", "int8", "vector")}
"""What is copied as bytes, since its numbers take long to write in letters, with the types of its columns."""


class Statements:
    """Runs statements of `archive.stores.database.Connection` with psycopg."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str, values: Sequence[Any] = (), /) -> StatementRows:
        """Run a statement; values travel apart from it."""
        rows: StatementRows = self._connection.execute(translate(sql), values or None)
        return rows

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> None:
        """Run a statement for each of several rows of values; plain insertions as one COPY, several times as fast."""
        plain = _PLAIN_INSERT.fullmatch(sql)
        with self._connection.cursor() as cursor:
            if plain is None:
                cursor.executemany(translate(sql), rows)
                return
            types = _BINARY.get(plain["into"])
            with cursor.copy(f"COPY {plain['into']} FROM STDIN{' (FORMAT BINARY)' if types else ''}") as copy:
                if types:
                    copy.set_types(types)
                for row in rows:
                    copy.write_row(row)


@lru_cache(maxsize=512)
def translate(sql: str) -> str:
    """Return a statement with psycopg's marks for values in place of ``?``; none of ours has one in a text."""
    return sql.replace("%", "%%").replace("?", "%s")


class Server:
    """An archive on a server; see `archive.stores.database.Database`."""

    def __init__(self, address: Address, create: bool) -> None:
        """Connect.

        Raises:
            ArchiveError: the server cannot be reached, or there is no archive (unless ``create``), or it is too new.
            MissingExtraError: the driver is not installed.
        """
        self.address, self.name = address, address.name
        self.guard = threading.RLock()
        self._psycopg = load_psycopg()
        self._held = 0
        self._connection = self._connect()
        self.remains: Sequence[str] = ()
        try:
            self._prepare(create)
        except BaseException:
            self._connection.close()
            raise

    def _connect(self) -> Any:
        try:
            connection = self._psycopg.connect(
                self.address.uri, autocommit=True, application_name="fairtrial", options=_OPTIONS
            )
        except (self._psycopg.Error, UnicodeError) as error:
            first = " ".join(str(error).split())[:300]
            raise ArchiveError(
                f"{self.name} cannot be reached: {first}",
                fix="Check that the server runs, and PGHOST, PGUSER, PGPASSWORD or the service file of libpq.",
            ) from None
        with contextlib.suppress(self._psycopg.Error):  # for administrators alone: values in no log of the server
            connection.execute("SET log_parameter_max_length = 0")
        return connection

    def _prepare(self, create: bool) -> None:
        with self.explaining("opened"):
            encoding = self._connection.execute("SHOW server_encoding").fetchone()[0]
            if encoding != "UTF8":
                raise ArchiveError(
                    f"{self.name} is in a database with the encoding {encoding}.", fix="Make one with ENCODING 'UTF8'."
                )
            if create:
                with self.writing():
                    migrate(self._connection, self.address.schema, self.name, self._psycopg)
            else:
                read_version(self._connection, self.address.schema, self.name)
            self._set_path()

    def _set_path(self) -> None:
        row = self._connection.execute(_VECTOR_SCHEMA).fetchone()
        names = [self.address.schema, *([row[0]] if row else [])]
        listed = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
        self._connection.execute(f"SET search_path = {listed}")
        teach_vectors(self._connection)

    def _live(self) -> Any:
        """Return the connection, made anew if the server ended it between two transactions."""
        if self._connection.closed and not self._held:
            self._connection = self._connect()
            self._set_path()
        return self._connection

    @contextmanager
    def writing(self, wait_seconds: float | None = None) -> Iterator[None]:
        """Hold the archive's one writer lock, which the server frees when the connection ends."""
        self._lock(wait_seconds)
        try:
            yield
        finally:
            with self.guard:
                self._held -= 1
                if not self._connection.closed:
                    with contextlib.suppress(self._psycopg.Error):
                        self._connection.execute(_UNLOCK, (WRITER, self.address.schema))

    def _lock(self, wait_seconds: float | None) -> None:
        with self.guard, self.explaining("locked"):
            db = self._live()
            limit = 0 if wait_seconds is None else max(int(wait_seconds * 1000), 1)
            db.execute("SELECT set_config('lock_timeout', %s, false)", (f"{limit}ms",))
            try:
                db.execute(_LOCK, (WRITER, self.address.schema))
            except self._psycopg.errors.LockNotAvailable:
                raise ArchiveError(
                    f"another process is writing to {self.name}.", fix="Wait for it to end, or use another archive."
                ) from None
            finally:
                if not db.closed:
                    db.execute("SELECT set_config('lock_timeout', %s, false)", (f"{LOCK_SECONDS}s",))
            self._held += 1

    @contextmanager
    def changing(self) -> Iterator[Statements]:
        """Run statements as one transaction, all or nothing, one transaction of the archive after the other."""
        with self.guard, self.explaining("written"):
            db = self._live()
            with db.transaction():
                db.execute(_TRANSACTION_LOCK, (CHANGER, self.address.schema))
                yield Statements(db)

    @contextmanager
    def reading(self) -> Iterator[Statements]:
        """Read everything inside as of one moment."""
        with self.guard, self.explaining("read"):
            db = self._live()
            if db.info.transaction_status != self._psycopg.pq.TransactionStatus.IDLE:
                yield Statements(db)
                return
            with db.transaction():
                db.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield Statements(db)

    @contextmanager
    def explaining(self, verb: str) -> Iterator[None]:
        """Say what the server's errors mean, without what it said."""
        try:
            yield
        except self._psycopg.Error as error:
            state = error.sqlstate or ""
            reason, fix = _explain(state, isinstance(error, self._psycopg.OperationalError))
            kind = f"{type(error).__name__} {state}".strip()
            said = f"{reason} ({kind})" if reason else kind
            raise ArchiveError(f"{self.name} cannot be {verb}: {said}.", fix=fix) from None
        except UnicodeEncodeError:  # a lone surrogate; its own message would show text
            raise ArchiveError(f"a text has no place in {self.name}: it is not Unicode.") from None

    def clean(self) -> None:
        """Write all tables anew, and have the server let go of its log as far as this user may; see `remains`."""
        with self.guard, self.explaining("cleaned"):
            db = self._live()
            for table in CLEANED:
                db.execute(f"VACUUM (FULL) {table}")
            self.remains = (BACKUPS, *self._clear_log(db))

    def _clear_log(self, db: Any) -> Iterator[str]:
        """Have the server leave the files of its log behind and write over those that it keeps; yield what cannot be.

        A checkpoint removes used files, or renames them to be written over as the log goes on.  So the log goes on for
        as many files as there are, each with one record; the server fills the rest of a file with zeros.
        """
        try:
            db.execute(NEXT_FILE)
            db.execute("CHECKPOINT")
            if db.execute("SHOW wal_recycle").fetchone()[0] == "off":
                return
            kept = int(db.execute(COUNT_FILES).fetchone()[0])
            if kept > MOST_FILES:
                yield RECYCLED
                return
            for _ in range(kept):
                db.execute("SELECT pg_logical_emit_message(false, 'fairtrial', '')")
                db.execute(NEXT_FILE)
            db.execute("CHECKPOINT")
        except self._psycopg.errors.InsufficientPrivilege:
            yield NO_CHECKPOINT

    def examine(self) -> Sequence[str]:
        """Return what is wrong with the database itself, one sentence each; inside `reading`.

        Rows that refer to missing ones cannot be: the server sees to that.
        """
        count = self._connection.execute(f"{VECTORS} WHERE vector_dims(v.body) != s.width").fetchone()[0]
        return [WRONG_VECTORS.format(count=count)] if count else []

    def close(self) -> None:
        """End the connection."""
        with self.guard:
            self._connection.close()


def _explain(state: str, operational: bool) -> tuple[str, str]:
    """Return what an SQLSTATE means, and what to do; psycopg's own errors have none."""
    if not state:
        return GONE if operational else REASONS["22021"]
    return next((reason for start, reason in REASONS.items() if state.startswith(start)), ("", ""))


NEXT_FILE = "SELECT pg_switch_wal()"
COUNT_FILES = "SELECT count(*) FROM pg_ls_waldir() WHERE length(name) = 24"
MOST_FILES = 256
"""Of the write-ahead log (16 MiB each, as a rule) that are written over."""

BACKUPS = (
    "Backups, replicas and archived logs of the server are out of reach: whoever runs it has to delete those of before."
)
NO_CHECKPOINT = (
    "This user may not have the server write a checkpoint and go on with its log: until it does, its write-ahead log "
    "and files that are no longer used may still hold what was taken out."
)
RECYCLED = (
    f"The server keeps more than {MOST_FILES} used files of its write-ahead log to write over them (wal_recycle is "
    "on): until then they may still hold what was taken out."
)

_OPTIONS = f"-c lock_timeout={LOCK_SECONDS}s -c client_min_messages=error"
_VECTOR_SCHEMA = (
    "SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'"
)
_KEYS = "hashtext(%s), hashtext(%s)"
_LOCK = f"SELECT pg_advisory_lock({_KEYS})"
_UNLOCK = f"SELECT pg_advisory_unlock({_KEYS})"
_TRANSACTION_LOCK = f"SELECT pg_advisory_xact_lock({_KEYS})"
