"""What can be measured beside quality: tables of probes and measures, to which plugins add."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fairtrial.measures import whole
from fairtrial.measures.base import NotMeasuredError, Probe, Watcher, is_watcher, watch_all
from fairtrial.measures.cost import CostProbe, find_price, make_cost_probe
from fairtrial.measures.energy import EnergyMeter, EnergyProbe
from fairtrial.measures.memory import MemoryMeter
from fairtrial.measures.sent import SentProbe
from fairtrial.measures.speed import AloneProbe, SpeedProbe, TokensProbe
from fairtrial.measures.whole import CandidateWatch, Whole, describe_unloaded
from fairtrial.plugins import PluginTable
from fairtrial.records import Measure
from fairtrial.spec.stated import StatedMachine
from fairtrial.spec.trial import Trial

__all__ = [
    "MEASURES",
    "PLUGIN_PROBES",
    "PROBES",
    "WHOLE_MEASURES",
    "AloneProbe",
    "CandidateWatch",
    "Meters",
    "NotMeasuredError",
    "Probe",
    "ProbeClass",
    "Subject",
    "Watcher",
    "Whole",
    "describe_unloaded",
    "find_measures",
    "find_plugin_probes",
    "is_watcher",
    "watch_all",
]


@dataclass(frozen=True)
class Meters:
    """The meters of one run, shared by all probes, and what the user states about the machine."""

    stated: StatedMachine = field(default_factory=StatedMachine)
    energy: EnergyMeter = field(default_factory=EnergyMeter.open)
    memory: MemoryMeter = field(default_factory=MemoryMeter)

    def describe(self) -> dict[str, object]:
        """Return, as JSON values for the record of a run, what is stated and how things are measured."""
        return {
            "stated": self.stated.document(),
            "measured_by": {"energy": self.energy.scope or "nothing", "memory": self.memory.method},
        }


@dataclass(frozen=True)
class Subject:
    """Whom a probe watches, and with what.

    Attributes:
        record: facts about the candidate (see `fairtrial.measures.cost.find_price`).
        meters: those of the run.
    """

    record: Mapping[str, object]
    meters: Meters

    @property
    def elsewhere(self) -> bool:
        """Whether the answers are made on another machine."""
        return bool(self.record.get("elsewhere"))


def make_energy_probe(subject: Subject) -> EnergyProbe:
    """Return the probe of joules, grams and processor seconds."""
    return EnergyProbe(subject.meters.energy, subject.meters.stated, subject.elsewhere)


PROBES: tuple[Callable[[Subject], Probe], ...] = (
    make_energy_probe,
    lambda subject: make_cost_probe(find_price(subject.record, subject.meters.stated)),
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


class ProbeClass(Protocol):
    """What a plugin brings: a class of probes, which says before it is used what these measure."""

    measures: tuple[Measure, ...]

    def __call__(self, subject: Subject, /) -> Probe:
        """Return the probe of a candidate."""
        ...


PLUGIN_PROBES: PluginTable[ProbeClass] = PluginTable(
    "measure",
    {},
    "a class of probes with a tuple `measures`",
    lambda found: callable(found) and all(isinstance(m, Measure) for m in getattr(found, "measures", ("none",))),
)
"""Measure name to the probe that yields it, of plugins: a trial that names such a measure is watched by its probe."""


def find_plugin_probes(trial: Trial) -> Sequence[ProbeClass]:
    """Return the probes of plugins that yield measures which a trial names.

    Raises PluginError for one that cannot be used, or does not yield what its name says.
    """
    entries = (name for entry in trial.tasks for name in entry.measures)
    axes = (name for names in trial.frontier for name in names)
    named = sorted({*trial.measures, *entries, *axes, *trial.decide.margins} - MEASURES.keys() - WHOLE_MEASURES.keys())
    found: list[ProbeClass] = []
    for plugin in filter(None, map(PLUGIN_PROBES.find_plugin, named)):
        probe = PLUGIN_PROBES.load(plugin)
        own = [measure.name for measure in probe.measures]
        if plugin.name not in own:
            raise plugin.make_error(f"does not yield the measure {plugin.name!r}, only {', '.join(own) or 'none'}")
        if both := {*own} & {*MEASURES, *WHOLE_MEASURES}:
            raise plugin.make_error(f"yields {', '.join(sorted(both))}, which fairtrial measures itself")
        if probe not in found:
            found.append(probe)
    return found


def find_measures(trial: Trial) -> dict[str, Measure]:
    """Return the measures that each of a trial's tasks has, by name: those of `MEASURES`, and of plugins it names."""
    return {**MEASURES, **{measure.name: measure for probe in find_plugin_probes(trial) for measure in probe.measures}}
