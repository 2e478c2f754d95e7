"""Where a trial's candidates were written, also those that its study has made: for errors.

Pure; a place is a path of keys and numbers in the trial file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fairtrial.spec.candidate import Candidate
from fairtrial.spec.steps import LeversStudy, name_arm
from fairtrial.spec.study import ReasoningPerToken
from fairtrial.spec.think import Think, find_length
from fairtrial.spec.yamlfile import Location


def locate_candidate(candidates: Sequence[Candidate], study: Any, baseline: str, i: int, *rest: str | int) -> Location:
    """Return where a part of candidate ``i`` was written.

    Args:
        candidates: all of the trial, with those that the study makes.
        study: of the trial.
        baseline: of the trial.
        i: number of the candidate.
        rest: the part, e.g. ``"levers", 0``.
    """
    if not 0 <= i < len(candidates):
        return ("candidates", i, *rest)
    places = list(_list_written(candidates, study))
    if not isinstance(study, LeversStudy):
        return (*places[i], *rest)
    base = next((one for one in candidates if one.id == (study.base or baseline or candidates[0].id)), candidates[0])
    arm = find_arm(study, base.id, candidates[i].id)
    if not arm or rest[:1] in (("model",), ("prompt",)):
        return (*places[i], *rest)
    owners = [(step, at) for step in arm for at, _ in enumerate(_find_levers(study, step))]
    at = rest[1] if rest[:1] == ("levers",) and len(rest) > 1 else None
    number = at - len(base.levers) if isinstance(at, int) else len(owners) - 1
    if number < 0:
        return (*places[i], *rest)
    step, lever = owners[min(number, len(owners) - 1)]
    # a step's own line: by its name in a mapping, by its number in a list
    return ("study", "levers", step, lever)


def find_arm(study: Any, base: str, name: str) -> tuple[str, ...]:
    """Return the steps of a candidate that the study `levers` has made; none of any other."""
    arms = study.list_arms() if isinstance(study, LeversStudy) else []
    return next((arm for arm in arms if arm and name_arm(base, arm) == name), ())


def _find_levers(study: LeversStudy, step: str) -> Sequence[object]:
    return next(one.levers for one in study.levers if one.step == step)


def _list_written(candidates: Sequence[Candidate], study: Any) -> Iterator[Location]:
    """Yield the place of each candidate, of a made one that of the candidate that it was made of."""
    settings = study.list_lengths() if isinstance(study, ReasoningPerToken) else []
    lengths = [Think.model_validate(one) for one in settings]
    arms = study.list_arms() if isinstance(study, LeversStudy) else []
    ids = {one.id for one in candidates}
    made = {name_arm(one, arm) for arm in arms for one in ids if arm} if arms else set()
    written, taken = -1, 0
    for candidate in candidates:
        length = find_length(candidate.levers) if lengths else None
        if length is not None and taken and length == lengths[taken % len(lengths)]:
            taken = (taken + 1) % len(lengths)
        elif length is not None and length == lengths[0] and candidate.id.endswith(f"-{lengths[0].name}"):
            written, taken = written + 1, 1 % len(lengths)
        else:
            written, taken = written + (candidate.id not in made), 0
        yield ("candidates", max(written, 0))
