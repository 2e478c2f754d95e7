"""Doubts about tasks with images: nobody needs the picture, or somebody does not use it; who is shown none."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.analysis.forms import USEFUL, FormResult, is_unseeing, iterate_forms
from fairtrial.ledger import Ledger, query

FEWEST = 20
"""Items below which nothing is said: the interval would hold nearly everything."""


def find_picture_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield the tasks on which a candidate is not certainly better with the picture than without.

    If for every candidate the picture is certainly worth less than a useful gain, it is not needed or not used, and
    scores there say little about seeing.  Where no candidate is better, but the intervals reach further, nothing is
    doubted: too few pictures show nothing; the study of seeing notes it.
    """
    found: dict[str, list[FormResult]] = {}
    for one in iterate_forms(ledger, trial.id, lambda kind: kind == "blind"):
        if not is_unseeing(one.candidate) and one.contrast.items >= FEWEST:
            found.setdefault(one.task.name, []).append(one)
    for task, results in found.items():
        idle = [one for one in results if one.loss[1] <= 0]
        told = "; ".join(f"{one.candidate.name} {_tell_scores(one)}" for one in idle)
        if len(idle) == len(results):
            if not all(one.is_small for one in idle):
                continue
            text = (
                f"The picture is not needed on {task}, or nobody uses it: {told}; it is worth less than "
                f"{USEFUL:.0%} of the scale. What is said of {task} is not about seeing."
            )
            yield Doubt("picture_not_needed", text, task, headline=True)
        elif idle:
            text = f"On {task} it is not shown that the picture is used: {told}."
            name = idle[0].candidate.name if len(idle) == 1 else ""
            yield Doubt("picture_not_used", text, task, name, headline=True)
    yield from _find_unseeing(trial)


def _tell_scores(one: FormResult) -> str:
    unit = one.task.main_measure.unit
    first, second = (
        f"{100 * value:.1f}%" if unit == "1" else f"{value:.4g}" for value in (one.contrast.first, one.contrast.second)
    )
    return f"{first} with it and {second} without"


def _find_unseeing(trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield who is shown no images, on which tasks with images."""
    with_blind = [task.of for task in trial.plan.tasks if task.form == "blind"]
    tasks = [task.name for task in trial.plan.tasks if task.id in with_blind]
    for one in trial.plan.candidates:
        if tasks and is_unseeing(one):
            text = f"{one.name} is shown no images: its answers to {', '.join(tasks)} are given blind."
            yield Doubt("shown_no_images", text, candidate=one.name)
