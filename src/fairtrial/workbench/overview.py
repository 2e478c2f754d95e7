"""A trial: the verdict first, then the evidence; and how far it has come while it runs."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from fairtrial.workbench.bench import TrialPlace, Workbench, find_place, get_findings, read_findings
from fairtrial.workbench.findings import TrialFindings, TrialProgress, find_progress
from fairtrial.workbench.workroom import Kept


async def show_trial(bench: Workbench, request: Request) -> Response:
    """Answer with the page of a trial."""
    place = await find_place(bench, request)
    values = await _gather(bench, place)
    return bench.show("overview.html", place=place, tab="", **values)


async def show_live(bench: Workbench, request: Request) -> Response:
    """Answer with the part of that page that changes while a trial runs."""
    place = await find_place(bench, request)
    values = await _gather(bench, place)
    return bench.show("live.html", place=place, **values)


async def _gather(bench: Workbench, place: TrialPlace) -> dict[str, Any]:
    running = await bench.compute(place.shelved, "progress", find_progress, place.sketch.id)
    if running.value is None and running.error is not None:
        raise running.error
    kept = await get_findings(bench, place)
    findings = read_findings(kept)
    progress: TrialProgress | None = running.value
    return {"kept": kept, "findings": findings, "progress": progress, "waits": _waits(kept, findings, running)}


def _waits(kept: Kept, findings: TrialFindings | None, running: Kept) -> bool:
    """Whether the page will change by itself."""
    progress: TrialProgress | None = running.value
    if findings is None or progress is None or not kept.fresh or not running.fresh:
        return True
    return progress.state == "running"
