"""What threads that listen to workers leave for whoever conducts the trial to do, in the order in which it came."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue

BeforeWait = Callable[[], float | None]
"""Is called before something is waited for; returns in how many seconds it wants to be called again, if at all."""


class CrewEvents:
    """Put by any thread, done by one.

    Attributes:
        before_wait: is called before that one waits.
    """

    def __init__(self) -> None:
        self.before_wait: BeforeWait = lambda: None
        self._queue: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def put(self, event: Callable[[], None]) -> None:
        """Leave something to be done."""
        self._queue.put(event)

    def do_all(self) -> None:
        """Do what is there; wait until there is something."""
        while not self._queue.qsize():
            with suppress(Empty):
                self._queue.get(timeout=self.before_wait())()
                break
        while self._queue.qsize():  # nobody else takes anything
            self._queue.get()()
