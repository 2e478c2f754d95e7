"""Candidates at several lengths of thinking, as the study reasoning-per-token makes them of one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fairtrial.spec.candidate import Candidate
from fairtrial.spec.section import LONGEST_NAME, make_problem
from fairtrial.spec.study import ReasoningPerToken
from fairtrial.spec.think import Think, find_length


def make_lengths(candidates: Sequence[Candidate], study: Any) -> tuple[Candidate, ...]:
    """Return a trial's candidates, each without a length of its own in all lengths of the study, if that names some.

    Raises pydantic's error for a name that gets too long.
    """
    lengths = study.list_lengths() if isinstance(study, ReasoningPerToken) else []
    found: list[Candidate] = []
    for i, candidate in enumerate(candidates):
        if not lengths or find_length(candidate.levers):
            found.append(candidate)
            continue
        for settings in lengths:
            name = f"{candidate.id}-{Think.model_validate(settings).name}"
            if len(name) > LONGEST_NAME:
                raise make_problem(
                    f"the id {name!r} would be too long: at most {LONGEST_NAME} characters", "candidates", i
                )
            levers = (*candidate.levers, {"think": settings})
            found.append(candidate.model_copy(update={"id": name, "levers": levers}))
    return tuple(found)
