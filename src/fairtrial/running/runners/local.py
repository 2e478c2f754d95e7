"""The plain way: one engine works at a time, in this process and thread, when its outcome is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from fairtrial.levers import LearningLever
from fairtrial.measures import Whole
from fairtrial.planning.base import PlannedCandidate
from fairtrial.running.pool import EnginePool
from fairtrial.running.runners.base import Keeps, KeepsNothing, Promise, RunnerWork
from fairtrial.running.runners.events import BeforeWait

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class LocalPromise(Generic[T]):
    """Work that is done when its outcome is asked for."""

    work: RunnerWork[T]
    pool: EnginePool
    keeper: Keeps

    def result(self) -> T:
        """Do it.  Raises what it raises."""
        try:
            return self.work.do(self.pool, self.keeper)
        finally:
            self.keeper.flush()


class LocalRunner:
    """See `fairtrial.running.runners.base.Runner`."""

    at_once = True

    def __init__(self, pool: EnginePool) -> None:
        self.pool = pool

    def submit(self, work: RunnerWork[T], keeper: Keeps | None = None) -> Promise[T]:
        """Return work that is done when its outcome is asked for."""
        return LocalPromise(work, self.pool, keeper or KeepsNothing())

    def cancel(self, promise: Promise[Any]) -> None:
        """Do nothing: it was not begun."""

    def count_room(self, candidate: PlannedCandidate) -> int:
        """Return 0: nothing is done ahead."""
        return 0

    def use_value(self, candidate: PlannedCandidate, value: float) -> None:
        """Let a candidate's lever use a value that was learned."""
        assert candidate.lever is not None and isinstance(candidate.lever.lever, LearningLever)
        candidate.lever.lever.use_value(self.pool.get_engine(candidate), value)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Change nothing: there is no neighbour."""
        yield

    def call_before_waiting(self, call: BeforeWait) -> None:
        """Do nothing: nobody waits."""

    def all_wholes(self) -> Mapping[str, Whole]:
        """Return what is known by now of each candidate as a whole, by its id."""
        return self.pool.all_wholes()

    def describe(self) -> dict[str, Any]:
        """Return nothing: the record of the run tells the machine."""
        return {}

    def why_unmeasured(self, candidate: PlannedCandidate) -> Mapping[str, str]:
        """Return nothing: no engine works beside another."""
        return {}
