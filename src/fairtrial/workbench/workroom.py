"""Where heavy things are computed: in processes of their own, so that pages never wait for one another.

What was computed is kept under its key with the ledger's stamp.  Once the ledger has changed it is computed again, but
not more often than it takes, and meanwhile what was there before is given, and said to be of before.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import multiprocessing.process
import os
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import FairtrialError
from fairtrial.workbench.readers import Stamp

MOST_KEPT = 64
SLOW = ("findings",)
"""First words of keys of what takes longest: all verdicts of a trial."""
REST = 2.0
"""After a computation as many times its duration pass before the same is computed again."""
SOON = 0.08
"""Seconds that a page waits for what is not there yet."""

Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Kept:
    """What was computed.

    Attributes:
        value: the result; None where there is none yet, or an error.
        error: why there is none.
        fresh: whether it is about the ledger as it is now.
        at: when it was computed, seconds since the epoch.
        seconds: how long that took.
    """

    value: Any
    error: FairtrialError | None
    fresh: bool
    at: float = 0.0
    seconds: float = 0.0


@dataclass(slots=True)
class _Entry:
    stamp: Stamp
    value: Any
    error: FairtrialError | None
    at: float
    seconds: float


def make_worker() -> Executor:
    """Return a process that computes one thing after the other, and lets others go first."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(1, mp_context=context, initializer=_prepare)


def _prepare() -> None:
    with suppress(OSError, AttributeError):
        os.nice(5)
    if (parent := multiprocessing.parent_process()) is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    """End this process when another one does, however that ends."""
    parent.join()
    os._exit(1)


class Workroom:
    """Computes, keeps and gives.

    Args:
        make: makes what functions run in; a new one is made where one has died.
        soon: seconds that a page waits for what is not there yet.
        rest: see `REST`.
    """

    def __init__(self, make: Callable[[], Executor] = make_worker, soon: float = SOON, rest: float = REST) -> None:
        self._make, self._soon, self._rest = make, soon, rest
        self._executors: dict[bool, Executor] = {}
        self._kept: OrderedDict[Key, _Entry] = OrderedDict()
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    async def get(
        self, key: Key, stamp: Stamp, function: Callable[..., Any], *given: object, wait: bool = True
    ) -> Kept:
        """Return what a function of the module level gives for plain values, as far as it is known by now.

        Without ``wait`` it is begun where it is not known, and not waited for at all.
        """
        entry = self._kept.get(key)
        if entry is None or entry.stamp != stamp:
            rested = entry is None or time.time() - entry.at >= self._rest * entry.seconds
            if key not in self._tasks and rested:
                self._tasks[key] = asyncio.create_task(self._compute(key, stamp, function, given))
            if key in self._tasks and wait:
                await asyncio.wait({self._tasks[key]}, timeout=self._soon)
            entry = self._kept.get(key)
        if entry is None:
            return Kept(None, None, False)
        self._kept.move_to_end(key)
        return Kept(entry.value, entry.error, entry.stamp == stamp, entry.at, entry.seconds)

    async def run(self, function: Callable[..., Any], *given: object, slow: bool = True) -> Any:
        """Return what a function gives, and keep nothing.  Raises what it raises.

        What is slow has a process of its own, so that the rest does not wait for it.
        """
        if slow not in self._executors:
            self._executors[slow] = self._make()
        used = self._executors[slow]
        try:
            return await asyncio.get_running_loop().run_in_executor(used, function, *given)
        except BrokenExecutor as error:
            if self._executors.get(slow) is used:
                del self._executors[slow]
            raise FairtrialError(
                "the process that computes has died, probably for want of memory.", fix="Load the page again."
            ) from error

    async def run_here(self, function: Callable[..., Any], *given: object) -> Any:
        """Return what a short function gives that may wait for files, in a thread.  Raises what it raises."""
        return await asyncio.get_running_loop().run_in_executor(None, function, *given)

    async def _compute(self, key: Key, stamp: Stamp, function: Callable[..., Any], given: tuple[object, ...]) -> None:
        begun = time.time()
        value: Any = None
        error: FairtrialError | None = None
        try:
            value = await self.run(function, *given, slow=key[0] in SLOW)
        except FairtrialError as failed:
            error = failed
        except Exception as failed:
            error = FairtrialError(f"this cannot be computed: {type(failed).__name__}: {str(failed)[:300]}.")
        now = time.time()
        self._kept[key] = _Entry(stamp, value, error, now, now - begun)
        self._kept.move_to_end(key)
        while len(self._kept) > MOST_KEPT:
            self._kept.popitem(last=False)
        self._tasks.pop(key, None)

    def close(self) -> None:
        """Stop computing."""
        for task in self._tasks.values():
            task.cancel()
        for executor in self._executors.values():
            executor.shutdown(wait=False, cancel_futures=True)
