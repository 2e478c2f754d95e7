"""Does it fit: what each candidate of a trial was predicted to need, what it was measured to need, what is allowed.

Memory and disk are facts about the candidate as this engine runs it; speed and energy are this machine's, not the
device's.  Reads the ledger only.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.known import read_whole_values
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.studies.base import Cell, Column, Findings, Table

ENERGY = ("joules", "joules_gpu", "joules_estimated")
"""Measures of energy, the best first."""

NOTES = (
    "Memory: the measured peak, the peak predicted before loading, the error of the prediction, and the peak with "
    "the whole context in use. Energy: per answer.",
    "Speed and energy are those of the machine that the trial ran on, not of the device. Memory is what this engine "
    "takes here; on another processor it may keep other copies of the weights.",
)


@dataclass(frozen=True, slots=True)
class DeviceNeed:
    """What one candidate needs; None: not known.

    Attributes:
        name: of the candidate.
        predicted: peak bytes of memory, before loading.
        measured: the same, measured.
        full: the peak with its whole context: the measured one, and what the rest of the context adds.
        disk: bytes of weights.
        rate: tokens written in a second.
        joules: energy of an answer.
        energy: the measure that the energy is of.
    """

    name: str
    predicted: float | None
    measured: float | None
    full: float | None
    disk: float | None
    rate: float | None
    joules: float | None
    energy: str

    def reasons(self, limits: Mapping[str, Any]) -> list[str]:
        """Return which limits it breaks, with the figures."""
        why = []
        if _is_over(self.full, limits["memory"]):
            why.append(
                f"{format_megabytes(self.full)} of memory with a full context, "
                f"{format_megabytes(limits['memory'])} allowed"
            )
        if _is_over(self.disk, limits["disk"]):
            why.append(f"{format_megabytes(self.disk)} of disk, {format_megabytes(limits['disk'])} allowed")
        if self.rate is not None and _is_over(limits["tokens_per_second"], self.rate):
            why.append(f"{self.rate:.3g} tokens per second, {limits['tokens_per_second']:g} wanted")
        if _is_over(self.joules, limits["joules_per_answer"]):
            told = " (estimated)" if self.energy == "joules_estimated" else ""
            why.append(f"{self.joules:.3g} joules per answer{told}, {limits['joules_per_answer']:g} allowed")
        return why

    def unknown(self, limits: Mapping[str, Any]) -> list[str]:
        """Return what is limited and not known of it."""
        known = {"memory": self.full, "disk": self.disk}
        known |= {"tokens_per_second": self.rate, "joules_per_answer": self.joules}
        return [LIMITED[name] for name, value in known.items() if value is None and limits[name] is not None]


LIMITED = {
    "memory": "memory",
    "disk": "size on disk",
    "tokens_per_second": "writing speed",
    "joules_per_answer": "energy",
}


def _is_over(value: float | None, limit: float | None) -> bool:
    """Whether both are known and the value is above the limit."""
    return value is not None and limit is not None and value > limit


def format_megabytes(size: float | None) -> str:
    """Return bytes in words."""
    return "unknown" if size is None else f"{size / 1e6:,.0f} MB"


def read_needs(ledger: Ledger, trial_id: str) -> tuple[Mapping[str, Any], list[DeviceNeed]] | None:
    """Return the latest run's device, predictions and exclusions, and what each candidate needs; None without any."""
    told = [s.facts["fit"] for s in query.read_sessions(ledger, trial_id) if s.facts.get("fit")]
    if not told or not told[-1]["device"]:
        return None
    fit = told[-1]
    plan = query.find_trial(ledger, trial_id).plan
    return fit, [_find_need(ledger, trial_id, c, plan.tasks, fit) for c in plan.candidates]


def _find_need(
    ledger: Ledger, trial_id: str, candidate: CandidateRecord, tasks: Sequence[TaskRecord], fit: Mapping[str, Any]
) -> DeviceNeed:
    """Return what one candidate was predicted and measured to need."""
    rows = [(r.measure, r.value) for r in query.read_whole_rows(ledger, trial_id) if r.candidate_id == candidate.id]
    rows = rows or read_whole_values(ledger, candidate.id)  # of earlier trials, whose answers this one took over
    measured = max((value for measure, value in rows if measure == "memory_bytes"), default=None)
    rates = [value for measure, value in rows if measure == "decode_tokens_per_second"]
    told = fit["candidates"].get(candidate.name, {"memory": None, "disk": None})
    memory = told["memory"]
    more = max(0, memory["full"] - memory["peak"]) if memory else 0
    alone = _find_mean(ledger, trial_id, candidate.id, tasks, "tokens_per_second")
    joules, energy = None, ENERGY[0]
    for energy in ENERGY:
        joules = _find_mean(ledger, trial_id, candidate.id, tasks, energy)
        if joules is not None:
            break
    return DeviceNeed(
        name=candidate.name,
        predicted=memory["peak"] if memory else None,
        measured=measured,
        full=None if measured is None else measured + more,
        disk=told["disk"],
        rate=alone if alone is not None else (rates[-1] if rates else None),
        joules=joules,
        energy=energy,
    )


def _find_mean(
    ledger: Ledger, trial_id: str, candidate: str, tasks: Sequence[TaskRecord], measure: str
) -> float | None:
    """Return the mean of a measure over all items of all tasks; None if none has it."""
    values = [query.read_values(ledger, trial_id, candidate, task.id, measure).values for task in tasks]
    every = np.concatenate(values)
    return float(every.mean()) if every.size else None


def study_device(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return who fits the trial's device and who does not, with the figures; None if it names none."""
    found = read_needs(ledger, trial_id)
    if found is None:
        return None
    fit, needs = found
    limits = fit["device"]
    broken = {one.name: one.reasons(limits) for one in needs}
    open_ = {one.name: one.unknown(limits) for one in needs}
    good = [one.name for one in needs if not broken[one.name] and not open_[one.name]]
    sentences = [
        f"Fits {_describe_limits(limits)}: {', '.join(good)}."
        if good
        else f"No candidate is shown to fit {_describe_limits(limits)}."
    ]
    sentences += [f"{name} does not fit: {'; '.join(why)}." for name, why in broken.items() if why]
    sentences += [
        f"{name} fits as far as is known; unknown: {', '.join(what)}."
        for name, what in open_.items()
        if what and not broken[name]
    ]
    sentences += [
        f"Left out before anything was asked: {name}: {'; '.join(why)}." for name, why in fit["excluded"].items()
    ]
    rows = [_make_row(one, not broken[one.name], bool(open_[one.name])) for one in needs]
    heads = [("memory", "B"), ("predicted", "B"), ("error", "1"), ("full context", "B"), ("disk", "B"), ("energy", "J")]
    columns = [
        Column("candidate"),
        *(Column(name, unit, difference=name == "error") for name, unit in heads),
        Column("tokens/s"),
        Column("fits"),
    ]
    told = [at for at in range(len(columns)) if any(cells[at] is not None for cells in rows)]
    table = Table(
        "What each candidate needs", tuple(columns[at] for at in told), tuple(tuple(r[at] for at in told) for r in rows)
    )
    notes = [*NOTES, *([f"{limits['name']}: {limits['assumed']}."] if limits["assumed"] else [])]
    if any(one.joules is not None and one.energy == "joules_estimated" for one in needs):
        notes.append("Energy is estimated from processor time and stated watts, not measured.")
    unpredicted = [f"{n}: {t['unknown']}" for n, t in fit["candidates"].items() if t["unknown"]]
    notes += [f"No prediction of memory for {line}." for line in unpredicted]
    return Findings("Does it fit?", tuple(sentences), (table,), (), tuple(notes))


def _make_row(one: DeviceNeed, holds: bool, partly: bool) -> tuple[Cell, ...]:
    """Return the table's row of one candidate."""
    off = one.predicted / one.measured - 1 if one.predicted and one.measured else None
    verdict = ("as far as known" if partly else "yes") if holds else "no"
    rate = None if one.rate is None else round(one.rate, 1)
    return (one.name, one.measured, one.predicted, off, one.full, one.disk, one.joules, rate, verdict)


def _describe_limits(limits: Mapping[str, Any]) -> str:
    """Return a device's limits in words."""
    parts = [f"{format_megabytes(limits[name])} of {name}" for name in ("memory", "disk") if limits[name] is not None]
    if limits["tokens_per_second"] is not None:
        parts.append(f"{limits['tokens_per_second']:g} tokens per second")
    if limits["joules_per_answer"] is not None:
        parts.append(f"{limits['joules_per_answer']:g} joules per answer")
    told = ", ".join(parts)
    return f"{limits['name']} ({told})" if limits["name"] else f"the device ({told})"
