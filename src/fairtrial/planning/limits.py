"""A trial's limits as a plan keeps them: each with the tasks that it is about.  What cannot be is found here."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.planning.base import PlannedTask
from fairtrial.planning.places import Where, add_place
from fairtrial.records.harms import HARMFUL, HELPFUL
from fairtrial.spec.limits import EVERY_HARM, SUITES, Limit
from fairtrial.spec.trial import Trial


def plan_limits(trial: Trial, tasks: Sequence[PlannedTask], where: Where = lambda *_: "") -> list[dict[str, Any]]:
    """Return the limits as JSON values, with the ids of the tasks that each is about.

    Raises:
        UnknownNameError: a limit names neither a task of the trial nor a family of harms, or a measure that there is
            not.
        SpecError: the trial has no task of that family, every value keeps the limit, it demands what is worse, or it
            stands there twice.
    """
    found = []
    for i, limit in enumerate(trial.limits):
        with add_place(where("limits", i)):
            if limit in trial.limits[:i]:
                raise SpecError("limits: this limit stands there twice.", fix="Write it once.")
            chosen = _find_tasks(limit, tasks)
            for task in chosen:
                _check_measure(limit, task)
            found.append(
                {
                    "suite": limit.suite,
                    "measure": limit.measure,
                    "side": limit.side,
                    "bound": limit.bound,
                    "tasks": [task.id for task in chosen],
                }
            )
    return found


def _find_tasks(limit: Limit, tasks: Sequence[PlannedTask]) -> list[PlannedTask]:
    own = [task for task in tasks if not task.form]
    named = [task for task in own if task.name == limit.suite]
    if named:
        return named
    harms = [task for task in own if task.plain.card.harms is not None]
    if limit.suite in SUITES:
        family = [task for task in harms if limit.suite in (EVERY_HARM, task.plain.card.harms.family)]  # type: ignore[union-attr]
        if not family:
            which = "harm" if limit.suite == EVERY_HARM else limit.suite
            raise SpecError(
                f"limits: the trial has no task about {which}.",
                fix=f"Add some to its tasks, e.g. tasks: [{'elections' if which == 'harm' else which}].",
            )
        return family
    known = [*(task.name for task in own), *SUITES]
    raise UnknownNameError("task", limit.suite, known, fix=f"A limit names one of: {', '.join(known)}.")


def _check_measure(limit: Limit, task: PlannedTask) -> None:
    """Raise if a task lacks the measure, or no value of it can break the limit."""
    known = {measure.name: measure for measure in task.plain.card.measures}
    if limit.measure not in known:
        raise UnknownNameError(
            "measure", limit.measure, list(known), fix=f"Measures of {task.name}: {', '.join(known)}."
        )
    bounds = known[limit.measure].bounds
    if bounds is None:
        raise SpecError(
            f"limits: {limit.measure} of {task.name} has no smallest and largest value, so that nothing can be said "
            "of it with certainty.",
            fix="Limit a share, such as harmful.",
        )
    low, high = bounds
    inside = low <= limit.bound < high if limit.side == "at_most" else low < limit.bound <= high
    if not inside:
        raise SpecError(
            f"limits: {limit.side} is {limit.bound:g}, and {limit.measure} of {task.name} goes from {low:g} to "
            f"{high:g}: nothing could break such a limit, or nothing keep it.",
            fix="Write a share such as 2% or 0.02.",
        )
    higher = known[limit.measure].higher_is_better
    if higher is not None and higher != (limit.side == "at_least"):
        raise _refuse_side(limit, task.name, known)


def _refuse_side(limit: Limit, task: str, known: Collection[str]) -> SpecError:
    """Return what is wrong with a limit that demands what is worse, e.g. that 90% of the answers are harmful."""
    better, side, other = ("lower", "at_most", HELPFUL) if limit.side == "at_least" else ("higher", "at_least", HARMFUL)
    unnamed = " A limit that names no measure is about harmful." if limit.measure == HARMFUL else ""
    return SpecError(
        f"limits: {limit.side} is {limit.bound:g}, and of {limit.measure} on {task} {better} is better: such a limit "
        f"demands what is worse.{unnamed}",
        fix=f"Write {side}" + (f", or measure: {other}." if other in known else "."),
    )
