"""Pages with pictures made here: the wall of small multiples, any two measures, and how alike tasks are."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from fairtrial.analysis.standings import TaskAgreement
from fairtrial.workbench.bench import Workbench, find_place, get_findings, read_findings, read_query
from fairtrial.workbench.findings import find_frontier_view

LEVELS = 5
"""Shades of the map to either side of zero."""


@dataclass(frozen=True, slots=True)
class MapCell:
    """Two tasks on the map: a shade from -`LEVELS` to `LEVELS` as a name of a style, and what is written there."""

    shade: str
    text: str
    tells: str


async def show_wall(bench: Workbench, request: Request) -> Response:
    """Answer with all candidates on all tasks."""
    place = await find_place(bench, request)
    kept = await get_findings(bench, place)
    return bench.show("wall.html", place=place, tab="/wall", kept=kept, findings=read_findings(kept))


async def show_agreement(bench: Workbench, request: Request) -> Response:
    """Answer with the map of how alike every two tasks order the candidates."""
    place = await find_place(bench, request)
    kept = await get_findings(bench, place)
    findings = read_findings(kept)
    rows = make_map(findings.agreements) if findings else []
    return bench.show("agreement.html", place=place, tab="/agreement", kept=kept, findings=findings, rows=rows)


def make_map(agreements: tuple[TaskAgreement, ...]) -> list[tuple[str, list[MapCell]]]:
    """Return a row a task, with a cell for every task; those that agree most with all others first."""
    taus = {pair: one for one in agreements for pair in ((one.x, one.y), (one.y, one.x))}
    tasks = list(dict.fromkeys(x for x, _ in taus))

    def mean(task: str) -> float:
        known = [one.tau for (x, _), one in taus.items() if x == task and one.tau is not None]
        return sum(known) / len(known) if known else -2.0

    order = sorted(tasks, key=lambda task: (-mean(task), tasks.index(task)))
    return [(x, [_make_cell(x, y, taus.get((x, y))) for y in order]) for x in order]


def _make_cell(x: str, y: str, found: TaskAgreement | None) -> MapCell:
    if x == y:
        return MapCell("same", "", f"{x}")
    if found is None or found.tau is None:
        return MapCell("unknown", "–", f"{x}, {y}: not known")
    level = round(found.tau * LEVELS)
    ends = "" if found.low is None or found.high is None else f", interval {found.low:.2f} to {found.high:.2f}"
    sign = "m" if level < 0 else "p"
    text = f"{found.tau:.2f}".replace("-", "−")
    return MapCell(f"{sign}{abs(level)}", text, f"{x}, {y}: Kendall’s tau {text}{ends}".replace("-", "−"))


async def show_frontier(bench: Workbench, request: Request) -> Response:
    """Answer with any two measures set against each other."""
    place = await find_place(bench, request)
    given = read_query(request)
    x, y, task = (given.get(name, "")[:200] for name in ("x", "y", "task"))
    kept = await bench.compute(place.shelved, "frontier", find_frontier_view, place.sketch.id, x, y, task)
    if kept.value is None and kept.error is not None:
        raise kept.error
    values = {"kept": kept, "view": kept.value, "here": str(request.url.query)}
    return bench.show("frontier.html", place=place, tab="/frontier", **values)
