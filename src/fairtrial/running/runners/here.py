"""A worker that is a thread of the conductor's process: for answers that are made elsewhere, or exist already.

It needs no memory to speak of, and keys stay where they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from fairtrial.engines.settings import ReadImage
from fairtrial.machine import describe_machine
from fairtrial.planning.base import PlannedCandidate
from fairtrial.running.runners.machines import name_machine
from fairtrial.running.runners.worker import EngineWorker, WorkerSetup
from fairtrial.workers.threads import WorkerThread

ENGINES_HERE = ("openai", "recorded")
"""Engines that need a thread and no more, where no lever works beside them."""


def is_here(candidate: PlannedCandidate) -> bool:
    """Return whether a candidate's worker is a thread of this process: hosted ones, records, and functions of it."""
    engines = {one.model.engine for one in candidate.models.values()}
    return "function" in engines or (not candidate.parts and engines <= {*ENGINES_HERE})


class ThreadLink(WorkerThread):
    """See `fairtrial.running.runners.jobs.EngineLink`."""

    def __init__(self, setup: WorkerSetup, read_image: ReadImage) -> None:
        super().__init__(partial(EngineWorker, setup, read_image=read_image, elsewhere=False))
        self.machine = name_machine()
        self.facts: Mapping[str, Any] = describe_machine()
