"""Does it fit: memory predicted for every candidate of a plan, and those left out that cannot fit the trial's device.

Asks nothing and loads no weights.  What is found stays with the plan; it changes no answer, only who is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, replace
from itertools import zip_longest
from typing import Any

from fairtrial.engines import EngineSettings, Footprint, predict_footprint
from fairtrial.engines.settings import refuse_image
from fairtrial.errors import BudgetError
from fairtrial.models.record import count_weight_bytes
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import make_chunks
from fairtrial.records import ImagePart, Request
from fairtrial.spec.device import Limits, format_gigabytes
from fairtrial.spec.study import list_named_candidates
from fairtrial.tasks.base import list_images

LOOKED_AT = 3
"""Chunks of a task that are looked at: the first, and those with the longest requests."""

ELSEWHERE = "its answers are made elsewhere, or exist already"


def fit_plan(plan: Plan, settings: EngineSettings, on_note: Callable[[str], None] = lambda _: None) -> Plan:
    """Return a plan that knows what its candidates will need, without those that cannot fit its device.

    Raises:
        BudgetError: the baseline, or every candidate, would be left out.
    """
    limits = plan.trial.device.limits() if plan.trial.device else None
    told, excluded = predict_needs(plan, settings)
    for name, why in excluded.items():
        on_note(f"{name} is left out: {'; '.join(why)}")
    fit = {"device": limits.document() if limits else None, "candidates": told, "excluded": excluded}
    return replace(drop_candidates(plan, excluded), fit=fit)


def predict_needs(plan: Plan, settings: EngineSettings) -> tuple[dict[str, dict[str, Any]], dict[str, list[str]]]:
    """Return what each candidate will need (see `predict_candidate`), and why those cannot fit that cannot."""
    limits = plan.trial.device.limits() if plan.trial.device else None
    told = {c.name: predict_candidate(c, plan.tasks, settings) for c in plan.candidates}
    return told, {name: why for name, need in told.items() if limits and (why := list_reasons(need, limits))}


def predict_candidate(
    candidate: PlannedCandidate, tasks: Sequence[PlannedTask], settings: EngineSettings
) -> dict[str, Any]:
    """Return what a candidate will need as JSON values: ``disk``, and ``memory`` or why that is ``unknown``."""
    parts = list({part.id: part for part in candidate.models.values()}.values())
    by_task = [longest_chunks(task, candidate) for task in tasks]
    settings = replace(settings, read_image=TaskImages(tasks))
    asked = [chunk for turn in zip_longest(*by_task, fillvalue=[]) for chunk in turn if chunk]
    disk, found, unknown = 0, [], ""
    for part in parts:
        if part.model.path is None or part.recorded:
            unknown = unknown or (ELSEWHERE if len(parts) == 1 else "")
            continue
        disk += count_weight_bytes(part.model.path) or 0
        disk += part.model.projector.stat().st_size if part.model.projector else 0
        disk += count_weight_bytes(part.model.adapter) or 0 if part.model.adapter else 0
        told = predict_footprint(part.spec, part.model, settings, asked)
        if isinstance(told, str):
            unknown = told
        else:
            found.append(told)
    whole = None if unknown or not found else add_needs(found).document()
    return {"disk": disk or None, "memory": whole, "unknown": "" if whole else unknown}


class TaskImages:
    """Gives the bytes of images that the items of tasks show, before they are in a ledger."""

    def __init__(self, tasks: Sequence[PlannedTask]) -> None:
        shown = ((task.plain, item, image) for task in tasks for item in task.items for image in item.images)
        self._places = {image: (task, item) for task, item, image in shown}

    def __call__(self, image: ImagePart) -> bytes:
        """Return the bytes of an image.  Raises EngineError if no item shows it."""
        place = self._places.get(image)
        found = dict(list_images(*place)) if place else {}
        return found[image] if image in found else refuse_image(image)


def add_needs(footprints: Sequence[Footprint]) -> Footprint:
    """Return what several models need that are loaded at once."""
    sums = {f.name: sum(getattr(one, f.name) for one in footprints) for f in fields(Footprint)}
    return Footprint(**{**sums, "context": min(one.context for one in footprints)})


def longest_chunks(task: PlannedTask, candidate: PlannedCandidate) -> list[list[Request]]:
    """Return the requests of a task's first chunk, and of those with the longest requests."""
    every = [[request for asked in chunk for request in asked.requests] for chunk in make_chunks(task, candidate)]
    longest = sorted(every[1:], key=lambda chunk: max((len(repr(r)) for r in chunk), default=0), reverse=True)
    return [*every[:1], *longest[: LOOKED_AT - 1]]


def list_reasons(need: Mapping[str, Any], limits: Limits) -> list[str]:
    """Return why a candidate cannot fit, as far as that is known before it is loaded; empty if it may."""
    why = []
    memory, disk = need["memory"], need["disk"]
    if limits.memory and memory and memory["full"] > limits.memory:
        text = f"it needs {format_gigabytes(memory['full'])} of memory"
        if memory["full"] > memory["peak"]:
            peak = format_gigabytes(memory["peak"])
            text += f" with a full context of {memory['context']:,} tokens, {peak} for these tasks"
        if memory["peak"] <= limits.memory:
            text += " (a smaller `context` may do)"
        why.append(f"{text}, predicted; {format_gigabytes(limits.memory)} are allowed")
    if limits.disk and disk and disk > limits.disk:
        why.append(f"its weights take {format_gigabytes(disk)} of disk; {format_gigabytes(limits.disk)} are allowed")
    return why


def told_of(excluded: Mapping[str, Sequence[str]]) -> str:
    """Return who cannot fit, and why, as sentences."""
    return " ".join(f"{name}: {'; '.join(why)}." for name, why in excluded.items())


def make_nobody_fits(excluded: Mapping[str, Sequence[str]]) -> BudgetError:
    """Return the error that says that no candidate fits."""
    return BudgetError(f"no candidate fits the device. {told_of(excluded)}", fix="Allow more, or try smaller ones.")


def drop_candidates(plan: Plan, excluded: Mapping[str, Sequence[str]]) -> Plan:
    """Return a plan without some candidates; BudgetError if the baseline or all of them are among these."""
    if not excluded:
        return plan
    told = told_of(excluded)
    kept = tuple(c for c in plan.candidates if c.name not in excluded)
    if not kept:
        raise make_nobody_fits(excluded)
    if plan.baseline in excluded:
        raise BudgetError(
            f"the baseline does not fit the device. {told}",
            fix="Name a baseline that fits, or allow more; `fairtrial fit` chooses one itself.",
        )
    trial = plan.trial
    study = trial.study
    if study is not None:
        named = list_named_candidates(study)
        left = {side: tuple(n for n in names if n not in excluded) for side, names in named.items() if names}
        for side, names in left.items():
            if not names:
                raise BudgetError(f"no candidate of the study's {side} side fits the device. {told}")
        study = study.model_copy(update=left)
    specs = tuple(spec for spec in trial.candidates if spec.id not in excluded)
    settled = {"candidates": specs, "study": study, "baseline": plan.baseline}
    judgings = tuple(one for one in plan.judges.judgings if one.candidate.name not in excluded)
    judges = replace(plan.judges, judgings=judgings)
    return replace(plan, trial=trial.model_copy(update=settled), candidates=kept, judges=judges)
