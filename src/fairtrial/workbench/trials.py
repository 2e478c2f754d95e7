"""The first page, and that of one ledger: trials with state, verdict in a line, and what makes it doubtful."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from fairtrial.errors import FairtrialError
from fairtrial.ledger.browsing import LedgerHoldings, TrialSketch, find_holdings, sketch_trials
from fairtrial.ledger.locked import is_being_written
from fairtrial.workbench.bench import TrialPlace, Workbench, get_findings
from fairtrial.workbench.findings import TrialFindings
from fairtrial.workbench.shelf import ShelvedLedger
from fairtrial.workbench.workroom import Kept

FEW, MANY = 8, 30
"""Trials of a ledger on the first page, and on its own."""


@dataclass(frozen=True, slots=True)
class TrialEntry:
    """A trial of a list; ``findings`` is None as long as they are not known, ``failed`` says why they never will be."""

    place: TrialPlace
    state: str
    kept: Kept
    findings: TrialFindings | None
    failed: str


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """A ledger of a list.

    Attributes:
        problem: why it cannot be read; empty if it can.
        more: id of the last trial shown, if there are more.
        holds: what is in it where it has no trial.
    """

    shelved: ShelvedLedger
    trials: tuple[TrialEntry, ...]
    problem: str
    more: str
    holds: LedgerHoldings | None = None

    @property
    def waits(self) -> bool:
        """Whether anything of it is still being computed, or changes by itself."""
        return any(t.state == "running" or not (t.failed or t.kept.fresh) for t in self.trials)


async def list_ledgers(bench: Workbench, _: Request) -> Response:
    """Answer with all ledgers and their latest trials."""
    entries = [await _list_one(bench, shelved, "", FEW) for shelved in bench.shelf.ledgers.values()]
    return bench.show("trials.html", entries=entries, one=None, before="")


async def list_trials(bench: Workbench, request: Request) -> Response:
    """Answer with the trials of one ledger, page by page."""
    shelved = bench.shelf.find(request.path_params["ledger"])
    before = request.query_params.get("before", "")[:64]
    entry = await _list_one(bench, shelved, before, MANY)
    return bench.show("trials.html", entries=[entry], one=shelved, before=before)


async def _list_one(bench: Workbench, shelved: ShelvedLedger, before: str, most: int) -> LedgerEntry:
    if not shelved.there:
        return LedgerEntry(shelved, (), "", "")
    try:
        found = await bench.readers.read(shelved.path, sketch_trials, before, most + 1)
    except FairtrialError as error:
        return LedgerEntry(shelved, (), str(error), "")
    if not found and not before:
        return LedgerEntry(shelved, (), "", "", await bench.readers.read(shelved.path, find_holdings))
    entries = [await _make_entry(bench, TrialPlace(shelved, sketch)) for sketch in found[:most]]
    return LedgerEntry(shelved, tuple(entries), "", found[most - 1].id if len(found) > most else "")


async def _make_entry(bench: Workbench, place: TrialPlace) -> TrialEntry:
    kept = await get_findings(bench, place, wait=False)
    failed = str(kept.error) if kept.error is not None and kept.value is None else ""
    return TrialEntry(place, find_state(place.sketch, place.shelved), kept, kept.value, failed)


def find_state(sketch: TrialSketch, shelved: ShelvedLedger) -> str:
    """Return the state of a trial in a word."""
    if sketch.state != "open":
        return sketch.state
    return "running" if is_being_written(shelved.path) else "killed"
