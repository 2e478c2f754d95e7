"""The same jobs on many machines: by the executors of datatrove.  Every machine must see the folder of the run.

datatrove (https://github.com/huggingface/datatrove) brings executors for one machine, Ray and Slurm.  Each of its tasks
takes every n-th job; what is done is known by our own files, so that a run may go on with another executor.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from fairtrial.curation.jobs import CurationJob, OnDone
from fairtrial.errors import FairtrialError, MissingExtraError

ClusterKind = Literal["local", "ray", "slurm"]
CLASSES: dict[ClusterKind, tuple[str, str]] = {
    "local": ("datatrove.executor.local", "LocalPipelineExecutor"),
    "ray": ("datatrove.executor.ray", "RayPipelineExecutor"),
    "slurm": ("datatrove.executor.slurm", "SlurmPipelineExecutor"),
}

SEEN_AFTER = 15
"""Seconds after which files of another machine are seen here, and between two looks at Slurm's queue."""


@dataclass(frozen=True)
class RunShare:
    """A step of a datatrove pipeline: does every n-th job.  Takes no documents and gives none."""

    jobs: Sequence[CurationJob]

    def __call__(self, data: object = None, rank: int = 0, world_size: int = 1) -> None:
        """Do the jobs of a task."""
        for job in self.jobs[rank::world_size]:
            if not job.is_done():
                job.run()


class DatatroveExecutor:
    """Runs jobs by an executor of datatrove."""

    def __init__(self, kind: ClusterKind, workers: int, logs: Path, **settings: Any) -> None:
        """Run up to ``workers`` tasks at the same time.

        Args:
            kind: which of datatrove's executors.
            workers: tasks at the same time.
            logs: folder for datatrove's logs.
            settings: for that executor alone, by its own names, as ``time`` and ``partition`` of Slurm's.

        Raises MissingExtraError if datatrove, or what the executor needs, is not installed.
        """
        module, name = CLASSES[kind]
        try:
            self._make: Callable[..., Any] = getattr(import_module(module), name)
            if kind == "ray":
                import_module("ray")
        except ImportError as error:
            raise MissingExtraError(f"datatrove's executor {name}", "curate-cluster") from error
        self.kind, self.workers, self.logs, self.settings = kind, workers, logs, settings
        self._stage = 0

    def run(self, jobs: Sequence[CurationJob], on_done: OnDone) -> None:
        """Run those jobs that are not done; see `fairtrial.curation.jobs.Executor.run`."""
        open_jobs = [job for job in jobs if not job.is_done()]
        on_done(len(jobs) - len(open_jobs), len(jobs))
        if not open_jobs:
            return
        self._stage += 1
        tasks = min(len(open_jobs), self.workers)
        order = {"tasks": tasks, "workers": self.workers, "skip_completed": False, **self.settings}
        logs = str(self.logs / f"{self._stage:02d}")
        executor = self._make(pipeline=[RunShare(open_jobs)], logging_dir=logs, **order)
        executor.run()
        left = (
            _wait_for_slurm(str(getattr(executor, "job_id", "")), open_jobs)
            if self.kind == "slurm"
            else _list_open(open_jobs)
        )
        if left:
            raise FairtrialError(
                f"{len(left):,} of {len(open_jobs):,} jobs that datatrove's {self.kind} executor ran are not done.",
                fix=f"Its logs are in {logs}; every machine must see the folder of the run. The same command goes on.",
            )
        on_done(len(jobs), len(jobs))


def _list_open(jobs: Sequence[CurationJob]) -> list[CurationJob]:
    return [job for job in jobs if not job.is_done()]


def _wait_for_slurm(number: str, jobs: Sequence[CurationJob]) -> list[CurationJob]:
    """Wait until all jobs are done, or Slurm's queue no longer has the array that does them; return what is left."""
    while left := _list_open(jobs):
        found = subprocess.run(["squeue", "--noheader", "--jobs", number], capture_output=True, check=False)
        if not found.stdout.strip():
            time.sleep(SEEN_AFTER)
            return _list_open(jobs)
        time.sleep(SEEN_AFTER)
    return left
