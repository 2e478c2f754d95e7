"""How many requests are under way at a time: more as long as all goes well, half as many when the server pushes back.

Additive increase, multiplicative decrease, as TCP does (Chiu and Jain 1989, doi:10.1016/0169-7552(89)90019-6).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Throttle:
    """Shared by all threads of one engine.

    Attributes:
        most: requests at a time at best.
        limit: requests at a time now.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = float(most)
        self._running = 0
        self._until = 0.0
        self._closed = False
        self._changed = threading.Condition()

    @contextmanager
    def wait_for_slot(self) -> Iterator[None]:
        """Wait for room, and for the end of any pause; raises RuntimeError once closed."""
        with self._changed:
            while not self._closed and (self._running >= max(1, int(self.limit)) or time.monotonic() < self._until):
                left = self._until - time.monotonic()
                self._changed.wait(left if left > 0 else None)
            if self._closed:
                raise RuntimeError("closed")
            self._running += 1
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def went_well(self) -> None:
        """A request was answered."""
        with self._changed:
            self.limit = min(float(self.most), self.limit + 1 / self.limit)
            self._changed.notify_all()

    def push_back(self, seconds: float) -> None:
        """The server has had enough: half as many from now on, and none for so many seconds."""
        with self._changed:
            self.limit = max(1.0, self.limit / 2)
            self._until = max(self._until, time.monotonic() + seconds)

    def wait(self, seconds: float) -> None:
        """Sleep, or less if the engine is closed meanwhile."""
        end = time.monotonic() + seconds
        with self._changed:
            while not self._closed and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)

    def close(self) -> None:
        """Let nobody wait any longer."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
