"""What can be measured beside quality: literal tables of probes and measures, no registration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fairtrial.measures import whole
from fairtrial.measures.base import NotMeasuredError, Probe, Watcher, watching
from fairtrial.measures.cost import CostProbe, cost_probe, price_of
from fairtrial.measures.energy import EnergyMeter, EnergyProbe
from fairtrial.measures.memory import MemoryMeter
from fairtrial.measures.sent import SentProbe
from fairtrial.measures.speed import AloneProbe, SpeedProbe, TokensProbe
from fairtrial.measures.whole import CandidateWatch, Whole, unloaded
from fairtrial.records import Measure
from fairtrial.spec.stated import StatedMachine

__all__ = [
    "MEASURES",
    "PROBES",
    "WHOLE_MEASURES",
    "AloneProbe",
    "CandidateWatch",
    "Meters",
    "NotMeasuredError",
    "Probe",
    "Subject",
    "Watcher",
    "Whole",
    "unloaded",
    "watching",
]


@dataclass(frozen=True)
class Meters:
    """The meters of one run, shared by all probes, and what the user states about the machine."""

    stated: StatedMachine = field(default_factory=StatedMachine)
    energy: EnergyMeter = field(default_factory=EnergyMeter.open)
    memory: MemoryMeter = field(default_factory=MemoryMeter)

    def facts(self) -> dict[str, object]:
        """Return, as JSON values for the record of a run, what is stated and how things are measured."""
        return {
            "stated": self.stated.document(),
            "measured_by": {"energy": self.energy.scope or "nothing", "memory": self.memory.method},
        }


@dataclass(frozen=True)
class Subject:
    """Whom a probe watches, and with what.

    Attributes:
        record: facts about the candidate (see `fairtrial.measures.cost.price_of`).
        meters: those of the run.
    """

    record: Mapping[str, object]
    meters: Meters

    @property
    def elsewhere(self) -> bool:
        """Whether the answers are made on another machine."""
        return bool(self.record.get("elsewhere"))


def energy_probe(subject: Subject) -> EnergyProbe:
    """Return the probe of joules, grams and processor seconds."""
    return EnergyProbe(subject.meters.energy, subject.meters.stated, subject.elsewhere)


PROBES: tuple[Callable[[Subject], Probe], ...] = (
    energy_probe,
    lambda subject: cost_probe(price_of(subject.record, subject.meters.stated)),
    lambda _: TokensProbe(),
    lambda _: SentProbe(),
    lambda _: SpeedProbe(),
)
"""Every probe that watches does so for every batch of every candidate; the last one starts last and stops first."""

MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for kind in (SpeedProbe, TokensProbe, SentProbe, AloneProbe, EnergyProbe, CostProbe)
    for measure in kind.measures
}
"""Measures that exist for every task, by name; one value an item."""

WHOLE_MEASURES: Mapping[str, Measure] = {
    measure.name: measure
    for measure in (
        whole.MODEL_BYTES,
        whole.LOAD_SECONDS,
        whole.MEMORY_BYTES,
        whole.KV_BYTES,
        whole.PREFILL_RATE,
        whole.DECODE_RATE,
    )
}
"""Measures of a candidate as a whole, by name; one value a run.  Observed without task and item, and not judged."""
