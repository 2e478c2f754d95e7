"""What a trial sets against each other: the axes of its frontiers, by the names that its author wrote.

Knows which measures exist and which way each is good; computes nothing.
"""

from __future__ import annotations

from typing import Any

from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.measures import WHOLE_MEASURES, find_measures
from fairtrial.spec.trial import TIMED_ALONE, Trial

QUALITY = "quality"
"""Stands for the main measure of each task."""


def plan_frontiers(trial: Trial) -> list[list[dict[str, Any]]]:
    """Return the axes of each frontier as JSON values.

    An axis has ``name``, ``kind`` (``quality``; ``item``: measured item by item; ``whole``: of a candidate as a whole),
    ``unit``, and ``less_is_better``.

    Raises:
        UnknownNameError: there is no such measure.
        SpecError: one that is not measured in this trial.
    """
    return [[_make_axis(trial, name) for name in names] for names in trial.frontier]


def _make_axis(trial: Trial, name: str) -> dict[str, Any]:
    """Return one axis."""
    if name == QUALITY:
        return {"name": QUALITY, "kind": "quality", "unit": "1", "less_is_better": False}
    of_items = find_measures(trial)
    known = {**of_items, **WHOLE_MEASURES}
    if name not in known:
        told = f"Names: {QUALITY}, {', '.join(known)}."
        raise UnknownNameError("measure", name, [QUALITY, *known], fix=told)
    if name in TIMED_ALONE and not trial.latency_items:
        raise SpecError(
            f"frontier: {name} is measured only of items that are asked one at a time.",
            fix="Add latency_items, e.g. latency_items: 20.",
        )
    measure = known[name]
    kind = "item" if name in of_items else "whole"
    return {"name": name, "kind": kind, "unit": measure.unit, "less_is_better": measure.higher_is_better is False}
