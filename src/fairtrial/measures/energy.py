"""Joules and grams of CO2 equivalent: measured where a counter can be read, else an estimate under another name.

``joules`` are measured and ``joules_estimated`` are not; neither ever stands in for the other, and what can be had in
neither way is absent with its reason.  Knows nothing of engines.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial.measures.base import NotMeasuredError
from fairtrial.measures.nvml import Nvml
from fairtrial.measures.rapl import ROOT, Rapl
from fairtrial.measures.sampling import RepeatingTimer
from fairtrial.measures.sharing import share_out
from fairtrial.records import Answer, Measure, Observation
from fairtrial.spec.stated import StatedMachine

JOULES = Measure("joules", unit="J", higher_is_better=False, bounds=None)
JOULES_GPU = Measure("joules_gpu", unit="J", higher_is_better=False, bounds=None)
JOULES_ESTIMATED = Measure("joules_estimated", unit="J", higher_is_better=False, bounds=None)
GRAMS = Measure("grams_co2e", unit="g", higher_is_better=False, bounds=None)
GRAMS_ESTIMATED = Measure("grams_co2e_estimated", unit="g", higher_is_better=False, bounds=None)
CPU_SECONDS = Measure("cpu_seconds", unit="s", higher_is_better=False, bounds=None)

JOULES_PER_KWH = 3.6e6
ELSEWHERE = "the answers are made on a machine that cannot be looked at from here"


class EnergyMeter:
    """The energy counters of this machine, opened once a run.

    With readable processor packages the measure is ``joules``: packages and NVIDIA devices together.  With devices
    alone it is ``joules_gpu``, which leaves the processor out and is named so that nobody compares the two.

    Attributes:
        measure: ``joules``, ``joules_gpu``, or None if nothing can be measured.
        scope: what is counted, in words; empty if nothing is.
        why_not: why ``joules`` are not measured; empty if they are.
    """

    def __init__(self, packages: Rapl | str, devices: Nvml | str) -> None:
        """Take counters, each or the reason why there is none."""
        self.counters = [counter for counter in (packages, devices) if not isinstance(counter, str)]
        self.scope = "; ".join(counter.scope for counter in self.counters)
        self.measure = "joules" if not isinstance(packages, str) else "joules_gpu" if self.counters else None
        self.why_not = "" if not isinstance(packages, str) else packages
        if isinstance(packages, str) and isinstance(devices, str):
            self.why_not = f"{packages}; {devices}"
        often = [c.read_every_seconds for c in self.counters if c.read_every_seconds is not None]
        self.watcher = RepeatingTimer(self._look, min(often)) if often else None
        self._joules = 0.0

    @classmethod
    def open(cls, root: Path = ROOT, library: Any = None) -> EnergyMeter:
        """Find the counters of this machine; see `Rapl.open` and `Nvml.open` for the arguments."""
        packages: Rapl | str
        devices: Nvml | str
        try:
            packages = Rapl.open(root)
        except NotMeasuredError as error:
            packages = error.message
        try:
            devices = Nvml.open(library)
        except NotMeasuredError as error:
            devices = error.message
        return cls(packages, devices)

    def start(self) -> None:
        """Begin to count.  Raises NotMeasuredError if a counter cannot be read."""
        self._joules = self.read_total()
        if self.watcher is not None:
            self.watcher.start()

    def stop(self) -> float:
        """Return the joules since `start`.  Raises NotMeasuredError if a counter could not be read meanwhile."""
        if self.watcher is not None:
            self.watcher.stop()
        return self.read_total() - self._joules

    def read_total(self) -> float:
        """Return the joules of all counters since they were opened."""
        return sum(counter.read_joules() for counter in self.counters)

    def _look(self) -> None:
        self.read_total()


class EnergyProbe:
    """What a batch drew, and the processor time that it took, shared among its items by tokens (see `sharing`).

    Measured joules are those of the whole machine while the batch was answered: idle power and other programs are in
    them.  Estimated ones are processor seconds of this process (and of its children that have ended), times the watts
    of a core that the trial file states; they know nothing of memory, idle power or how hard a core works.
    """

    measures: tuple[Measure, ...] = (JOULES, JOULES_GPU, JOULES_ESTIMATED, GRAMS, GRAMS_ESTIMATED, CPU_SECONDS)

    def __init__(self, meter: EnergyMeter, stated: StatedMachine, elsewhere: bool = False) -> None:
        """Watch with ``meter``; ``elsewhere`` says that the answers are not made on this machine."""
        self.meter, self.stated, self.elsewhere = meter, stated, elsewhere
        self._cpu_started = self._cpu = 0.0
        self._joules: float | None = None
        self._missed = ""

    def start(self) -> None:
        """Begin to watch."""
        self._joules, self._missed = None, ""
        if self.meter.measure is not None and not self.elsewhere:
            try:
                self.meter.start()
            except NotMeasuredError as error:
                self._missed = error.message
        self._cpu_started = _read_cpu_seconds()

    def stop(self) -> None:
        """End watching."""
        self._cpu = _read_cpu_seconds() - self._cpu_started
        if self.meter.measure is None or self.elsewhere or self._missed:
            return
        try:
            self._joules = self.meter.stop()
        except NotMeasuredError as error:
            self._missed = error.message

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return joules, grams and processor seconds per item with new answers, as far as they can be had."""
        rows: list[list[Observation]] = [[] for _ in answers]
        for measure, amount in self.read_amounts().items():
            for row, share in zip(rows, share_out(amount, measure.name, measure.unit, answers), strict=True):
                row.extend(share)
        return rows

    def read_amounts(self) -> dict[Measure, float]:
        """Return what the last batch took: measure to amount."""
        if self.elsewhere:
            return {}
        found = {CPU_SECONDS: self._cpu}
        per_joule = None if self.stated.grid_g_per_kwh is None else self.stated.grid_g_per_kwh / JOULES_PER_KWH
        if self._joules is not None and self.meter.measure == "joules_gpu":
            found[JOULES_GPU] = self._joules
        elif self._joules is not None:
            found[JOULES] = self._joules
            if per_joule is not None:
                found[GRAMS] = self._joules * per_joule
        if self.meter.measure != "joules" and self.stated.watts_per_core is not None:
            found[JOULES_ESTIMATED] = self._cpu * self.stated.watts_per_core
            if per_joule is not None:
                found[GRAMS_ESTIMATED] = found[JOULES_ESTIMATED] * per_joule
        return found

    def absences(self) -> Mapping[str, str]:
        """Return why joules and grams are not measured."""
        if self.elsewhere:
            return dict.fromkeys(("joules", "grams_co2e", "cpu_seconds"), ELSEWHERE)
        found: dict[str, str] = {}
        why = self._missed or self.meter.why_not
        if self._missed and self.meter.measure:
            found[self.meter.measure] = self._missed
        if why:
            found["joules"] = why
        if self.meter.measure != "joules" and self.stated.watts_per_core is None:
            found["joules_estimated"] = "the trial file states no machine.watts_per_core"
        if self.stated.grid_g_per_kwh is None:
            found["grams_co2e"] = "the trial file states no machine.grid_g_per_kwh"
        elif why:
            found["grams_co2e"] = "joules are not measured"
        return found


def _read_cpu_seconds() -> float:
    """Return the processor seconds of this process, all its threads, and its children that have ended."""
    times = os.times()
    return time.process_time() + times.children_user + times.children_system
