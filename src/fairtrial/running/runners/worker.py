"""What stands at the other end: opened engines that do one piece of work after another and tell what comes of it.

It lives in a program of its own, in a thread of the conductor's process (`here`), or in an actor of Ray (`remote`).
Knows no ledger but for images, and no plan.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from fairtrial.engines import EngineSettings
from fairtrial.engines.settings import ReadImage, refuse_image
from fairtrial.ledger.blobs import LedgerImageReader
from fairtrial.ledger.ready import make_cells
from fairtrial.levers import LearningLever
from fairtrial.measures import Meters, find_plugin_probes
from fairtrial.models import ResolvedModel
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Answer, Request
from fairtrial.running.answering import Answered, AnswerItems
from fairtrial.running.pool import EnginePool, open_pool
from fairtrial.running.runners.base import RunnerWork
from fairtrial.spec.trial import Trial
from fairtrial.workers.base import TellMessage, WorkEnded


@dataclass(frozen=True, slots=True)
class WorkerSetup:
    """What a worker is told before its first work.

    Attributes:
        who: the candidates whose engines it opens, when they are first needed.
        settings: how engines run there; what reads images and takes notes is its own.
        trial: which machine is stated, and which probes are wanted.
        predicted: bytes of memory that candidates were predicted to need, by their ids.
        learned: values that levers have learned, by the ids of those that use them.
        ledger: that has the images; None where they come with the work.
    """

    who: tuple[PlannedCandidate, ...]
    settings: EngineSettings
    trial: Trial
    predicted: Mapping[str, float] = field(default_factory=dict)
    learned: Mapping[str, float] = field(default_factory=dict)
    ledger: Path | None = None


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer that must be kept, whatever becomes of the rest."""

    request: Request
    answer: Answer


@dataclass(frozen=True, slots=True)
class WorkerNote:
    """A line about what takes time."""

    text: str


WorkerMessage = GivenAnswer | WorkerNote | WorkEnded


class EngineWorker:
    """Does work with engines that it opens; see `fairtrial.workers.base.WorkerService`."""

    def __init__(
        self,
        setup: WorkerSetup,
        tell: TellMessage,
        read_image: ReadImage | None = None,
        locate: Callable[[ResolvedModel], ResolvedModel] | None = None,
        elsewhere: bool = True,
    ) -> None:
        """Open no engine yet.

        Args:
            setup: whose engines, and how they run.
            tell: is given all messages but that work ended.
            read_image: gives the bytes of images; None reads them from the ledger of the setup.
            locate: says where a model's files are on this machine; None: where the trial was planned.
            elsewhere: it is not in the conductor's process, and does what it can for it.
        """
        self.setup, self.tell, self._locate, self._elsewhere = setup, tell, locate, elsewhere
        if read_image is None:
            read_image = LedgerImageReader(setup.ledger) if setup.ledger else refuse_image
        self._settings = replace(setup.settings, read_image=read_image, on_note=lambda text: tell(WorkerNote(text)))
        self._stack = ExitStack()
        self._pool: EnginePool | None = None

    def do(self, work: RunnerWork[Any]) -> Any:
        """Return the outcome of some work.  Raises what it raises."""
        value = work.do(self._open(), lambda request, answer: self.tell(GivenAnswer(request, answer)))
        return add_cells(work, value) if self._elsewhere else value

    def _open(self) -> EnginePool:
        """Return the pool, made at the first call."""
        if self._pool is None:
            setup = self.setup
            meters = Meters(setup.trial.machine)
            pool = self._stack.enter_context(open_pool(self._settings, meters, setup.predicted))
            pool.more_probes = find_plugin_probes(setup.trial)
            pool.locate = self._locate or pool.locate
            for part in {part.id: part for one in setup.who for part in one.with_parts()}.values():
                if part.id in setup.learned:
                    assert part.lever is not None and isinstance(part.lever.lever, LearningLever)
                    part.lever.lever.use_value(pool.get_engine(part), setup.learned[part.id])
            self._pool = pool
        return self._pool

    def close(self) -> None:
        """Close the engines; what is under way may fail."""
        self._stack.close()


def add_cells(work: object, outcome: object) -> object:
    """Return an outcome with the ledger's cells of its answers, if it has answers."""
    if not (isinstance(work, AnswerItems) and isinstance(outcome, Answered)):
        return outcome
    requests = {request.id: request for requests in work.items for request in requests}
    return replace(outcome, cells=make_cells(requests, outcome.answers))
