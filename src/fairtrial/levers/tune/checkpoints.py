"""Where training stands, in one file that is written whole or not at all.

The adapter's weights, the optimiser's two moments of each, the best weights so far, and as JSON the numbers: nothing in
it is run when it is read (safetensors).  Everything else that decides what comes next follows from the step number, so
training that was killed goes on to the same weights, bit for bit, on the same machine with the same threads.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError

FILE = "checkpoint.safetensors"
_MOMENTS = ("exp_avg", "exp_avg_sq")
_BYTES_A_NUMBER = 4 * (2 * 4 + 2)
"""Twice its value, two moments and best value; and the adapter in two forms."""


@dataclass
class TrainingProgress:
    """How far training has come.

    Attributes:
        step: steps that are done.
        seconds: spent on them, by the clock.
        processor_seconds: of all threads.
        tokens: that went through the network in training.
        losses: (step, loss, learning rate, norm of the gradient) of steps, the loss being the mean of the step.
        validations: (step, loss).
        best_step, best_loss: of the validation with the lowest loss; None before the first.
        stale: validations since then.
        stopped_early: whether it has ended for lack of progress.
        threads: that it was computed with.
        peak_bytes: resident at most.
    """

    step: int = 0
    seconds: float = 0.0
    processor_seconds: float = 0.0
    tokens: int = 0
    losses: list[tuple[int, float, float, float]] = field(default_factory=list)
    validations: list[tuple[int, float]] = field(default_factory=list)
    best_step: int | None = None
    best_loss: float | None = None
    stale: int = 0
    stopped_early: bool = False
    threads: int = 0
    peak_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is kept.

    Attributes:
        progress: numbers.
        weights: name to what is learned.
        moments: ``exp_avg/NAME`` and ``exp_avg_sq/NAME``.
        best: the weights of the best validation; empty before the first.
    """

    progress: TrainingProgress
    weights: Mapping[str, Any]
    moments: Mapping[str, Any]
    best: Mapping[str, Any]


def write_checkpoint(folder: Path, kept: Checkpoint) -> None:
    """Keep a checkpoint in place of the one before."""
    from safetensors.torch import save_file

    tensors = {
        **{f"weight/{name}": value.detach().cpu().contiguous() for name, value in kept.weights.items()},
        **{f"moment/{name}": value.detach().cpu().contiguous() for name, value in kept.moments.items()},
        **{f"best/{name}": value.detach().cpu().contiguous() for name, value in kept.best.items()},
    }
    partial = folder / f"{FILE}.part"
    try:
        save_file(tensors, partial, metadata={"progress": json.dumps(asdict(kept.progress))})
        with partial.open("rb") as file:
            os.fsync(file.fileno())
        partial.replace(folder / FILE)
    finally:
        partial.unlink(missing_ok=True)


def check_room(folder: Path, learned: int) -> None:
    """Raise ModelError if the disk cannot hold two checkpoints of so many numbers, and the adapter that comes of them.

    Said before hours are spent: a run that is stopped by a full disk goes on from its last checkpoint all the same.
    """
    needed = learned * _BYTES_A_NUMBER - sum(path.stat().st_size for path in folder.iterdir())
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ModelError(
            f"Training keeps checkpoints, which need {needed / 1e6:,.1f} MB, and only {free / 1e6:,.1f} MB are free in "
            f"{folder.parent}.",
            fix="Free some room, point XDG_CACHE_HOME elsewhere, or take a lower rank.",
        )


def read_checkpoint(folder: Path) -> Checkpoint | None:
    """Return what was kept last; None if there is nothing that can be read."""
    from safetensors import SafetensorError, safe_open

    path = folder / FILE
    if not path.is_file():
        return None
    try:
        with safe_open(path, framework="pt") as file:
            told = json.loads((file.metadata() or {}).get("progress", "null"))
            found: dict[str, dict[str, Any]] = {"weight": {}, "moment": {}, "best": {}}
            for name in file.keys():  # noqa: SIM118 - it is no mapping
                kind, _, rest = name.partition("/")
                found[kind][rest] = file.get_tensor(name)
        for key in ("losses", "validations"):
            told[key] = [tuple(one) for one in told[key]]
        return Checkpoint(TrainingProgress(**told), found["weight"], found["moment"], found["best"])
    except (OSError, ValueError, TypeError, KeyError, SafetensorError):
        return None


def list_moments(optimizer: Any, names: Mapping[str, Any]) -> dict[str, Any]:
    """Return the moments of torch's AdamW by the names of its parameters; empty before the first step."""
    found: dict[str, Any] = {}
    for name, weight in names.items():
        state = optimizer.state.get(weight, {})
        found |= {f"{kind}/{name}": state[kind] for kind in _MOMENTS if kind in state}
    return found


def use_moments(optimizer: Any, names: Mapping[str, Any], moments: Mapping[str, Any], step: int, torch: Any) -> None:
    """Give the optimiser the moments that it had after ``step`` steps."""
    for name, weight in names.items():
        if f"exp_avg/{name}" in moments:
            state = {kind: moments[f"{kind}/{name}"].to(weight.device) for kind in _MOMENTS}
            optimizer.state[weight] = {"step": torch.tensor(float(step)), **state}
