"""A worker that is a thread of the conductor's process: for answers that are made elsewhere, or exist already.

It needs no memory to speak of, and keys stay where they are.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

from fairtrial.engines.settings import ReadImage
from fairtrial.machine import describe_machine
from fairtrial.planning.base import PlannedCandidate
from fairtrial.running.runners.base import RunnerWork
from fairtrial.running.runners.jobs import LostWorkerError
from fairtrial.running.runners.machines import name_machine
from fairtrial.running.runners.worker import EngineWorker, WorkerMessage, WorkerSetup

ENGINES_HERE = ("openai", "recorded")
"""Engines that need a thread and no more, where no lever works beside them."""


def is_here(candidate: PlannedCandidate) -> bool:
    """Return whether a candidate's worker is a thread of this process: hosted ones, records, and functions of it."""
    engines = {one.model.engine for one in candidate.models.values()}
    return "function" in engines or (not candidate.parts and engines <= {*ENGINES_HERE})


class ThreadLink:
    """See `fairtrial.running.runners.jobs.WorkerLink`."""

    def __init__(self, setup: WorkerSetup, read_image: ReadImage) -> None:
        self.machine = name_machine()
        self.facts: Mapping[str, Any] = describe_machine()
        self._inbox: SimpleQueue[RunnerWork[Any] | None] = SimpleQueue()
        self._outbox: SimpleQueue[WorkerMessage | None] = SimpleQueue()
        self._worker = EngineWorker(setup, self._outbox.put, read_image, elsewhere=False)
        threading.Thread(target=self._serve, name="engine", daemon=True).start()

    def _serve(self) -> None:
        while (work := self._inbox.get()) is not None:
            self._outbox.put(self._worker.do(work))

    def send(self, work: RunnerWork[Any]) -> None:
        """Send work."""
        self._inbox.put(work)

    def receive(self) -> WorkerMessage:
        """Return the next message.  Raises LostWorkerError when it was killed."""
        message = self._outbox.get()
        if message is None:
            raise LostWorkerError("was ended")
        return message

    def kill(self) -> None:
        """Give up what is under way."""
        self._inbox.put(None)
        self._outbox.put(None)
        with suppress(Exception):  # closed in the middle of its work
            self._worker.close()
