"""Workers that are threads of this process: for work that waits for somebody else, and within an actor of a Ray."""

from __future__ import annotations

import threading
from contextlib import suppress
from math import inf
from queue import SimpleQueue
from typing import Any

from fairtrial.workers.base import LostWorkerError, OpenService, end_work
from fairtrial.workers.channels import ChannelClosedError, PartChannel

WAITING = 4
"""Messages that wait at a worker, at most, where memory is not to grow with them."""


class WorkerThread:
    """See `fairtrial.workers.base.WorkerLink`."""

    def __init__(self, opens: OpenService, most: float = inf) -> None:
        """Open the service, and start a thread that does its work, and waits where ``most`` messages wait.

        Raises what prevents that.
        """
        self._inbox: SimpleQueue[Any] = SimpleQueue()
        self._outbox = PartChannel(most)
        self._service = opens(self._outbox.put)
        threading.Thread(target=self._serve, name="worker", daemon=True).start()

    def _serve(self) -> None:
        with suppress(ChannelClosedError):
            while (work := self._inbox.get()) is not None:
                self._outbox.put(end_work(self._service.do, work))

    def send(self, work: Any) -> None:
        """Send work."""
        self._inbox.put(work)

    def receive(self) -> Any:
        """Return the next message.  Raises LostWorkerError when it was killed."""
        try:
            return self._outbox.take()
        except ChannelClosedError:
            raise LostWorkerError("was ended") from None

    def kill(self) -> None:
        """Give up what is under way."""
        self._inbox.put(None)
        self._outbox.close()
        with suppress(Exception):  # closed in the middle of its work
            self._service.close()

    def close(self) -> None:
        """Give up what is under way."""
        self.kill()
