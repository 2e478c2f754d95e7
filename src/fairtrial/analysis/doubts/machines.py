"""Doubts about where answers were made: beside others on one machine, or on machines that are not alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.ledger import Ledger, query

BESIDE = (
    "{who} answered beside others on one machine (--on {kind}), so seconds, and what follows from them, were left out "
    "for those answers. Times of a single answer are taken alone: `latency_items` asks for them."
)
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
    for kind, found in beside.items():
        if found:
            who = ", ".join(name for name in names if name in found)
            yield Doubt("beside", BESIDE.format(who=who, kind=kind), headline=True)


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
