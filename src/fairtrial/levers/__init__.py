"""The levers that exist, and applying those of a candidate."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairtrial.errors import UnknownNameError
from fairtrial.levers.base import BuildLever, OnProgress, WrapLever
from fairtrial.levers.cascade import cascade
from fairtrial.levers.quantize import quantize
from fairtrial.models import ResolvedModel
from fairtrial.spec.candidate import Candidate

__all__ = ["LEVERS", "WRAPS", "BuildLever", "WrapLever", "apply"]

LEVERS: Mapping[str, BuildLever] = {"quantize": quantize}
"""Lever name, as a candidate file writes it, to what it does."""

WRAPS: Mapping[str, WrapLever] = {"cascade": cascade}
"""The same of levers that act while the model answers."""


def apply(candidate: Candidate, model: ResolvedModel, cache_dir: Path, on_progress: OnProgress) -> ResolvedModel:
    """Apply a candidate's levers in order and return the model that results.

    Raises:
        UnknownNameError: a lever does not exist.
        SpecError, ModelError: see `BuildLever`.
    """
    for lever in candidate.levers:
        [(name, settings)] = lever.items()
        if name not in LEVERS:
            raise UnknownNameError(
                "lever", name, LEVERS, fix=f"Levers: {', '.join(LEVERS)}.", where=f"candidate {candidate.id}"
            )
        model = LEVERS[name](settings, model, cache_dir, on_progress)
    return model
