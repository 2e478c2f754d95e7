"""Several engines side by side on this machine, each in a process of its own, as many as memory and threads allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from fairtrial.machine import count_cores, describe_machine
from fairtrial.running.runners.machines import name_machine
from fairtrial.running.runners.worker import EngineWorker, WorkerSetup
from fairtrial.workers.base import share_cores
from fairtrial.workers.processes import WorkerProcess

SPARE = 0.9
"""Share of the memory that is free at the beginning that workers may take."""


class ProcessHost:
    """See `fairtrial.running.runners.jobs.WorkerHost`."""

    kind = "processes"

    def __init__(self, ledger: Path, workers: int | None, threads: int | None) -> None:
        """Start as many workers as there are cores for, and memory.

        Args:
            ledger: that has the images.
            workers: at the same time, at most; None: one for each core, or for so many cores as each has threads.
            threads: of each; None divides the cores.
        """
        self.most, self.threads = share_cores(count_cores(), workers, threads)
        self.ledger, self.facts = ledger, describe_machine()
        self.free = round(SPARE * psutil.virtual_memory().available)

    def has_room(self, needs: int, taken: int) -> bool:
        """Return whether the memory that was free at the beginning has room for one more."""
        return taken + needs <= self.free

    def start(self, setup: WorkerSetup, needs: int, alone: bool) -> ProcessLink:
        """Start a process and wait until it is there."""
        return ProcessLink(replace(setup, ledger=self.ledger), self.facts)

    def close(self) -> None:
        """Do nothing: whoever started processes has ended them."""


class ProcessLink(WorkerProcess):
    """See `fairtrial.running.runners.jobs.EngineLink`."""

    def __init__(self, setup: WorkerSetup, facts: Mapping[str, Any]) -> None:
        super().__init__(partial(EngineWorker, setup))
        self.machine, self.facts = name_machine(), facts
