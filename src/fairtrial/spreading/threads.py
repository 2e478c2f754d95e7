"""Workers that are threads of this process: for work that waits for somebody else, such as a server."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

from fairtrial.spreading.base import SpreadTool, SpreadWork
from fairtrial.spreading.worker import do_piece


class ThreadHost:
    """See `fairtrial.spreading.base.HandHost`."""

    kind = "threads"

    def __init__(self, workers: int) -> None:
        """Let so many wait at the same time."""
        self.most, self.threads = workers, 1

    def start(self, work: SpreadWork[Any, Any], packed: bytes) -> ThreadHand:
        """Return a worker with a tool of its own."""
        return ThreadHand(work.open(self.threads, elsewhere=False))

    def close(self) -> None:
        """Do nothing: each tool is closed with its worker."""


class ThreadHand:
    """See `fairtrial.spreading.base.HandLink`."""

    def __init__(self, tool: SpreadTool[Any, Any]) -> None:
        self._tool = tool
        self._parts: Iterator[Any] = iter(())

    def send(self, packed: bytes) -> None:
        """Begin a piece."""
        self._parts = do_piece(self._tool, pickle.loads(packed))

    def receive(self) -> Any:
        """Return the next part."""
        return next(self._parts)

    def kill(self) -> None:
        """Give up what is under way."""
        self._tool.close()

    def close(self) -> None:
        """Free what the tool holds."""
        self._tool.close()
