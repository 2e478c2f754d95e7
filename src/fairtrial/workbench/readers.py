"""Threads that read ledgers for pages: each has files of its own open, since an open ledger belongs to one thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from fairtrial.ledger import Ledger
from fairtrial.ledger.browsing import read_version_of_data
from fairtrial.ledger.examine import explain_damage

THREADS = 2

Stamp = tuple[int, ...]
"""Changes with every transaction that a ledger takes, and with nothing else."""

_T = TypeVar("_T")


class Readers:
    """Runs functions that read one ledger."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, "reader")
        self._watch = ThreadPoolExecutor(1, "watcher")  # one thread, since only one opening of a file can compare
        self._own = threading.local()

    async def read(self, path: Path, function: Callable[..., _T], *given: object) -> _T:
        """Return what ``function(ledger, *given)`` returns.  Raises what it raises; LedgerError for a damaged file."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, path, function, given)

    async def get_stamp(self, path: Path) -> Stamp:
        """Return the stamp of a ledger.  Raises LedgerError if it cannot be read."""
        given = (path, read_version_of_data, ())
        version = await asyncio.get_running_loop().run_in_executor(self._watch, self._read, *given)
        return (*_place_of(path), version)

    def _read(self, path: Path, function: Callable[..., _T], given: tuple[object, ...]) -> _T:
        opened = self._own.__dict__.setdefault("ledgers", {})
        place = _place_of(path)
        known = opened.get(path)
        if known is not None and known[0] != place:
            opened.pop(path)[1].close()
            known = None
        if known is None:
            known = opened[path] = (place, Ledger.open(path, create=False))
        with explain_damage(path):
            return function(known[1], *given)

    def close(self) -> None:
        """Let the threads end."""
        for pool in (self._pool, self._watch):
            pool.shutdown(wait=False, cancel_futures=True)


def _place_of(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino
