"""What all paths of the workbench share: ledgers, readers, the workroom, pages; and how an address names a trial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fairtrial.ledger.browsing import TrialSketch, find_sketch
from fairtrial.pages.assets import Assets
from fairtrial.pages.rendering import PageRenderer
from fairtrial.report import words
from fairtrial.workbench.findings import TrialFindings, find_trial_findings
from fairtrial.workbench.readers import Readers
from fairtrial.workbench.runs import RunTable
from fairtrial.workbench.shelf import Shelf, ShelvedLedger
from fairtrial.workbench.workroom import Kept, Workroom

TABS = (
    ("", "Verdict"),
    ("/items", "Items"),
    ("/wall", "Wall"),
    ("/frontier", "Frontier"),
    ("/agreement", "Agreement"),
    ("/export", "Export"),
)
"""Ends of addresses and names of what there is to see of a trial."""

SHOWN_ID = 16


@dataclass(frozen=True, slots=True)
class Workbench:
    """The workbench of one process.

    Attributes:
        shelf: the ledgers.
        pages: makes pages.
        readers: read ledgers for single pages.
        room: computes what takes time.
        runs: trials that were started here; None: nothing is ever written, neither trials nor marks.
        token: that forms send back.
    """

    shelf: Shelf
    pages: PageRenderer
    readers: Readers
    room: Workroom
    runs: RunTable | None
    token: str
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    @property
    def read_only(self) -> bool:
        """Whether nothing is ever written."""
        return self.runs is None

    async def compute(
        self, shelved: ShelvedLedger, what: str, function: Callable[..., Any], *given: str, wait: bool = True
    ) -> Kept:
        """Return what a function of the module level finds in a ledger, as far as it is known; it is given the path."""
        stamp = await self.readers.get_stamp(shelved.path)
        return await self.room.get((what, shelved.key, *given), stamp, function, shelved.path, *given, wait=wait)

    def show(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a page."""
        return self.pages.respond(template, status, bench=self, **values)


@dataclass(frozen=True, slots=True)
class TrialPlace:
    """Which trial a page is about.

    Attributes:
        shelved: its ledger.
        sketch: the trial.
    """

    shelved: ShelvedLedger
    sketch: TrialSketch

    @property
    def address(self) -> str:
        """Where its pages begin."""
        return f"/l/{self.shelved.key}/t/{self.sketch.id[:SHOWN_ID]}"


async def find_place(bench: Workbench, request: Request) -> TrialPlace:
    """Return the trial that an address names.  Raises UnknownNameError, LedgerGoneError."""
    shelved = bench.shelf.open(request.path_params["ledger"])
    sketch = await bench.readers.read(shelved.path, find_sketch, request.path_params["trial"])
    return TrialPlace(shelved, sketch)


async def get_findings(bench: Workbench, place: TrialPlace, *, wait: bool = True) -> Kept:
    """Return what is found in a trial, as far as it is known; its value is `TrialFindings`."""
    return await bench.compute(place.shelved, "findings", find_trial_findings, place.sketch.id, wait=wait)


def read_findings(kept: Kept) -> TrialFindings | None:
    """Return findings, None where there are none yet.  Raises the error for which there are none."""
    if kept.value is None and kept.error is not None:
        raise kept.error
    found: TrialFindings | None = kept.value
    return found


def make_pages(token: str) -> PageRenderer:
    """Return what makes the pages of the workbench."""
    assets = Assets(["fairtrial.pages", "fairtrial.workbench"])
    report = files("fairtrial.report.html").joinpath("templates/report.css").read_bytes()
    assets.add("report.css", "text/css; charset=utf-8", report, "report", ".css")
    pages = PageRenderer(["fairtrial.workbench"], assets, token)
    pages.add(
        {"number": words.format_number, "quantity": words.format_quantity, "when": show_time},
        {"TABS": TABS, "minutes": show_minutes, "percent": show_percent},
    )
    return pages


def show_time(text: str | float | None) -> str:
    """Return a time of a ledger, or seconds since the epoch, as people read it, in UTC: ``2026-11-27 03:30``."""
    if text is None:
        return ""
    if isinstance(text, float):
        return datetime.fromtimestamp(text, UTC).strftime("%H:%M:%S UTC")
    return text[:16].replace("T", " ")


def show_minutes(minutes: float) -> str:
    """Return a time span as people say it."""
    if minutes < 1:
        return f"{60 * minutes:.0f} s"
    if minutes < 90:
        return f"{minutes:.1f} min"
    return f"{minutes / 60:.1f} h"


def show_percent(part: float, whole: float) -> str:
    """Return a share; nothing of nothing is not known."""
    return "–" if not whole else f"{100 * part / whole:.0f}%"


def read_query(request: Request) -> Mapping[str, str]:
    """Return the query of an address, the last of several values of a name."""
    return dict(request.query_params)


def is_inside(folder: Path, path: Path) -> bool:
    """Return whether a path leads to a place in a folder, links followed."""
    return path.resolve().is_relative_to(folder.resolve())
