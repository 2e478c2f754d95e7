"""What is known of candidates before they are served: whether side by side they have room."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from fairtrial.engines import EngineSettings
from fairtrial.errors import BudgetError, SpecError
from fairtrial.planning.base import PlannedCandidate
from fairtrial.running.memory_fit import predict_candidate
from fairtrial.serve.hall import DEFAULT, FORMER
from fairtrial.spec.device import format_gigabytes


def check_together(found: Sequence[tuple[str, PlannedCandidate]], settings: EngineSettings) -> None:
    """Check candidates with their names, if there are several.

    Raises:
        SpecError: two have one name, or are one and the same.
        BudgetError: together they are predicted to need more memory than is free.
    """
    if len(found) < 2:
        return
    names = [name for name, _ in found]
    if twice := [name for number, name in enumerate(names) if name in names[:number]]:
        raise SpecError(
            f"two candidates are called {twice[0]!r}; a client names whom it asks.", fix="Give one of them another id."
        )
    ids = {candidate.id: name for name, candidate in found}
    if len(ids) < len(found):
        same = next(name for name, candidate in found if ids[candidate.id] != name)
        raise SpecError(f"{same} and {ids[dict(found)[same].id]} are the same candidate.", fix="Serve it once.")
    if other := next((name for name in (DEFAULT, FORMER) if name in names[1:]), ""):
        raise SpecError(f"{other!r} is another name of the first candidate.", fix="Name that one first.")
    _check_memory(found, settings)


def _check_memory(found: Sequence[tuple[str, PlannedCandidate]], settings: EngineSettings) -> None:
    """Raise BudgetError where what is predicted is more than is free; what cannot be predicted is not counted."""
    needs = {name: predict_candidate(candidate, (), settings)["memory"] for name, candidate in found}
    known = {name: int(need["full"]) for name, need in needs.items() if need}
    free = int(psutil.virtual_memory().available)
    if sum(known.values()) > free:
        listed = ", ".join(f"{name} {format_gigabytes(size)}" for name, size in known.items())
        raise BudgetError(
            f"together they need {format_gigabytes(sum(known.values()))} of memory, predicted ({listed}); "
            f"{format_gigabytes(free)} are free.",
            fix="Serve fewer of them, or smaller ones, or with a smaller `context`.",
        )
