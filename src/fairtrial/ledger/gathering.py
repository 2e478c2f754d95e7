"""Transactions of a ledger: each by itself, or, where whoever writes says so, those of a tenth of a second as one.

Keys are hashes, so a chunk changes pages all over the file: twenty chunks in one transaction write a third of what
twenty transactions write.  What could not be made again is never gathered.  Knows no tables.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fairtrial.ledger.remembering import ReadMemory

SOON = 0.1
"""Seconds within which the disk is waited for once, where transactions may be made again; and that are gathered."""

WRITER = {"cache_size": -65_536, "wal_autocheckpoint": 8_192}
"""How whoever writes uses the file: KiB of it in memory, at most, and changed pages before they are put in place."""


class LedgerTransactions:
    """The transactions of one connection.

    Attributes:
        gathers: those that could be made again become one with others of `SOON`; somebody must call `settle_due` then.
    """

    def __init__(self, connection: sqlite3.Connection, memory: ReadMemory, check: Callable[[], None]) -> None:
        """Begin none; ``check`` raises where the file must not be written."""
        self._db, self._memory, self._check = connection, memory, check
        self.gathers = False
        self._since: float | None = None
        """When the first of those that are gathered now was made; None: there is none."""
        self._safe_since = float("-inf")
        self._waits = True

    @contextmanager
    def write(self, again: bool) -> Iterator[sqlite3.Connection]:
        """Run statements: all or nothing, with those that are gathered; see `fairtrial.ledger.store.Ledger`."""
        joins = again and self._since is not None
        if not joins:
            self.settle()
            self._begin(again)
        self._memory.may_keep = done = False
        try:
            yield self._db
            if not (again and self.gathers):
                self._commit()
            elif not joins:
                self._since = time.monotonic()
            done = True
        finally:
            if not done:
                self._take_back()
            self._memory.may_keep = self._since is not None
        self.settle_due()

    def settle(self) -> None:
        """Commit what is gathered."""
        if self._since is None:
            return
        self._since, self._memory.may_keep = None, False
        try:
            self._commit()
        finally:
            if self._db.in_transaction:
                self._take_back()

    def settle_due(self) -> float | None:
        """Commit what was gathered for `SOON`; return in how many seconds the rest is due, None if there is none."""
        if self._since is None:
            return None
        left = self._since + SOON - time.monotonic()
        if left > 0:
            return left
        self.settle()
        return None

    def _begin(self, again: bool) -> None:
        self._check()
        self._waits = not again or time.monotonic() >= self._safe_since + SOON
        try:
            self._db.execute(f"PRAGMA synchronous = {'FULL' if self._waits else 'NORMAL'}")
            self._db.execute("BEGIN IMMEDIATE")
        except BaseException:
            self._take_back()
            raise

    def _commit(self) -> None:
        self._db.execute("COMMIT")
        if self._waits:
            self._safe_since = time.monotonic()

    def _take_back(self) -> None:
        """Undo what failed, and with it what was gathered: it can be made again.

        To keep that would take a savepoint, for which SQLite copies every page before it is changed.
        """
        self._memory.forget()
        self._since = None
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")
