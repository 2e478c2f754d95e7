"""What was read of a ledger and is asked for again, kept as long as nobody has written to the file.

One report asks for the same column of values dozens of times, and for the same verdicts several times.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")

MOST_BYTES = 256_000_000
"""Bytes of arrays that are kept; of more, what was used longest ago goes first."""


class ReadMemory:
    """Keeps what was read through one connection.

    It is forgotten as soon as another connection has committed anything, or this one has changed a row.

    Attributes:
        may_keep: what an open transaction sees stays as it is; whoever takes it back calls `forget`.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.may_keep = False
        self._state: tuple[int, int] | None = None
        self._kept: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0

    def recall(self, key: Hashable, read: Callable[[], T], count_bytes: Callable[[T], int] = lambda _: 0) -> T:
        """Return what ``read`` returns, without calling it again while the file is the same.

        Args:
            key: of what is read: the same key, the same value.
            read: reads it; nobody may change what it returns.
            count_bytes: how much room it takes; what is small need not say.
        """
        if self._connection.in_transaction and not self.may_keep:  # what is read here may never be committed
            return read()
        state = self._find_state()
        if state != self._state:
            self.forget()
            self._state = state
        if key in self._kept:
            self._kept.move_to_end(key)
            found: T = self._kept[key][0]
            return found
        found = read()
        size = count_bytes(found)
        self._kept[key] = found, size
        self._bytes += size
        while self._bytes > MOST_BYTES and len(self._kept) > 1:
            self._bytes -= self._kept.popitem(last=False)[1][1]
        return found

    def forget(self) -> None:
        """Let go of everything."""
        self._kept.clear()
        self._bytes = 0

    def _find_state(self) -> tuple[int, int]:
        """Return two numbers of which one is another as soon as anything was written: by others, by this connection."""
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        return version, self._connection.total_changes
