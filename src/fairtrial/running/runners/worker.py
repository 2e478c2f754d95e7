"""What stands at the other end: opened engines that do one piece of work after another and tell what comes of it.

It lives in a program of its own (`serving`), in a thread of the conductor's process (`here`), or in an actor of Ray.
Knows no ledger but for images, and no plan.
"""

from __future__ import annotations

import pickle
import traceback
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
class Greeting:
    """A worker is there: facts about its machine and software, as JSON values."""

    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """An answer that must be kept, whatever becomes of the rest."""

    request: Request
    answer: Answer


@dataclass(frozen=True, slots=True)
class WorkerNote:
    """A line about what takes time."""

    text: str


@dataclass(frozen=True, slots=True)
class WorkDone:
    """The outcome of the work that was sent first."""

    value: Any


@dataclass(frozen=True, slots=True)
class WorkFailed:
    """What the work raised that was sent first."""

    error: Exception


WorkerMessage = Greeting | GivenAnswer | WorkerNote | WorkDone | WorkFailed
TellMessage = Callable[[WorkerMessage], None]


class EngineWorker:
    """Does work, one piece at a time; `close` frees the engines."""

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
            tell: is given all messages but the outcomes.
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

    def do(self, work: RunnerWork[Any]) -> WorkDone | WorkFailed:
        """Return the outcome of some work, or what it raised."""
        try:
            value = work.do(self._open(), lambda request, answer: self.tell(GivenAnswer(request, answer)))
            value = add_cells(work, value) if self._elsewhere else value
        except (Exception, SystemExit) as error:
            return WorkFailed(make_portable(error))
        return WorkDone(value)

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


def make_portable(error: BaseException) -> Exception:
    """Return an error as it can be sent to another process: as it is where that can be, else in words."""
    try:
        if isinstance(error, Exception) and isinstance(pickle.loads(pickle.dumps(error)), type(error)):
            return error
    except Exception:  # whatever its class does when it is packed
        pass
    return RuntimeError("".join(traceback.format_exception(error)))
