"""Threads that read ledgers for pages: each has files of its own open, since an open ledger belongs to one thread."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from fairtrial.ledger import Ledger
from fairtrial.ledger.examine import explain_damage

THREADS = 2

_T = TypeVar("_T")


class Readers:
    """Runs functions that read one ledger."""

    def __init__(self, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, "reader")
        self._own = threading.local()

    async def read(self, path: Path, function: Callable[..., _T], *given: object) -> _T:
        """Return what ``function(ledger, *given)`` returns.  Raises what it raises; LedgerError for a damaged file."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read, path, function, given)

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
        self._pool.shutdown(wait=False, cancel_futures=True)


def _place_of(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino
