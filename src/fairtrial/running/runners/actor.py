"""What an actor of Ray does: it holds opened engines, takes files of models, and answers.  Knows nothing of Ray itself.

Work and messages are bytes that this module alone packs and reads, so that Ray, its logs and its errors never show what
is in them.
"""

from __future__ import annotations

import os
import pickle
import threading
from collections.abc import Iterator, Mapping
from queue import SimpleQueue
from typing import Any

from fairtrial.engines.settings import refuse_image
from fairtrial.machine import describe_machine
from fairtrial.records import ImagePart
from fairtrial.running.runners.base import RunnerWork
from fairtrial.running.runners.machines import name_machine
from fairtrial.running.runners.shipping import NodeFiles, ShippedPath, find_lacking
from fairtrial.running.runners.worker import EngineWorker, WorkDone, WorkerMessage, WorkFailed


class EngineActor:
    """See `fairtrial.running.runners.ray`."""

    def __init__(self) -> None:
        self._files = NodeFiles()
        self._images: dict[str, bytes] = {}
        self._inbox: SimpleQueue[RunnerWork[Any]] = SimpleQueue()
        self._outbox: SimpleQueue[WorkerMessage] = SimpleQueue()

    def greet(self) -> tuple[str, Mapping[str, Any], int]:
        """Return which machine this is, facts about it, and the number of this process."""
        return name_machine(), describe_machine(), os.getpid()

    def list_missing(self, packed: bytes) -> tuple[list[str], list[str]]:
        """Return which paths of models are to be sent, and in words what else is not here."""
        shipped, needed = pickle.loads(packed)
        return [one.path for one in shipped if not self._files.find(one)], find_lacking(needed)

    def take_piece(self, shipped: bytes, name: str, at: int, data: bytes) -> None:
        """Take a piece of a file."""
        self._files.take(pickle.loads(shipped), name, at, data)

    def finish_path(self, shipped: bytes) -> None:
        """Verify and keep what was taken."""
        path: ShippedPath = pickle.loads(shipped)
        self._files.finish(path)

    def set_up(self, packed: bytes) -> None:
        """Learn whose engines these are."""
        worker = EngineWorker(pickle.loads(packed), self._outbox.put, self._read_image, self._files.locate)

        def serve() -> None:
            while True:
                self._outbox.put(worker.do(self._inbox.get()))

        threading.Thread(target=serve, name="engine", daemon=True).start()

    def _read_image(self, image: ImagePart) -> bytes:
        return self._images[image.hash] if image.hash in self._images else refuse_image(image)

    def do(self, packed: bytes) -> Iterator[bytes]:
        """Yield what some work comes to, message by message."""
        work, self._images = pickle.loads(packed)
        self._inbox.put(work)
        while True:
            message = self._outbox.get()
            yield pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
            if isinstance(message, WorkDone | WorkFailed):
                return
