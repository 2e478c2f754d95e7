"""Independent jobs, each done once, on this machine: by this process, or by several.

A job leaves a file when it is done; whoever runs the same jobs again does only those that lack theirs.  So it does not
matter how many processes there are, in which order jobs are taken, or how often the run is killed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from queue import Empty, Queue
from typing import IO, Protocol

from fairtrial.errors import FairtrialError

OnDone = Callable[[int, int], None]
"""Called with how many jobs are done, and of how many."""


class CurationJob(Protocol):
    """One piece of work: it can be sent to another process, and done again with the same outcome."""

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


class LocalExecutor:
    """Runs jobs on this machine.  A context manager: at its end the processes are gone.

    The processes are programs of their own (`fairtrial.curation.worker`) and know nothing of the program that started
    them, so that a script without ``if __name__ == "__main__"`` can start them, and one with threads may.
    """

    def __init__(self, processes: int = 1) -> None:
        """Run jobs in so many processes; with 1 in this one."""
        self.processes = processes
        self._workers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> LocalExecutor:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def run(self, jobs: Sequence[CurationJob], on_done: OnDone) -> None:
        """Run those jobs that are not done; see `Executor.run`."""
        left = [job for job in jobs if not job.is_done()]
        done = len(jobs) - len(left)
        on_done(done, len(jobs))
        if self.processes == 1 or len(left) < 2:
            for number, job in enumerate(left, 1):
                job.run()
                on_done(done + number, len(jobs))
            return
        while len(self._workers) < min(self.processes, len(left)):
            self._workers.append(_start_worker())
        waiting: Queue[CurationJob] = Queue()
        ended: Queue[Exception | None] = Queue()
        for job in left:
            waiting.put(job)
        for worker in self._workers:
            threading.Thread(target=_serve, args=(worker, waiting, ended), daemon=True).start()
        try:
            for number in range(1, len(left) + 1):
                if error := ended.get():
                    raise error
                on_done(done + number, len(jobs))
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """End all processes, at once."""
        for worker in self._workers:
            worker.kill()
        for worker in self._workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout):
                if pipe is not None:
                    with contextlib.suppress(OSError):
                        pipe.close()
        self._workers = []


def _serve(worker: subprocess.Popen[bytes], waiting: Queue[CurationJob], ended: Queue[Exception | None]) -> None:
    """Have a process do jobs until none waits; tell what became of each."""
    assert worker.stdin is not None and worker.stdout is not None
    while True:
        try:
            job = waiting.get_nowait()
        except Empty:
            return
        try:
            send(worker.stdin, job)
            error = pickle.load(worker.stdout)  # from our own process
        except (OSError, EOFError, ValueError, pickle.UnpicklingError):
            ended.put(_explain_end(worker))
            return
        ended.put(error)
        if error is not None:
            return


def send(pipe: IO[bytes], value: object) -> None:
    """Write a value for another process of ours."""
    pickle.dump(value, pipe)
    pipe.flush()


def _start_worker() -> subprocess.Popen[bytes]:
    found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-m", "fairtrial.curation.worker"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=found)


def _explain_end(process: subprocess.Popen[bytes]) -> FairtrialError:
    code = process.wait()
    how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
    return FairtrialError(
        f"a process of this run ended {how}, perhaps for want of memory.",
        fix="Run the same again, which goes on from here; with fewer processes if memory is short.",
    )
