"""The files of a merge: ledgers that are sound and lie still, and the one that appears whole or not at all."""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from fairtrial.errors import LedgerBusyError, LedgerError
from fairtrial.ledger.examine import examine_ledger
from fairtrial.ledger.locked import is_being_written
from fairtrial.ledger.opening import (
    FAILURES,
    check_file,
    explain_sqlite_error,
    find_place,
    find_read_address,
)
from fairtrial.ledger.schema import CHECK, MIGRATIONS, migrate
from fairtrial.ledger.store import Ledger

COLUMNS = "SELECT name, hidden FROM pragma_table_xinfo(?)"
NO_LINKS = {errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS}
"""What file systems say that know one name a file."""


@dataclass(frozen=True, slots=True)
class MergeSource:
    """A ledger that is merged.

    Attributes:
        path: as it was named.
        address: of where its rows are read, for SQLite: there, or in a copy in today's form.
        watch: a connection that sees when anybody writes to the ledger.
        version: number of its data when it was looked through.
    """

    path: Path
    address: str
    watch: sqlite3.Connection
    version: int

    def check_unchanged(self) -> None:
        """Raise LedgerBusyError if anybody has written to the ledger since it was looked through."""
        if is_being_written(self.path) or _read_data_version(self.watch) != self.version:
            raise _make_busy_error(self.path)


def refuse_place(out: Path) -> None:
    """Raise LedgerError unless a new ledger can be at a place."""
    if os.path.lexists(out):
        raise LedgerError(f"{out} exists.", fix="Name a file that does not exist.")
    check_file(out, create=True)


@contextmanager
def hold_place(out: Path) -> Iterator[None]:
    """Hold the lock of the ledger that is made, so that no other merge makes it as well."""
    lock = FileLock(f"{out.resolve()}.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise LedgerBusyError(f"another process is writing {out.name}.", fix="Wait for it to end.") from None
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}.") from error
    try:
        yield
    finally:
        if not out.exists():
            Path(lock.lock_file).unlink(missing_ok=True)
        lock.release()


@contextmanager
def make_part(out: Path) -> Iterator[Path]:
    """Yield where the ledger is written until it is whole; what is left there, by a killed merge as well, goes."""
    part = out.with_name(f".{out.name}.part")
    try:
        _remove(part)
        yield part
    finally:
        _remove(part)


@contextmanager
def open_sources(paths: Sequence[Path], out: Path) -> Iterator[list[MergeSource]]:
    """Yield the ledgers, each looked through; raises LedgerError for one that is not sound, or named twice."""
    folder = out.with_name(f".{out.name}.older")
    shutil.rmtree(folder, ignore_errors=True)  # of a merge that was killed
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        found: list[MergeSource] = []
        places: dict[tuple[int, int], Path] = {}
        for at, path in enumerate(paths):
            check_file(path, create=False)
            place = find_place(path)
            if place is not None and place in places:
                same = f" ({places[place]})" if places[place] != path else ""
                raise LedgerError(f"{path} is named twice{same}.", fix="Name each ledger once.")
            if place is not None:
                places[place] = path
            found.append(_open_source(stack, path, folder / f"{at}.db"))
        yield found


def _open_source(stack: ExitStack, path: Path, copy: Path) -> MergeSource:
    """Return where a ledger can be read in today's form; raises LedgerError unless it is sound and lies still."""
    if is_being_written(path):
        raise _make_busy_error(path)
    address = find_read_address(path)
    try:
        watch = stack.enter_context(closing(sqlite3.connect(address, uri=True)))
        before = _read_data_version(watch)
        version = _check_contents(watch, path)
        if not (found := examine_ledger(path)).sound:
            first = found.damages[0]
            where = f"{first.table} {first.key}".strip()
            raise LedgerError(f"{path.name} is damaged: {where + ': ' if where else ''}{first.problem}.", fix=CHECK)
        if version < len(MIGRATIONS):
            copy.parent.mkdir(exist_ok=True)
            with closing(sqlite3.connect(copy)) as other:
                watch.backup(other)
    except FAILURES as error:
        raise explain_sqlite_error(error, path, "read") from error
    except OSError as error:
        raise LedgerError(f"{path.name}, of an older version, cannot be copied: {error.strerror}.") from error
    if version < len(MIGRATIONS):
        Ledger.open(copy).close()  # which brings it into today's form
        address = find_read_address(copy)
    return MergeSource(path, address, watch, before)


def _make_busy_error(path: Path) -> LedgerBusyError:
    return LedgerBusyError(
        f"another process is writing to {path.name}; what is merged must lie still.",
        fix="Wait for the run to end, and merge again.",
    )


def _read_data_version(db: sqlite3.Connection) -> int:
    """Return a number that is another one as soon as another connection has written to the file."""
    db.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return int(db.execute("PRAGMA data_version").fetchone()[0])


def _check_contents(db: sqlite3.Connection, path: Path) -> int:
    """Return the version; raises LedgerError for a newer one, and for what runs by itself when a file is read."""
    version = int(db.execute("PRAGMA user_version").fetchone()[0])
    odd = db.execute("SELECT type, name FROM sqlite_master WHERE type IN ('view', 'trigger')").fetchone()
    if version > len(MIGRATIONS):
        raise LedgerError(
            f"{path.name} was written by a newer fairtrial (ledger version {version}; this one knows "
            f"{len(MIGRATIONS)}).",
            fix="Upgrade fairtrial.",
        )
    if odd is not None:
        raise LedgerError(
            f"{path.name} has a {odd[0]} {str(odd[1])[:40]!r}, which no ledger of fairtrial has; it is not merged.",
            fix="Take it from where it was written first.",
        )
    if version == len(MIGRATIONS):
        _check_columns(db, path)
    return version


def _check_columns(db: sqlite3.Connection, path: Path) -> None:
    """Raise LedgerError if a table has other columns than a ledger's, such as one that SQLite computes when read."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as usual:
        migrate(usual)
        tables = [str(name) for (name,) in usual.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        for table in tables:
            wanted, found = ({(name, hidden) for name, hidden in one.execute(COLUMNS, (table,))} for one in (usual, db))
            if odd := sorted(str(name)[:40] for name, _ in wanted ^ found):
                raise LedgerError(
                    f"{path.name}: its table {table} has not the columns of a ledger of fairtrial ({odd[0]!r}); it is "
                    "not merged.",
                    fix="Take it from where it was written first.",
                )


def put_in_place(part: Path, out: Path) -> None:
    """Give the file its name, once all of it is on the disk; never over another file."""
    try:
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        try:
            os.link(part, out)
        except OSError as error:
            if error.errno not in NO_LINKS or os.path.lexists(out):
                raise
            part.rename(out)
    except FileExistsError as error:
        raise LedgerError(f"{out} exists.", fix="Name a file that does not exist.") from error
    except OSError as error:
        raise LedgerError(f"{out} cannot be written: {error.strerror}.") from error


def _remove(part: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal", ".lock"):
        part.with_name(part.name + suffix).unlink(missing_ok=True)
