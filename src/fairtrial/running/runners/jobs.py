"""What a crew keeps in mind: work that was submitted, candidates that are asked together, workers, and how they are
reached.  Plain state; `crew` decides.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from fairtrial.engines import EngineSettings
from fairtrial.errors import EngineError
from fairtrial.planning.base import PlannedCandidate
from fairtrial.planning.plan import Plan
from fairtrial.records import Answer, Request
from fairtrial.running.runners.base import Keeps, RunnerWork
from fairtrial.running.runners.worker import WorkerSetup
from fairtrial.workers.base import WorkerLink


class EngineLink(WorkerLink, Protocol):
    """How a worker is reached that opens engines: it is sent `RunnerWork` and tells a `WorkerMessage` at a time.

    Attributes:
        machine: which machine it is on: the same text for the same machine.
        facts: about that machine and its software, as JSON values.
    """

    machine: str
    facts: Mapping[str, Any]


class WorkerHost(Protocol):
    """Where workers can be started.

    Attributes:
        kind: name of this way of running.
        most: workers at the same time, at most.
    """

    kind: str
    most: int

    @property
    def threads(self) -> int | None:
        """Return the processor threads of each engine; None lets the engine choose."""
        ...

    def has_room(self, needs: int, taken: int) -> bool:
        """Return whether there is memory for a worker that needs so many bytes, beside those that were given out."""
        ...

    def start(self, setup: WorkerSetup, needs: int, alone: bool) -> EngineLink:
        """Start a worker and wait until it is there.

        Args:
            setup: what it is told.
            needs: bytes of memory that it will need, as far as that is known.
            alone: it is to be timed: on the machine where all others are timed, too.

        Raises FairtrialError if it cannot be started at all, LostWorkerError if it was lost on the way.
        """
        ...

    def close(self) -> None:
        """Give back what was taken."""
        ...


@dataclass(eq=False)
class RunnerJob:
    """Work that was submitted.

    Attributes:
        work: what is left to do.
        keeper: is given answers as they come.
        group: who does it.
        rank: the smaller, the sooner.
        attempts: how many workers were lost over it since it last got on.
        kept: answers that were given one by one, by request id.
        outcome: what came of it, as a list of one value; empty as yet.
        error: what it raised.
        is_rest: its work is what was left of it when a worker was lost.
        is_over: whoever submitted it may know, for all its answers are kept.
        is_needless: nobody asks for it any more.
        is_check: it is asked of one worker, to compare machines.
    """

    work: RunnerWork[Any]
    keeper: Keeps
    group: CrewGroup
    rank: float
    attempts: int = 0
    kept: dict[str, Answer] = field(default_factory=dict)
    outcome: list[Any] = field(default_factory=list)
    error: Exception | None = None
    is_rest: bool = False
    is_over: bool = False
    is_needless: bool = False
    is_check: bool = False

    def keep(self, request: Request, answer: Answer) -> None:
        """Keep an answer that came before the work is done: work that gets on is not given up for lost workers."""
        self.kept[request.id] = answer
        self.attempts = 0


@dataclass(eq=False)
class CrewGroup:
    """Candidates whose engines one worker opens, because they are asked together: mostly one.

    Attributes:
        who: those candidates.
        here: their answers need a thread of this process and no more.
        needs: bytes of memory that a worker will need, as far as that is known.
        queue: work that no worker has, the most urgent first.
        crew: its workers.
        unfinished: jobs whose outcome nobody has taken.
        failed_starts: workers in a row that were lost before they were there.
    """

    who: tuple[PlannedCandidate, ...]
    here: bool
    needs: int
    queue: deque[RunnerJob] = field(default_factory=deque)
    crew: list[CrewWorker] = field(default_factory=list)
    unfinished: int = 0
    failed_starts: int = 0

    @property
    def name(self) -> str:
        """Return whose engines these are."""
        return ", ".join(one.name for one in self.who)


@dataclass(eq=False)
class CrewWorker:
    """One worker.

    Attributes:
        group: whose engines it has.
        link: how it is reached; None until it is there.
        jobs: what it was sent, the one that it is doing first.
        is_retired: it gets no more.
        checks: what it is asked before all else.
        beside: somebody else was working on its machine since its present work began.
    """

    group: CrewGroup
    link: EngineLink | None = None
    jobs: deque[RunnerJob] = field(default_factory=deque)
    is_retired: bool = False
    checks: deque[RunnerJob] = field(default_factory=deque)
    beside: bool = False


@dataclass
class CrewTerms:
    """What all workers of a crew are told.

    Attributes:
        plan: the trial.
        settings: how engines run, but for their threads.
        learned: values that levers have learned, by candidate id.
    """

    plan: Plan
    settings: EngineSettings
    learned: dict[str, float] = field(default_factory=dict)


def make_lost_error(job: RunnerJob, words: str) -> EngineError:
    """Return the error for work that ends whoever does it."""
    return EngineError(
        f"the worker {words}, and so it went {job.attempts} times with this work.",
        where=job.work.label,
        fix="Look for what ends it: too little memory (take fewer --workers), or an engine that crashes at these "
        "items. All other answers so far are kept.",
    )
