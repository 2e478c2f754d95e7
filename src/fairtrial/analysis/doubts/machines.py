"""Doubts about where answers were made: beside others, on a busy machine, or on machines that are not alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.costs import read_clock_and_processor
from fairtrial.ledger.plan import CandidateRecord

BESIDE = (
    "{who} answered beside others on one machine (--on {kind}), so seconds, and what follows from them, were left out "
    "for those answers. Times of a single answer are taken alone: `latency_items` asks for them."
)
BUSY = (
    "The answers of {who} took {clock:,.0f} s by the clock, and {processor:,.0f} s of the processor: the machine was "
    "doing something else for the rest. Seconds, and what follows from them, are not the candidate's own. Measure "
    "again on an idle machine, in a fresh ledger."
)
TIMES, LEAST = 2.0, 30.0
"""The clock's seconds are doubtful from so many times the processor's, if so many at least are nobody's."""
COMPUTING = ("curate", "quantize", "think", "tune")
"""Levers beside which an engine of this machine computes all the time, and waits for nobody."""

UNLIKE = (
    "Answers of {who} were made on machines that are not alike ({kinds}). The same {items} items asked on both: {told}."
)
UNCHECKED = (
    "Answers of {who} were made on machines that are not alike ({kinds}), and how far they differ was not found out."
)


def find_machine_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield what several engines at work at the same time, or several machines, mean for the numbers."""
    names = [candidate.name for candidate in trial.plan.candidates]
    beside: dict[str, set[str]] = {}
    for session in query.read_sessions(ledger, trial.id):
        runner = session.facts.get("runner")
        if isinstance(runner, Mapping):
            seen = {one for one in runner.get("beside", ()) if one in names}
            beside.setdefault(str(runner.get("kind")), set()).update(seen)
            yield from _find_unlike(runner.get("unlike", ()), names)
    yield from _find_busy(ledger, trial)
    for kind, found in beside.items():
        if found:
            who = ", ".join(name for name in names if name in found)
            yield Doubt("beside", BESIDE.format(who=who, kind=kind), headline=True)


def _find_busy(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield whose seconds are mostly those of other programs."""
    taken = read_clock_and_processor(ledger, trial.id)
    for one in trial.plan.candidates:
        clock, processor = taken.get(one.id, (0.0, 0.0))
        if _only_computes(one) and clock > TIMES * processor and clock - processor >= LEAST:
            text = BUSY.format(who=one.name, clock=clock, processor=processor)
            yield Doubt("busy", text, "", one.name, headline=True)


def _only_computes(candidate: CandidateRecord) -> bool:
    """Return whether a candidate's answers are nothing but work of this machine's processor."""
    engine, device = candidate.record.engine, candidate.record.document.get("device", "cpu")
    here = engine == "llamacpp" or (engine == "transformers" and device == "cpu")
    return here and not candidate.parts and all({*lever} <= {*COMPUTING} for lever in candidate.spec.levers)


def _find_unlike(told: Any, names: list[str]) -> Iterator[Doubt]:
    """Yield how far machines differ, by candidate."""
    for one in told:
        if not isinstance(one, Mapping) or one.get("candidate") not in names:
            continue
        found = {"who": one["candidate"], "kinds": " and ".join(map(str, one.get("kinds", ())))}
        if one.get("told"):
            text = UNLIKE.format(items=one.get("items", 0), told=one["told"], **found)
        else:
            text = UNCHECKED.format(**found)
        yield Doubt("unlike", text, "", str(one["candidate"]), headline=not one.get("same", False))
