"""What a runner is: it has work done by engines, somewhere, and hands back what came of it.

Work is a plain value that can be sent to another process.  Whoever conducts the trial submits it, may submit more
before it needs the first, and takes the outcomes in whatever order it likes.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

from fairtrial.measures import Whole
from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Answer, Request
from fairtrial.running.answering import OnAnswer
from fairtrial.running.pool import EnginePool
from fairtrial.running.runners.events import BeforeWait

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Keeps(Protocol):
    """Keeps answers that must not be lost, whatever becomes of the rest of their work."""

    def __call__(self, request: Request, answer: Answer) -> None:
        """Take an answer; it may be kept a little later."""
        ...

    def flush(self) -> None:
        """Keep all that were taken."""
        ...


class KeepsNothing:
    """Lets answers go."""

    def __call__(self, request: Request, answer: Answer) -> None:
        """Take an answer."""

    def flush(self) -> None:
        """Keep nothing."""


class RunnerWork(Protocol[T_co]):
    """Something that engines are to do: a frozen value that can be pickled."""

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return the candidates whose engines it needs."""
        ...

    @property
    def label(self) -> str:
        """Return what it is, for errors: ``candidate a, task b, from item 100``."""
        ...

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> T_co:
        """Do it with engines of a pool; ``on_answer`` is given what must be kept whatever happens."""
        ...


@runtime_checkable
class ShrinkingWork(Protocol):
    """Work of which a part may be done already when it is begun again elsewhere."""

    def without(self, answers: Mapping[str, Answer]) -> Any:
        """Return the work that is left when these requests, by id, are answered."""
        ...

    def join(self, answers: Mapping[str, Answer], outcome: Any) -> Any:
        """Return the outcome of all of it, given that of what was left."""
        ...


class Promise(Protocol[T_co]):
    """An outcome that is there now or later."""

    def result(self) -> T_co:
        """Return it; wait if need be.  Raises what the work raised."""
        ...


@dataclass(frozen=True, slots=True)
class KnownOutcome(Generic[T]):
    """A promise that is kept already."""

    value: T

    def result(self) -> T:
        """Return the outcome."""
        return self.value


class Runner(Protocol):
    """See `fairtrial.running.runners`.

    Attributes:
        pool: probes of the candidates; and their engines, where they are in this process.
        at_once: work is done when its outcome is asked for, so that nothing is gained by submitting it before.
    """

    pool: EnginePool
    at_once: bool

    def submit(self, work: RunnerWork[T], keeper: Keeps | None = None) -> Promise[T]:
        """Have work done.  ``keeper`` is given answers as they come, in the thread of whoever waits for outcomes."""
        ...

    def cancel(self, promise: Promise[Any]) -> None:
        """Have work not done that nobody needs any more; what is under way may go on, and is forgotten."""
        ...

    def count_room(self, candidate: PlannedCandidate) -> int:
        """Return how much more work of a candidate may be submitted ahead; nobody waits long for what is beyond."""
        ...

    def use_value(self, candidate: PlannedCandidate, value: float) -> None:
        """Let a candidate's lever use a value that was learned, wherever the candidate answers from now on."""
        ...

    def alone(self) -> AbstractContextManager[None]:
        """Within it, work has a machine for itself: as many threads as the engine likes, and no neighbour."""
        ...

    def call_before_waiting(self, call: BeforeWait) -> None:
        """Have something called whenever outcomes are waited for that are made elsewhere."""
        ...

    def all_wholes(self) -> Mapping[str, Whole]:
        """Return what is known by now of each candidate as a whole, by its id."""
        ...

    def describe(self) -> dict[str, Any]:
        """Return, as JSON values for the record of the run, where what was done; empty where it goes without saying."""
        ...

    def why_unmeasured(self, candidate: PlannedCandidate) -> Mapping[str, str]:
        """Return measures of a candidate that a budget cannot count in this way of running, and why."""
        ...
