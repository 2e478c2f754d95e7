"""The one thread in which llama.cpp computes.

Processors with AMX keep a configuration of tiles for every thread.  ggml sets it once a thread; oneDNN, with which
torch computes in bfloat16, gives it up when it has finished.  Whoever then computes with ggml on the same thread is
ended by the processor (SIGILL).  So llama.cpp computes in a thread in which nothing else does.

It loads there, too: while it loads it calls back for its log, and Ctrl-C is heard in the main thread alone, where an
interruption that comes while C calls Python back would be lost.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

R = TypeVar("R")


class _Computing:
    """The thread of this process, begun when it is first needed; a forked process begins its own."""

    def __init__(self) -> None:
        self._owner = 0
        self._thread: ThreadPoolExecutor | None = None

    def get(self) -> ThreadPoolExecutor:
        if self._thread is None or self._owner != os.getpid():
            self._thread, self._owner = ThreadPoolExecutor(1, thread_name_prefix="llama.cpp"), os.getpid()
        return self._thread


_COMPUTING = _Computing()


def compute(function: Callable[..., R], *arguments: object) -> R:
    """Return what a function of llama.cpp's returns, computed in its own thread.

    An interruption is raised when the function has returned, for what it computes with may be freed next.
    """
    running = _COMPUTING.get().submit(function, *arguments)
    try:
        return running.result()
    except BaseException:
        wait([running])
        raise
