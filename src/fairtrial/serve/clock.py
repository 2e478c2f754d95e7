"""The machine's time, shared out: among desks that work at the same time, and at a desk among what it answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class MachineClock:
    """Seconds of one machine; those in which several desks work are split evenly between them."""

    def __init__(self, now: Callable[[], float] = time.perf_counter) -> None:
        self._now, self._lock = now, threading.Lock()
        self._working, self._last, self._shared = 0, 0.0, 0.0

    def begin(self) -> float:
        """Note that a desk begins to work; return what `end` wants."""
        with self._lock:
            self._settle()
            self._working += 1
            return self._shared

    def end(self, begun: float) -> float:
        """Note that it has ended; return its share of the time since."""
        with self._lock:
            self._settle()
            self._working -= 1
            return self._shared - begun

    def _settle(self) -> None:
        now = self._now()
        if self._working:
            self._shared += (now - self._last) / self._working
        self._last = now
