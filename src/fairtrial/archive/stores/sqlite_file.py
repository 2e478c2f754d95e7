"""An archive's SQLite file: opening it, transactions, and what is said of its failures.

Messages name the file and what SQLite said of it, never a value: values are texts of documents.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fairtrial.archive.stores.database import VECTORS, WRONG_VECTORS
from fairtrial.archive.stores.schema import MIGRATIONS, migrate, read_version
from fairtrial.errors import ArchiveError

BUSY_SECONDS = 30.0
IN_MEMORY = 256 << 20
"""Bytes of a file that is written anew in memory; a larger one through a temporary file, which has no removed text."""
MOVED = (
    "If it was moved, say where it is: --archive PATH, in a trial file `retrieve`; `fairtrial archive add` makes one. "
    "A relative path begins at the trial file's folder; of a trial in a ledger, at the folder that you are in."
)
"""What to do about an archive that is not where somebody wants to read it."""

HEADER = b"SQLite format 3\x00"
REASONS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space and run it again; what was committed is safe."),
    sqlite3.SQLITE_READONLY: ("the file or its folder is read-only", "Copy it to a folder that you may write to."),
    sqlite3.SQLITE_CANTOPEN: ("the file system does not allow it", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_PERM: ("the file system does not allow it", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "Add the documents to a new archive."),
    sqlite3.SQLITE_NOTADB: ("the file is damaged or no database", "Name another file with --archive."),
    sqlite3.SQLITE_IOERR: ("the disk reports an error", "Check the disk; a network folder is no place for an archive."),
    sqlite3.SQLITE_BUSY: ("another process is writing to it", "Wait for it to end."),
    sqlite3.SQLITE_LOCKED: ("another process is writing to it", "Wait for it to end."),
}


class ArchiveFile:
    """One file and the connection to it.  Threads may share it: one at a time has the connection."""

    def __init__(self, path: Path, create: bool) -> None:
        """Open a file, or make it.  Raises ArchiveError if it is missing, no archive, too new or not accessible."""
        self.path, self.name = path, path.name
        self.remains: Sequence[str] = ()
        _check_place(path, create)
        self.guard = threading.RLock()
        self.lock = FileLock(f"{path.resolve()}.lock", thread_local=False)
        self.writable = True
        with self.explaining("opened"):
            self.db = self._connect(create)

    def _connect(self, create: bool) -> sqlite3.Connection:
        address = self.path.resolve().as_uri()
        try:
            return self._prepare(f"{address}?mode={'rwc' if create else 'rw'}", create)
        except sqlite3.OperationalError as error:
            wal = self.path.resolve().with_name(self.path.name + "-wal")
            if create or read_code(error) not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
                raise
            if wal.exists() and wal.stat().st_size:
                raise
        self.writable = False  # a folder that cannot be written, with nothing in waiting: read where it lies
        return self._prepare(f"{address}?immutable=1", create)

    def _prepare(self, address: str, create: bool) -> sqlite3.Connection:
        db = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)
        try:
            db.execute("PRAGMA foreign_keys = ON")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA secure_delete = ON")
            db.execute("PRAGMA temp_store = MEMORY")  # texts in no temporary file
            db.execute("PRAGMA cache_size = -65536")
            version = read_version(db, self.path.name)
            if version == 0 and not create:
                raise ArchiveError(
                    f"{self.path.name} is an empty file, no archive yet.", fix="`fairtrial archive add` fills one."
                )
            if create:
                _use_write_ahead(db)
            if version < len(MIGRATIONS):
                migrate(db)
        except BaseException:
            db.close()
            raise
        return db

    @contextmanager
    def writing(self, wait_seconds: float | None = None) -> Iterator[None]:
        """Hold the file's one writer lock, which the operating system frees when the process dies."""
        try:
            self.lock.acquire(timeout=-1 if wait_seconds is None else wait_seconds)
        except Timeout:
            raise ArchiveError(
                f"another process is writing to {self.path.name}.", fix="Wait for it to end, or use another archive."
            ) from None
        except OSError as error:
            raise ArchiveError(f"the lock of {self.path.name} cannot be taken: {error.strerror}.") from error
        try:
            yield
        finally:
            self.lock.release()

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Run statements as one transaction, all or nothing."""
        with self.guard, self.explaining("written"):
            self.db.execute("BEGIN IMMEDIATE")
            try:
                yield self.db
                self.db.execute("COMMIT")
            finally:
                if self.db.in_transaction:
                    self.db.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Read everything inside as of one moment, whatever another process writes meanwhile."""
        with self.guard, self.explaining("read"):
            nested = self.db.in_transaction
            if not nested:
                self.db.execute("BEGIN")
            try:
                yield self.db
            finally:
                if not nested and self.db.in_transaction:
                    self.db.execute("ROLLBACK")

    @contextmanager
    def explaining(self, verb: str) -> Iterator[None]:
        """Say what SQLite's errors mean; ``verb`` is ``opened``, ``read`` or ``written``."""
        try:
            yield
        except sqlite3.Error as error:
            reason, fix = REASONS.get(read_code(error), ("", ""))
            name = getattr(error, "sqlite_errorname", type(error).__name__)
            said = f"{reason} ({name})" if reason else f"{error} ({name})"
            raise ArchiveError(f"{self.path.name} cannot be {verb}: {said}.", fix=fix) from None
        except UnicodeEncodeError:  # a lone surrogate; its own message would show text
            raise ArchiveError(f"a text has no place in {self.path.name}: it is not Unicode.") from None

    def clean(self) -> None:
        """Write the file anew from what is left in it, and empty its log.

        Rows were deleted or emptied with ``secure_delete``.  The write-ahead log is emptied, the file written anew from
        what is left (``VACUUM``: what moving rows between pages has left behind goes too), and the log emptied again.

        Raises:
            ArchiveError: another process is reading; the rows are gone, their bytes may not be.
        """
        with self.guard, self.explaining("written"):
            self._empty_log()
            large = self.path.stat().st_size > IN_MEMORY
            self.db.execute(f"PRAGMA temp_store = {'FILE' if large else 'MEMORY'}")
            try:
                self.db.execute("VACUUM")
            finally:
                self.db.execute("PRAGMA temp_store = MEMORY")
            self._empty_log()

    def _empty_log(self) -> None:
        busy, _, _ = self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:
            raise ArchiveError(
                f"another process is reading {self.name}: what was taken out may still be in its files.",
                fix="End it, and do the same again.",
            )

    def examine(self) -> Sequence[str]:
        """Return what is wrong with the file itself, one sentence each; inside `reading`."""
        said = [f"SQLite says: {row[0]}." for row in self.db.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
        for table, _, parent, _ in self.db.execute("PRAGMA foreign_key_check").fetchmany(20):
            said.append(f"a row of {table} refers to one of {parent} that is missing.")
        count = self.db.execute(f"{VECTORS} WHERE length(v.body) != 4 * s.width").fetchone()[0]
        return [*said, WRONG_VECTORS.format(count=count)] if count else said

    def close(self) -> None:
        """Close the file."""
        with self.guard:
            self.db.close()


def read_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 if the error did not come from SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def _check_place(path: Path, create: bool) -> None:
    try:
        if not path.resolve().parent.is_dir():
            if not create:
                raise ArchiveError(f"there is no archive {str(path)!r}: its folder does not exist.", fix=MOVED)
            raise ArchiveError(
                f"the folder {str(path.parent)!r} of the archive {path.name} does not exist.",
                fix="Make the folder first.",
            )
        if not path.exists():
            if create:
                return
            raise ArchiveError(f"there is no archive {str(path)!r}.", fix=MOVED)
        if not path.is_file():
            raise ArchiveError(f"{path} is not a file.", fix="Name a file with --archive.")
        with path.open("rb") as file:
            head = file.read(len(HEADER))
    except OSError as error:
        raise ArchiveError(f"the archive {str(path)[:200]} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise ArchiveError(f"the archive {str(path)[:200]!r} is no path: {error}.") from error
    if head and head != HEADER:
        raise ArchiveError(f"{path.name} is not an archive: it is no SQLite file.", fix="Name another file.")


def _use_write_ahead(db: sqlite3.Connection) -> None:
    """Put a file into write-ahead mode; SQLite itself does not wait for others here, so this does."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            db.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if read_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)
