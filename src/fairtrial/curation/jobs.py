"""Independent jobs, each done once, on this machine: by this process, or by several.

A job leaves a file when it is done; whoever runs the same jobs again does only those that lack theirs.  So it does not
matter how many processes there are, in which order jobs are taken, or how often the run is killed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from fairtrial.spreading.gang import GangRun
from fairtrial.spreading.hosts import SpreadProcessHost

OnDone = Callable[[int, int], None]
"""Called with how many jobs are done, and of how many."""


class CurationJob(Protocol):
    """One piece of work: it can be sent to another process, and done again with the same outcome."""

    @property
    def label(self) -> str:
        """Return what it is, for errors; never a text of a row."""
        ...

    def is_done(self) -> bool:
        """Return whether its files are there."""
        ...

    def run(self) -> None:
        """Do it."""
        ...


class Executor(Protocol):
    """Runs jobs, all of them, somewhere."""

    def run(self, jobs: Sequence[CurationJob], on_done: OnDone) -> None:
        """Run those jobs that are not done.  Raises what a job raises; the others may be done or not."""
        ...


@dataclass(frozen=True)
class JobWork:
    """Does jobs in another process; see `fairtrial.spreading.base.SpreadWork`, and its tool."""

    packages: Sequence[str] = ()

    def open(self, threads: int, elsewhere: bool) -> JobWork:
        """Return this: a job needs nothing but itself."""
        return self

    def do(self, job: CurationJob) -> Iterator[None]:
        """Do a job, which leaves files and no parts."""
        job.run()
        yield from ()

    def name(self, job: CurationJob) -> str:
        """Return what a job is."""
        return job.label

    def close(self) -> None:
        """Hold nothing."""


class LocalExecutor:
    """Runs jobs on this machine.  A context manager: at its end the processes are gone.

    What a process was doing that is killed, another one does again.
    """

    def __init__(self, processes: int = 1) -> None:
        """Run jobs in so many processes; with 1 in this one."""
        self.processes = processes
        self._run: GangRun | None = None

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def run(self, jobs: Sequence[CurationJob], on_done: OnDone) -> None:
        """Run those jobs that are not done; see `Executor.run`."""
        left = [job for job in jobs if not job.is_done()]
        done = len(jobs) - len(left)
        on_done(done, len(jobs))
        for number, _ in enumerate(self._do(left), done + 1):
            on_done(number, len(jobs))

    def _do(self, jobs: Sequence[CurationJob]) -> Iterator[CurationJob]:
        """Yield jobs as they are done."""
        if self.processes == 1 or len(jobs) < 2:
            for job in jobs:
                job.run()
                yield job
            return
        if self._run is None:
            self._run = GangRun(SpreadProcessHost(self.processes), JobWork())
        try:
            yield from self._run.finish(jobs)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all processes, at once."""
        if self._run is not None:
            self._run.close()
        self._run = None
