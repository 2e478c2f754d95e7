"""Where pieces are done: in threads of this process, in processes of this machine, on the machines of a Ray."""

from __future__ import annotations

from functools import partial
from typing import Any

from fairtrial.machine import count_cores
from fairtrial.spreading.base import SpreadWork
from fairtrial.workers.base import TellMessage, share_cores
from fairtrial.workers.processes import WorkerProcess
from fairtrial.workers.ray import ActorLink, JoinedRay
from fairtrial.workers.threads import WAITING, WorkerThread


class PieceService:
    """Does pieces, and tells their parts; see `fairtrial.workers.base.WorkerService`."""

    def __init__(self, work: SpreadWork[Any, Any], threads: int, elsewhere: bool, tell: TellMessage) -> None:
        """Open the work's tool; see `SpreadWork.open`."""
        self._tool, self._tell = work.open(threads, elsewhere), tell

    def do(self, piece: Any) -> None:
        """Tell the parts of a piece."""
        for part in self._tool.do(piece):
            self._tell(part)

    def close(self) -> None:
        """Free what the tool holds."""
        self._tool.close()


class ThreadHost:
    """See `fairtrial.spreading.base.GangHost`."""

    kind = "threads"

    def __init__(self, workers: int) -> None:
        """Let so many wait at the same time."""
        self.most = workers

    def start(self, work: SpreadWork[Any, Any]) -> WorkerThread:
        """Return a worker with a tool of its own."""
        return WorkerThread(partial(PieceService, work, 1, False), WAITING)

    def close(self) -> None:
        """Do nothing: each tool is closed with its worker."""


class SpreadProcessHost:
    """See `fairtrial.spreading.base.GangHost`."""

    kind = "processes"

    def __init__(self, workers: int | None = None) -> None:
        """Start so many workers at most; None: one for each core."""
        self.most, self.threads = share_cores(count_cores(), workers)

    def start(self, work: SpreadWork[Any, Any]) -> WorkerProcess:
        """Start a process, and wait until it is ready."""
        return WorkerProcess(partial(PieceService, work, self.threads, False))

    def close(self) -> None:
        """Do nothing: whoever started processes has ended them."""


class SpreadRayHost(JoinedRay):
    """See `fairtrial.spreading.base.GangHost`."""

    def start(self, work: SpreadWork[Any, Any]) -> ActorLink:
        """Have an actor placed, and wait until it is ready."""
        return ActorLink(self, partial(PieceService, work, self.threads, True), work.packages)
