"""Where the work of ``fairtrial archive`` is done: what is written after ``--on``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass

from fairtrial.running.runners.places import RunnerPlace, read_place
from fairtrial.spreading.base import Spread
from fairtrial.spreading.opening import open_spread


@dataclass(frozen=True, slots=True)
class SpreadPlace:
    """Where pieces are done, as it was written."""

    place: RunnerPlace

    def open(self, waits: bool = False) -> closing[Spread]:
        """Return who has pieces done there, as a context; ``waits``: they only wait for somebody else."""
        return closing(open_spread(self.place.kind, self.place.address, self.place.workers, waits))


def read_spread(on: str, workers: int | None, cannot: str) -> SpreadPlace:
    """Return where pieces are to be done.  Raises SpecError for what is no place."""
    return SpreadPlace(read_place(on, workers, cannot))
