"""Opening a ledger file, and saying what is wrong with one that cannot be opened, read or written.

Knows SQLite's files and failures, and nothing of what the tables mean.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

from fairtrial.errors import LedgerBusyError, LedgerError
from fairtrial.ledger.schema import CHECK, MIGRATIONS, make_empty_error, migrate, read_version

BUSY_SECONDS = 30.0
SQLITE_HEADER = b"SQLite format 3\x00"
REASONS = {
    sqlite3.SQLITE_FULL: ("the disk is full", "Free some space and run it again; what was committed is safe."),
    sqlite3.SQLITE_READONLY: ("the file or its folder is read-only", "Copy it to a folder that you may write to."),
    sqlite3.SQLITE_CANTOPEN: ("the file system does not allow it", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_PERM: ("the file system does not allow it", "Check the rights of the file and its folder."),
    sqlite3.SQLITE_CORRUPT: ("the file is damaged", "Keep a copy; `sqlite3 FILE .recover` may save rows."),
    sqlite3.SQLITE_NOTADB: ("the file is damaged or no database", "Name another file with --ledger."),
    sqlite3.SQLITE_IOERR: (
        "the disk reports an error",
        "Check the disk and the limit on file sizes (`ulimit -f`); a network folder is no place for a ledger.",
    ),
}
FAILURES = (sqlite3.Error, UnicodeDecodeError)
"""What a damaged file makes the driver raise."""

CONTENT = ("malformed JSON", "Could not decode to UTF-8")
"""Signs of SQLite that a row, not the file, is damaged."""

_OPEN: Counter[tuple[int, int]] = Counter()
_OPENING = threading.RLock()
"""Files that this process has open as ledgers, by device and inode.

Closing any opening of a file takes away the locks that this process holds on it (POSIX), those of SQLite's connections
included: another process would then take the file's last words away from under them.  So a file that is open here is
never opened to be looked at.
"""

READ_ONLY_PLACE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY}


def explain_sqlite_error(error: sqlite3.Error | UnicodeDecodeError, path: Path, verb: str) -> LedgerError:
    """Return the error to raise for what SQLite said; ``verb`` is ``opened``, ``read`` or ``written``."""
    if isinstance(error, UnicodeDecodeError):  # Python reads names of columns, SQLite does not look into them
        code: int = sqlite3.SQLITE_CORRUPT
    else:
        code = _read_primary_code(error)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerBusyError(f"another process is writing to {path.name}.", fix="Wait for it to end.")
    if any(sign in str(error) for sign in CONTENT):
        return LedgerError(f"{path.name} is damaged: {error}.", fix=CHECK)
    reason, fix = REASONS.get(code, (str(error), ""))
    detail = "" if reason == str(error) else f" ({error})"
    return LedgerError(f"{path.name} cannot be {verb}: {reason}{detail}.", fix=fix)


def _read_primary_code(error: sqlite3.Error) -> int:
    """Return SQLite's primary result code, 0 if the error did not come from SQLite."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF


def open_file(path: Path, create: bool) -> sqlite3.Connection:
    """Return a connection in autocommit mode to a ledger of the newest version.

    Args:
        path: the file.
        create: make the file if it is missing.  Otherwise the connection refuses to change data until told
            (``PRAGMA query_only``), and a file in a folder that cannot be written is read where it lies.

    Raises:
        LedgerError: missing folder or file, not a ledger, written by a newer version, damaged, or not accessible.
    """
    with _OPENING:
        connection = _open_file(path, create)
        if (place := find_place(path)) is not None:
            _OPEN[place] += 1
    return connection


def note_closed(place: tuple[int, int] | None) -> None:
    """Take note that a connection to the file at a place was closed."""
    with _OPENING:
        if place is not None and _OPEN[place] > 0:
            _OPEN[place] -= 1


def find_place(path: Path) -> tuple[int, int] | None:
    """Return what identifies a file whatever its name; None if there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _open_file(path: Path, create: bool) -> sqlite3.Connection:
    check_file(path, create)
    address = path.resolve().as_uri()
    try:
        return _prepare(f"{address}?mode={'rwc' if create else 'rw'}", path, create)
    except FAILURES as error:
        if (
            create
            or isinstance(error, UnicodeDecodeError)
            or _read_primary_code(error) not in READ_ONLY_PLACE
            or not _lies_still(path)
        ):
            raise explain_sqlite_error(error, path, "opened") from error
    try:
        return _prepare(f"{address}?immutable=1", path, create)
    except FAILURES as error:
        raise explain_sqlite_error(error, path, "opened") from error


def find_read_address(path: Path) -> str:
    """Return the address under which SQLite reads a file and never writes, also in a folder that cannot be written."""
    address = f"{path.resolve().as_uri()}?mode=ro"
    try:
        with closing(sqlite3.connect(address, uri=True)) as db:
            db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.OperationalError as error:
        if _read_primary_code(error) in READ_ONLY_PLACE and _lies_still(path):
            return f"{path.resolve().as_uri()}?immutable=1"
    except FAILURES:  # whoever reads the rows says so
        pass
    return address


def check_file(path: Path, create: bool) -> None:
    """Raise LedgerError unless ``path`` can be opened as a ledger or made one."""
    try:
        _check_place(path, create)
    except OSError as error:
        raise LedgerError(f"the ledger {shorten_path(path)} cannot be read: {error.strerror}.") from error
    except RuntimeError as error:  # links that lead to each other
        raise LedgerError(f"the ledger {shorten_path(path)} cannot be read: {error}.") from error
    except ValueError as error:  # a NUL byte in the name
        raise LedgerError(f"the ledger {shorten_path(path)!r} is no path: {error}.") from error


def _check_place(path: Path, create: bool) -> None:
    """Raise what `check_file` raises; and OSError or ValueError where the place cannot even be looked at."""
    if "\0" in str(path):
        raise ValueError("embedded null byte")
    path.resolve()
    there = path.parent.is_dir()
    if not create and not path.exists():
        why = "" if there else ": its folder does not exist"
        raise LedgerError(
            f"there is no ledger {str(path)!r}{why}.", fix="Name one with --ledger; `fairtrial run` makes it."
        )
    if not there:
        raise LedgerError(
            f"the folder {str(path.parent)!r} of the ledger {path.name} does not exist.", fix="Make the folder first."
        )
    if not path.exists():
        return
    if path.is_dir():
        raise LedgerError(f"{path} is a folder, not a ledger file.", fix="Name a file with --ledger.")
    if not path.is_file():
        raise LedgerError(f"{path} is a pipe, socket or device, not a ledger file.", fix="Name a file with --ledger.")
    with _OPENING:
        place = find_place(path)
        if place is not None and _OPEN[place]:
            return
        with path.open("rb") as file:
            head = file.read(len(SQLITE_HEADER))
    if head and head != SQLITE_HEADER:
        raise LedgerError(f"{path.name} is not a ledger: it is no SQLite file.", fix="Name another file with --ledger.")


def shorten_path(path: Path) -> str:
    """Return a path as it is shown in an error, not too long."""
    text = str(path)
    return text if len(text) <= 120 else f"{text[:60]}...{text[-50:]}"


def _lies_still(path: Path) -> bool:
    """Return whether nobody in this place can be writing: a folder without write access and no rows in waiting."""
    waiting = path.resolve().with_name(path.resolve().name + "-wal")
    return not os.access(path.resolve().parent, os.W_OK) and not (waiting.exists() and waiting.stat().st_size)


def _prepare(address: str, path: Path, create: bool) -> sqlite3.Connection:
    """Connect, check what the file is, bring it to the newest version and set how it is used."""
    connection = sqlite3.connect(address, uri=True, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = FULL")
        version = read_version(connection, path.name)
        if version == 0 and not create:
            raise make_empty_error(path.name)
        if create:
            _use_write_ahead(connection)
        if version < len(MIGRATIONS):
            migrate(connection)
        if not create:
            connection.execute("PRAGMA query_only = ON")
    except BaseException:
        connection.close()
        raise
    return connection


def _use_write_ahead(connection: sqlite3.Connection) -> None:
    """Put a file into write-ahead mode, where it stays; SQLite itself does not wait for others here, so this does."""
    end = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if _read_primary_code(error) != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
        time.sleep(0.02)
