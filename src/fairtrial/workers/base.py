"""What a worker is: it opens a service, is given one thing after another to do, and tells what comes of each."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from fairtrial.errors import FairtrialError

TellMessage = Callable[[Any], None]


class WorkerService(Protocol):
    """What does the work in a worker, one thing at a time."""

    def do(self, work: Any) -> Any:
        """Do some work and return its outcome.  Raises whatever prevents it."""
        ...

    def close(self) -> None:
        """Free what it holds; work that is under way may fail."""
        ...


OpenService = Callable[[TellMessage], WorkerService]
"""Opens a service, which tells by what it is given here what comes of its work on the way; can be pickled."""


@dataclass(frozen=True, slots=True)
class WorkEnded:
    """Some work is over, or the service is open: the outcome, or the error that was raised."""

    value: Any = None
    error: Exception | None = None

    def result(self) -> Any:
        """Return the outcome.  Raises what the work raised."""
        if self.error is not None:
            raise self.error
        return self.value


class LostWorkerError(Exception):
    """A worker is gone; the message ends a sentence that begins with *a worker*."""


class NoPlaceError(LostWorkerError):
    """There was no place for a worker in time; ``fix`` says what to do."""

    def __init__(self, message: str, fix: str) -> None:
        super().__init__(message)
        self.fix = fix


class WorkerLink(Protocol):
    """How a worker is reached that has its service open."""

    def send(self, work: Any) -> None:
        """Send work, at once, whatever the worker is doing; where it is gone, `receive` says so."""
        ...

    def receive(self) -> Any:
        """Return the next message; some work's last one is a `WorkEnded`.  Raises LostWorkerError if it is gone."""
        ...

    def kill(self) -> None:
        """End it, whatever it is doing; any thread may."""
        ...

    def close(self) -> None:
        """End it, and free what this end holds."""
        ...


def end_work(do: Callable[..., Any], *given: Any) -> WorkEnded:
    """Call something and return what came of it."""
    try:
        return WorkEnded(do(*given))
    except (Exception, SystemExit) as error:
        return WorkEnded(error=make_sendable(error))


def make_sendable(error: BaseException) -> Exception:
    """Return an error as another process can read it: as it is where that can be, else in words."""
    try:
        if isinstance(error, Exception) and isinstance(pickle.loads(pickle.dumps(error)), type(error)):
            return error
    except Exception:  # whatever its class does when it is packed
        pass
    return RuntimeError("".join(traceback.format_exception(error)))


def add_place(place: str, error: FairtrialError) -> FairtrialError:
    """Return an error of a worker's, with where the worker was."""
    told = type(error).__new__(type(error), error.message)
    vars(told).update(vars(error))
    told.where = f"{place}, {error.where}" if error.where else place
    return told


def share_cores(cores: float, workers: int | None, threads: int | None = None) -> tuple[int, int]:
    """Return how many workers there may be at the same time, and how many threads each has.

    Args:
        cores: that there are for all.
        workers: None takes one for each core, or for so many cores as each has threads.
        threads: None divides the cores.
    """
    most = workers or max(1, int(cores) // (threads or 1))
    return most, threads or max(1, int(cores) // most)
