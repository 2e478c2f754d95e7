"""What an actor of Ray does: it opens a service and does its work.  Knows nothing of Ray itself.

What goes in and out is bytes that this project alone packs and reads, so that Ray, its logs and its errors never show
what is in them.
"""

from __future__ import annotations

import pickle
import platform
from collections.abc import Iterator, Sequence

from fairtrial.machine import package_version
from fairtrial.workers.base import WorkEnded, end_work
from fairtrial.workers.threads import WAITING, WorkerThread


def list_software(packages: Sequence[str]) -> dict[str, str]:
    """Return what of this machine's software can change what comes of some work: name to version, empty if none."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python} | {name: package_version(name) or "" for name in ("fairtrial", *packages)}


class WorkerActor:
    """See `fairtrial.workers.ray`."""

    def __init__(self) -> None:
        self._thread: WorkerThread | None = None

    def greet(self, packages: Sequence[str]) -> dict[str, str]:
        """Return this machine's software."""
        return list_software(packages)

    def open(self, packed: bytes) -> bytes:
        """Open the service; return `WorkEnded`."""

        def open_service() -> None:
            self._thread = WorkerThread(pickle.loads(packed), WAITING)

        return pickle.dumps(end_work(open_service))

    def do(self, packed: bytes) -> Iterator[bytes]:
        """Yield what some work comes to, message by message."""
        assert self._thread is not None
        self._thread.send(pickle.loads(packed))
        while True:
            message = self._thread.receive()
            yield pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
            if isinstance(message, WorkEnded):
                return
