"""Doing something again and again while a batch is answered, in a thread of its own.  Knows not what."""

from __future__ import annotations

import threading
from collections.abc import Callable


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
