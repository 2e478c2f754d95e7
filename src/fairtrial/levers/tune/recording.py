"""What is kept of a training: settings, losses, seconds, memory, energy, and what it was made of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from fairtrial.levers.tune.card import find_licence_of_model
from fairtrial.levers.tune.checkpoints import TrainingProgress
from fairtrial.levers.tune.libraries import list_versions
from fairtrial.levers.tune.predicting import count_learned
from fairtrial.levers.tune.preparing import PreparedTuning
from fairtrial.machine import processor_name
from fairtrial.measures.base import NotMeasuredError
from fairtrial.measures.energy import EnergyMeter

MOST_POINTS = 200
"""Points of a loss curve that are kept."""


@dataclass
class EnergyRecord:
    """Joules of the machine while it was trained: measured, or the reason why not.

    Attributes:
        joules: measured; None if they are not.
        scope: what was counted.
        why_not: why nothing was.
    """

    joules: float | None = None
    scope: str = ""
    why_not: str = ""

    def describe(self) -> dict[str, object]:
        """Return it as JSON values."""
        if self.joules is None:
            return {"status": "unavailable", "reason": self.why_not}
        return {"status": "measured", "joules": self.joules, "basis": self.scope}


@contextmanager
def watch_energy() -> Iterator[EnergyRecord]:
    """Count joules; what is yielded is filled in at the end."""
    meter, found = EnergyMeter.open(), EnergyRecord()
    found.why_not = meter.why_not
    if meter.measure is not None:
        try:
            meter.start()
        except NotMeasuredError as error:
            found.why_not = error.message
            meter = EnergyMeter("", "")
    yield found
    if meter.measure is not None:
        try:
            found.joules, found.scope = meter.stop(), meter.scope
        except NotMeasuredError as error:
            found.why_not = error.message


def describe_tuning(prepared: PreparedTuning, progress: TrainingProgress, energy: EnergyRecord) -> dict[str, Any]:
    """Return the facts of a training as JSON values."""
    work, network, data = prepared.work, prepared.network, prepared.data
    card = data.card
    return {
        "settings": {
            **work.settings.model_dump(mode="json", exclude={"data"}),
            "steps": work.steps,
            "block": work.block,
        },
        "parent": {
            "model": prepared.model.spec,
            "name": prepared.model.name,
            "sha256": prepared.model.sha256,
            "licence": find_licence_of_model(prepared.model),
        },
        "data": {
            "sha256": data.sha256,
            "rows": len(prepared.train.rows) // work.objective.group,
            "validation_rows": len(prepared.validation.rows) // work.objective.group,
            "tokens": prepared.train.tokens,
            "learned_tokens": prepared.train.targets,
            "longer_than_context": len(prepared.train.long) + len(prepared.validation.long),
            "rights": data.rights,
            "curated": data.is_curated,
            **{key: card[key] for key in ("licences", "attribution", "documents") if key in card},
        },
        "loss": {
            "mean_over": work.objective.counted,
            "train": _thin([[step, loss] for step, loss, _, _ in progress.losses]),
            "validation": [[step, loss] for step, loss in progress.validations],
            "best_step": progress.best_step,
            "stopped_early": progress.stopped_early,
        },
        "learned_parameters": count_learned(network),
        "targets": list(network.targets),
        "dtype": network.dtype,
        "device": network.device,
        "packed": network.packs,
        **({"not_packed_since": network.why_not} if network.why_not else {}),
        "threads": progress.threads,
        "processor": processor_name(),
        "seconds": progress.seconds,
        "processor_seconds": progress.processor_seconds,
        "tokens_per_second": progress.tokens / progress.seconds if progress.seconds else None,
        "peak_memory_bytes": progress.peak_bytes,
        "predicted": {
            "seconds": prepared.prediction.seconds,
            "memory_bytes": prepared.prediction.memory_bytes,
        },
        "energy": energy.describe(),
        "told": list(prepared.told),
        "versions": list_versions(),
    }


def summarise_tuning(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the facts for a candidate's record: without texts of attribution and what a person does not look up."""
    data = {key: value for key, value in facts["data"].items() if key not in ("attribution", "documents")}
    return {**facts, "data": data}


def describe_trained(facts: Mapping[str, Any], watts: float | None) -> list[str]:
    """Return what became of the losses and what it cost, a line each.

    Args:
        facts: of `describe_tuning`.
        watts: of a busy core, where they are stated: joules that were not measured are estimated from them.
    """
    loss, cost = facts["loss"], describe_cost(facts, watts)
    learnt = loss["train"]
    fell = "Nothing was learnt"
    if learnt:
        fell = f"Loss on the rows of the first step {learnt[0][1]:.3f}, on those of the last {learnt[-1][1]:.3f}"
    if not loss["validation"]:
        return [f"{fell}. No validation rows: nothing says whether it has learned more than its rows.", cost]
    first, best = loss["validation"][0][1], min(value for _, value in loss["validation"])
    ended = "stopped early; " if loss["stopped_early"] else ""
    held = f"{loss['mean_over']} of {facts['data']['validation_rows']:,} rows"
    return [
        f"Validation loss {first:.3f} before, {best:.3f} at step {loss['best_step']:,} ({ended}{held}). {fell}",
        cost,
    ]


def describe_cost(facts: Mapping[str, Any], watts: float | None) -> str:
    """Return seconds, speed, memory and joules in a line."""
    energy = facts["energy"]
    joules = f"{energy['joules']:,.0f} J" if "joules" in energy else f"energy not measured: {energy['reason']}"
    if "joules" not in energy and watts is not None:
        guess = estimate_joules(facts, watts)
        joules = f"about {guess:,.0f} J (estimated: {facts['processor_seconds']:,.0f} processor seconds x {watts:g} W)"
    speed = f", {facts['tokens_per_second']:,.0f} tokens a second" if facts["tokens_per_second"] else ""
    return f"{facts['seconds']:,.0f} s{speed}, {facts['peak_memory_bytes'] / 1e9:.1f} GB at most; {joules}"


def estimate_joules(facts: Mapping[str, Any], watts: float) -> float:
    """Return processor seconds times the watts of a busy core; a graphics card is not in them."""
    return float(facts["processor_seconds"]) * watts


def _thin(points: list[list[float]]) -> list[list[float]]:
    """Return a curve with at most `MOST_POINTS` points, each the mean of those that it stands for."""
    size = -(-len(points) // MOST_POINTS)
    parts = [points[at : at + size] for at in range(0, len(points), size or 1)]
    return [[part[-1][0], sum(loss for _, loss in part) / len(part)] for part in parts]
