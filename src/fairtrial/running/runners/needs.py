"""How much memory a worker will need, as far as that is known before it opens its engines."""

from __future__ import annotations

from collections.abc import Iterable

from fairtrial.models.record import count_weight_bytes
from fairtrial.planning.base import PlannedCandidate
from fairtrial.planning.plan import Plan

PROGRAM = 150 << 20
"""Bytes that a worker takes beside its engines."""

OVER = 1.25
"""What a model takes beside its weights, where nothing better is known."""


def predict_bytes(who: Iterable[PlannedCandidate], plan: Plan) -> int:
    """Return the bytes that a worker with the engines of some candidates will need.

    What the engine predicts counts; where it cannot, the weights on disk and a little more.
    """
    every = {part.id: part for one in who for part in (one.models.values() if one.id not in plan.predicted else [one])}
    return PROGRAM + sum(round(plan.predicted.get(one.id) or OVER * _count_weights(one)) for one in every.values())


def _count_weights(candidate: PlannedCandidate) -> int:
    model = candidate.model
    paths = [path for path in (model.path, model.projector, model.adapter) if path is not None]
    return sum(count_weight_bytes(path) or 0 for path in paths)
