"""What can be measured beside quality: one literal table, no registration."""

from collections.abc import Callable

from fairtrial.measures.base import Probe
from fairtrial.measures.speed import SpeedProbe, TokensProbe

PROBES: tuple[Callable[[], Probe], ...] = (SpeedProbe, TokensProbe)
"""Every probe watches every batch; each costs microseconds."""

MEASURES = {measure.name: measure for probe in PROBES for measure in probe().measures}
"""Measures that exist for every task, by name."""

__all__ = ["MEASURES", "PROBES", "Probe"]
