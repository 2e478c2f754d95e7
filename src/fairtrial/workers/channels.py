"""A queue between a worker and whoever takes what it tells: short, so that the worker waits, and closed for good."""

from __future__ import annotations

import threading
from collections import deque
from typing import Any


class ChannelClosedError(Exception):
    """Nobody takes anything any more."""


class PartChannel:
    """Holds a few parts; who puts waits for room, who takes waits for a part."""

    def __init__(self, most: float) -> None:
        """Hold ``most`` parts at a time."""
        self._most = most
        self._held: deque[Any] = deque()
        self._changed = threading.Condition()
        self._closed = False

    def put(self, part: Any) -> None:
        """Add a part.  Raises ChannelClosedError if nobody takes any."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or len(self._held) < self._most)
            if self._closed:
                raise ChannelClosedError
            self._held.append(part)
            self._changed.notify_all()

    def take(self) -> Any:
        """Return the first part; wait for it.  Raises ChannelClosedError if none will come."""
        with self._changed:
            self._changed.wait_for(lambda: self._held or self._closed)
            if not self._held:
                raise ChannelClosedError
            part = self._held.popleft()
            self._changed.notify_all()
            return part

    def close(self) -> None:
        """Let nobody wait any more; what is held can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
