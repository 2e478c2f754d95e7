"""Where the work of a trial is done: one file a way, behind the protocol `base.Runner`.

``base`` says what a runner is; ``local`` has one engine work at a time in this process; ``processes`` and ``ray`` have
several work at once, and share ``crew`` (who does what next), ``worker`` (what stands at the other end) and
``neighbours`` (what cannot be measured there).  None of them knows the ledger.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from fairtrial.planning.plan import Plan
from fairtrial.running.pool import EnginePool
from fairtrial.running.runners.base import Runner
from fairtrial.running.runners.crew import WorkerCrew
from fairtrial.running.runners.here import ThreadLink
from fairtrial.running.runners.jobs import CrewTerms, WorkerHost
from fairtrial.running.runners.local import LocalRunner
from fairtrial.running.runners.places import HERE, KINDS, RunnerPlace, read_place
from fairtrial.running.runners.processes import ProcessHost
from fairtrial.running.runners.ray import RayHost

__all__ = ["HERE", "KINDS", "Runner", "RunnerPlace", "open_runner", "read_place"]


@contextmanager
def open_runner(place: RunnerPlace, pool: EnginePool, plan: Plan, ledger: Path) -> Iterator[Runner]:
    """Yield a runner, and end its workers at the end.

    Args:
        place: where answers are made.
        pool: of this process.
        plan: the trial.
        ledger: that has the images.

    Raises MissingExtraError if what is needed for that place is not installed, EngineError if it cannot be reached.
    """
    if place.kind == "local":
        yield LocalRunner(pool)
        return
    terms = CrewTerms(plan, pool.settings)
    host = open_host(place, pool, ledger)
    with closing(WorkerCrew(host, pool, terms, lambda told: ThreadLink(told, pool.settings.read_image))) as crew:
        yield crew


def open_host(place: RunnerPlace, pool: EnginePool, ledger: Path) -> WorkerHost:
    """Return where workers can be started."""
    if place.kind == "ray":
        return RayHost(place.address, place.workers, pool.settings.threads, pool.settings.read_image)
    return ProcessHost(ledger, place.workers, pool.settings.threads)
