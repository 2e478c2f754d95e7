"""From a place, as users write it after ``--on``, to whoever has pieces done there."""

from __future__ import annotations

from fairtrial.machine import count_cores
from fairtrial.spreading.base import DoneHere, Spread
from fairtrial.spreading.gang import Gang
from fairtrial.spreading.hosts import SpreadProcessHost, SpreadRayHost, ThreadHost


def open_spread(kind: str, address: str = "", workers: int | None = None, waits: bool = False) -> Spread:
    """Return who has pieces done: in this process, in several, or on the machines of a Ray.

    Args:
        kind: ``local``, ``processes`` or ``ray``.
        address: of a Ray that is there; empty starts one here.
        workers: at the same time, at most; None takes one for each core.
        waits: the work waits for somebody else, and is done in threads of this process wherever it is to be done.

    Raises MissingExtraError if Ray is not installed, EngineError if none answers there.
    """
    if kind == "local":
        return DoneHere()
    if waits:
        return Gang(ThreadHost(workers or count_cores()))
    return Gang(SpreadRayHost(address, workers) if kind == "ray" else SpreadProcessHost(workers))
