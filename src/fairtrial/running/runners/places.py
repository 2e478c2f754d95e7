"""What may be written after ``--on``: where the answers of a trial are made."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fairtrial.errors import SpecError, did_you_mean

KINDS = ("local", "processes", "ray")
ALLOWED = "Write local, processes, ray (one is started here) or ray:ADDRESS (as `ray start` tells it)."
ADDRESS = re.compile(r"[\w.\[\]-][\w.:\[\]-]*")


@dataclass(frozen=True, slots=True)
class RunnerPlace:
    """Where answers are made, as far as that must not change them.

    Attributes:
        kind: ``local``, ``processes`` or ``ray``.
        address: of the Ray that is joined; empty starts one here.
        workers: engines that work at the same time, at most; None takes what suits the machines.
    """

    kind: str = "local"
    address: str = ""
    workers: int | None = None


HERE = RunnerPlace()


def read_place(written: str, workers: int | None = None) -> RunnerPlace:
    """Return what was written as a place.  Raises SpecError for what is none."""
    kind, colon, rest = written.strip().partition(":")
    if kind not in KINDS:
        raise SpecError(f"answers cannot be made on {written!r}.{did_you_mean(kind, KINDS)}", fix=ALLOWED)
    if workers is not None and workers < 1:
        raise SpecError(f"{workers} workers are too few.", fix="Take 1 or more, or leave the number out.")
    if kind == "local" and workers not in (None, 1):
        raise SpecError(
            f"{workers} workers, and local has one engine work at a time.", fix="Write --on processes beside it."
        )
    if not colon:
        return RunnerPlace(kind, "", workers)
    if kind != "ray" or not ADDRESS.fullmatch(rest):
        raise SpecError(f"answers cannot be made on {written!r}.", fix=ALLOWED)
    return RunnerPlace(kind, rest, workers)
