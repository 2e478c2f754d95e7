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


def read_place(written: str, workers: int | None = None, cannot: str = "answers cannot be made") -> RunnerPlace:
    """Return what was written as a place.  Raises SpecError for what is none, which begins with ``cannot``."""
    kind, colon, rest = written.strip().partition(":")
    if kind not in KINDS:
        raise SpecError(f"{cannot} on {written[:80]!r}.{did_you_mean(kind.lower(), KINDS)}", fix=ALLOWED)
    if workers is not None and workers < 1:
        raise SpecError(f"{workers} workers are too few.", fix="Take 1 or more, or leave the number out.")
    if kind == "local" and workers not in (None, 1):
        raise SpecError(
            f"{workers} workers, and local does one thing at a time.", fix="Write --on processes beside it."
        )
    if not colon:
        return RunnerPlace(kind, "", workers)
    if kind != "ray" or not ADDRESS.fullmatch(rest):
        raise SpecError(f"{cannot} on {written[:80]!r}.{_guess_meant(kind, rest)}", fix=ALLOWED)
    return RunnerPlace(kind, rest, workers)


def _guess_meant(kind: str, rest: str) -> str:
    """Return what was probably meant, as a sentence with a space before it; empty if nobody knows."""
    bare = rest.removeprefix("//").rstrip("/")
    if kind == "ray" and bare != rest and ADDRESS.fullmatch(bare):
        return f" Did you mean 'ray:{bare}'?"
    if kind == "processes" and rest.isdecimal():
        return f" Did you mean '--on processes --workers {rest}'?"
    return ""
