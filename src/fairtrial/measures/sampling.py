"""Doing something again and again while a batch is answered, in a thread of its own.  Knows not what."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType

import psutil

LOOK_SECONDS = 1.0
"""Between two looks whether something was told."""


class RepeatingTimer:
    """Calls ``action`` every ``seconds`` between `start` and `stop`; never after `stop` has returned.

    An exception ends the calls and is raised by `stop`.
    """

    def __init__(self, action: Callable[[], None], seconds: float) -> None:
        self.action = action
        self.seconds = seconds
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def start(self) -> None:
        """Begin to call."""
        self._over.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name="fairtrial-meter", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the calls; wait for one that runs."""
        if self._thread is None:
            return
        self._over.set()
        self._thread.join()
        self._thread = None
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        while not self._over.wait(self.seconds):
            try:
                self.action()
            except Exception as error:
                self._error = error  # raised by stop(), where somebody listens
                return


class Heartbeat:
    """Passes lines on, and says that something still goes on where none has come for ``seconds``.

    A context manager: what is told outside of it is passed on, and nothing is added.
    """

    def __init__(self, tell: Callable[[str], None], seconds: float) -> None:
        self._tell, self._seconds = tell, seconds
        self._doing, self._begun = "", time.monotonic()
        self._told = self._begun
        self._timer = RepeatingTimer(self._look, min(LOOK_SECONDS, seconds))

    def tell(self, line: str) -> None:
        """Pass a line on."""
        self._told = time.monotonic()
        self._tell(line)

    def begin(self, doing: str) -> None:
        """Name what is being done from now on, e.g. ``reading the model``."""
        self._doing, self._begun = doing, time.monotonic()
        self._told = self._begun

    def _look(self) -> None:
        now = time.monotonic()
        if self._doing and now - self._told >= self._seconds:
            held = psutil.Process().memory_info().rss / 1e9
            self.tell(f"still {self._doing}: {now - self._begun:.0f} s, {held:.1f} GB in memory so far")

    def __enter__(self) -> Heartbeat:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._timer.stop()
