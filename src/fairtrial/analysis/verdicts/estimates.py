"""Estimates of every measure, one candidate at a time."""

from __future__ import annotations

import math

import numpy as np

from fairtrial.analysis.verdicts.questions import get_bounds, get_transformed_unit
from fairtrial.analysis.verdicts.results import Estimate
from fairtrial.ledger import Ledger, query
from fairtrial.stats.intervals import IntervalEstimate, estimate


def find_estimates(ledger: Ledger, trial_id: str) -> list[Estimate]:
    """Return an estimate for each candidate, task and measure that has values, in the plan's order."""
    plan = query.find_trial(ledger, trial_id).plan
    confidence = plan.decide.confidence
    found = []
    for task in plan.tasks:
        for measure in task.card.measures:
            for candidate in plan.candidates:
                rows = query.read_values(ledger, trial_id, candidate.id, task.id, measure.name)
                if rows.weights.size == 0 or not (rows.weights > 0).any():
                    continue
                got = estimate(rows.values, rows.weights, rows.clusters, confidence, get_bounds(measure))
                shown = apply_transform(measure.transform, got)
                found.append(
                    Estimate(
                        candidate.name,
                        task.name,
                        measure.name,
                        shown.mean,
                        shown.low,
                        shown.high,
                        items=rows.values.size,
                        clusters=int(np.unique(rows.clusters).size),
                        confidence=confidence,
                        unit=get_transformed_unit(measure),
                    )
                )
    return found


def apply_transform(transform: str, interval: IntervalEstimate) -> IntervalEstimate:
    """Return the interval after the measure's transform (``exp`` maps an unbounded end to 0 or infinity)."""
    if transform != "exp":
        return interval
    return IntervalEstimate(*(_exponentiate(x) for x in (interval.mean, interval.low, interval.high)))


def _exponentiate(x: float) -> float:
    """Return e to the x, infinite where that is beyond floating point."""
    return math.exp(x) if x < 700 else math.inf
