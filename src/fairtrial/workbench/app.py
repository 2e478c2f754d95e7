"""The paths of the workbench; each handler is in a file of its own."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from fairtrial.errors import FairtrialError, LedgerBusyError, LedgerError, SpecError, UnknownNameError
from fairtrial.pages.safety import FormError, PageDoors, make_token
from fairtrial.workbench.bench import Workbench, make_pages
from fairtrial.workbench.charts import show_agreement, show_frontier, show_wall
from fairtrial.workbench.exporting import send_export, show_export
from fairtrial.workbench.listing import draw_item, show_items
from fairtrial.workbench.marking import mark_grade
from fairtrial.workbench.overview import show_live, show_trial
from fairtrial.workbench.readers import Readers
from fairtrial.workbench.runs import RunTable
from fairtrial.workbench.shelf import LedgerGoneError, Shelf
from fairtrial.workbench.single import send_image, show_item
from fairtrial.workbench.starting import (
    cancel_run,
    check_trial,
    compose_trial,
    show_run,
    show_runs,
    show_start,
    start_trial,
)
from fairtrial.workbench.trials import list_ledgers, list_trials
from fairtrial.workbench.workroom import Workroom

LOG = logging.getLogger("fairtrial.workbench")

_Handler = Callable[[Workbench, Request], Awaitable[Response]]

TRIAL = "/l/{ledger}/t/{trial}"
GETS: dict[str, _Handler] = {
    "/": list_ledgers,
    "/start": show_start,
    "/runs": show_runs,
    "/runs/{number}": show_run,
    "/l/{ledger}": list_trials,
    "/l/{ledger}/images/{digest}": send_image,
    TRIAL: show_trial,
    f"{TRIAL}/live": show_live,
    f"{TRIAL}/items": show_items,
    f"{TRIAL}/draw": draw_item,
    f"{TRIAL}/item/{{item}}": show_item,
    f"{TRIAL}/wall": show_wall,
    f"{TRIAL}/frontier": show_frontier,
    f"{TRIAL}/agreement": show_agreement,
    f"{TRIAL}/export": show_export,
    f"{TRIAL}/export/{{form}}": send_export,
}
POSTS: dict[str, _Handler] = {
    f"{TRIAL}/item/{{item}}": mark_grade,
    "/start/compose": compose_trial,
    "/start/check": check_trial,
    "/start/run": start_trial,
    "/runs/{number}/cancel": cancel_run,
}

STATUS: tuple[tuple[type[FairtrialError], int], ...] = (
    (UnknownNameError, 404),
    (FormError, 400),
    (SpecError, 422),
    (LedgerBusyError, 409),
    (LedgerGoneError, 410),
    (LedgerError, 500),
)
"""Of what goes wrong, the first that fits; all else is an error of ours."""


def make_bench(shelf: Shelf, runs: RunTable | None, room: Workroom | None = None) -> Workbench:
    """Return a workbench; without ``runs`` it never writes anything."""
    token = make_token()
    return Workbench(shelf, make_pages(token), Readers(), room or Workroom(), runs, token)


def make_bench_app(bench: Workbench, hosts: Collection[str] = ()) -> ASGIApp:
    """Return the application; ``hosts``: names with ports under which it may be reached beside this machine's own."""
    routes = [Route(path, _guard(bench, answer), methods=["GET"]) for path, answer in GETS.items()]
    routes += [Route(path, _guard(bench, answer), methods=["POST"]) for path, answer in POSTS.items()]

    async def tell(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        told = {404: "There is no such page.", 405: "This address takes another method."}
        failure = FairtrialError(told.get(error.status_code, str(error.detail)))
        return bench.show("error.html", error.status_code, failure=failure)

    @asynccontextmanager
    async def live(_: Starlette) -> AsyncIterator[None]:
        yield
        bench.room.close()
        bench.readers.close()
        if bench.runs is not None:
            bench.runs.close()

    app = Starlette(
        routes=[*routes, bench.pages.assets.route()], exception_handlers={HTTPException: tell}, lifespan=live
    )
    return PageDoors(app, hosts)


def _guard(bench: Workbench, answer: _Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that answers with a page whatever goes wrong."""

    async def respond(request: Request) -> Response:
        try:
            return await answer(bench, request)
        except FairtrialError as error:
            status = next((code for kind, code in STATUS if isinstance(error, kind)), 500)
            return bench.show("error.html", status, failure=error)
        except Exception:
            LOG.exception("a page has failed")
            failure = FairtrialError("something went wrong that nobody foresaw.", fix="The terminal shows it.")
            return bench.show("error.html", 500, failure=failure)

    return respond
