"""What candidates need (disk, memory, time), what was stated about the machine, and what was not measured, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.report import words
from fairtrial.report.summary import Summary

COLUMNS: Mapping[str, str] = {
    "model_bytes": "on disk",
    "memory_bytes": "peak memory",
    "memory_predicted_bytes": "predicted",
    "kv_bytes": "KV cache",
    "load_seconds": "load time",
    "prefill_tokens_per_second": "prompt speed",
    "decode_tokens_per_second": "generation speed",
}
"""Measures of a candidate as a whole, and what their columns are called."""

STATED: Mapping[str, str] = {
    "usd_per_hour": "the machine costs {} US dollars per hour",
    "watts_per_core": "a busy core draws {} watts",
    "grid_g_per_kwh": "the grid emits {} grams of CO2 equivalent per kilowatt-hour",
}


PERCENTILES = ((0.5, 1), (0.95, 20), (0.99, 100))
"""Shares of answers, and the fewest items from which each is told."""


@dataclass(frozen=True, slots=True)
class Latency:
    """One candidate's single answers on one task: how many, and the percentiles of their times in words."""

    candidate: str
    task: str
    items: int
    cells: tuple[str, ...]


def list_columns(summary: Summary) -> list[str]:
    """Return the measures that some candidate has."""
    return [name for name in COLUMNS if any(name in candidate.needs for candidate in summary.candidates)]


def format_need(needs: Mapping[str, Any], measure: str) -> str:
    """Return one value with its unit, or a dash."""
    if measure not in needs:
        return "–"
    row = needs[measure]
    if row.unit == "B":
        size = f"{words.format_number(row.value / 1e6)} MB"
        measured = needs.get("memory_bytes")
        if measure == "memory_predicted_bytes" and measured:
            off = round(100 * (row.value / measured.value - 1))
            size += f" ({off:+d}%)".replace("-", words.MINUS) if off else " (±0%)"
        return size
    return words.format_quantity(row.value, row.unit)


def find_latencies(ledger: Ledger, summary: Summary) -> list[Latency]:
    """Return the percentiles of each candidate's single answers on each task, where they were timed."""
    found = []
    for task in summary.tasks:
        for candidate in summary.candidates:
            values = query.read_values(
                ledger, summary.trial_id, candidate.content_id, task.content_id, "latency"
            ).values
            if values.size:
                cells = [
                    words.format_quantity(float(np.quantile(values, q)), "s") if values.size >= least else "–"
                    for q, least in PERCENTILES
                ]
                found.append(Latency(candidate.name, task.name, values.size, tuple(cells)))
    return found


def describe_stated_machines(summary: Summary) -> list[str]:
    """Return what the trial file stated about the machine, one sentence for each different statement of the runs."""
    lines = [_describe_stated_machine(session.facts.get("stated") or {}) for session in summary.sessions]
    return list(dict.fromkeys(line for line in lines if line))


def _describe_stated_machine(told: Mapping[str, Any]) -> str:
    """Return a statement as one sentence; empty if nothing was stated."""
    parts = [text.format(f"{told[name]:g}") for name, text in STATED.items() if name in told]
    if not parts:
        return ""
    where = f" ({told['region']})" if told.get("region") else ""
    source = f" Source: {told['source']}" if told.get("source") else ""
    return f"Stated in the trial file, not measured: {'; '.join(parts)}{where}.{source}"


def describe_methods(summary: Summary) -> list[str]:
    """Return how energy and memory were measured, one sentence for each different way of the runs."""
    ways = [session.facts.get("measured_by") for session in summary.sessions]
    lines = [
        f"Energy: {'not measured' if way['energy'] == 'nothing' else way['energy']}. Peak memory: {way['memory']}."
        for way in ways
        if way
    ]
    return list(dict.fromkeys(lines))


def list_absences(summary: Summary) -> list[str]:
    """Return what was not measured, a line for all measures that the same candidates lack for the same reason."""
    measures: dict[str, list[str]] = {}
    for measure, line in describe_absences(summary):
        measures.setdefault(line.removeprefix(measure), []).append(measure)
    return [f"{', '.join(names)}{rest}" for rest, names in measures.items()]


def describe_absences(summary: Summary) -> list[tuple[str, str]]:
    """Return what was not measured, a measure and a line for each reason: who, where, why."""
    whom: dict[tuple[str, str], dict[str, list[str]]] = {}
    for row in summary.absences:
        of = whom.setdefault((row.measure, row.reason), {})
        tasks = of.setdefault(row.candidate, [])
        if row.task:
            tasks.append(row.task)
    return [
        (measure, f"{measure} of {_name_subjects(summary, of)}: {reason}") for (measure, reason), of in whom.items()
    ]


def _name_subjects(summary: Summary, of: Mapping[str, Sequence[str]]) -> str:
    """Return candidates, and tasks where it is not all of them, in words."""
    names = "every candidate" if len(of) == len(summary.candidates) > 1 else ", ".join(of)
    tasks = dict.fromkeys(task for found in of.values() for task in found)
    return names if len(tasks) in (0, len(summary.tasks)) else f"{names} on {', '.join(tasks)}"


def describe_absences_shortly(summary: Summary) -> list[str]:
    """Return the lines for a terminal: in full for measures that verdicts are about, the others by name."""
    asked = {name for task in summary.tasks for name in (*task.measures, task.main_measure)}
    lines = [f"Not measured: {line}." for measure, line in describe_absences(summary) if measure in asked]
    others = dict.fromkeys(row.measure for row in summary.absences if row.measure not in asked)
    if others:
        lines.append(f"Not measured: {', '.join(sorted(others))}; the report says why.")
    return lines
