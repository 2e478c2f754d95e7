"""``fairtrial ui``: the workbench in a browser."""

from __future__ import annotations

import webbrowser
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.errors import MissingExtraError, SpecError
from fairtrial.pages.binding import bind_address
from fairtrial.pages.showing import make_inline

PARTS = ("starlette", "uvicorn")


def ui(
    ledgers: Annotated[
        list[Path] | None,
        typer.Argument(help="Ledgers, or folders of them; default: the ledger of this folder.", show_default=False),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 takes a free one.")] = 8012,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    workspace: Annotated[
        Path, typer.Option("--workspace", "-w", help="Folder for trials that are started from a page.")
    ] = Path(),
    read_only: Annotated[
        bool, typer.Option("--read-only", help="Write nothing: no trials are started, no grades are marked.")
    ] = False,
    allow_host: Annotated[
        list[str] | None,
        typer.Option("--allow-host", help="Name, with its port, under which others reach it; may be repeated."),
    ] = None,
) -> None:
    """Look at trials in a browser: verdicts, every answer, running trials live; start new ones.

    There is no password: anybody who reaches the address sees the ledgers and, without --read-only, can start trials.
    By default only this machine reaches it.
    """
    app, running, shelf, runs = (
        _import_part(name) for name in ("workbench.app", "workbench.running", "workbench.shelf", "workbench.runs")
    )
    if not workspace.is_dir():
        raise SpecError(f"--workspace {workspace}: there is no such folder.", fix="Make it first.")
    shelved = shelf.Shelf(ledgers or [api.DEFAULT_LEDGER])
    bench = app.make_bench(shelved, None if read_only else runs.RunTable(workspace.resolve()))
    listening = bind_address(host, port)
    listening.listen(running.BACKLOG)
    address = _name_address(host, listening.getsockname()[1])
    Console().print(Text(f"Workbench at {address} (Ctrl-C ends it)"), soft_wrap=True)
    for one in shelved.ledgers.values():
        if not one.there:
            Console(stderr=True).print(Text(make_inline(f"{one.path} is not there yet.")), soft_wrap=True)
    if opens:
        _open(address)
    running.serve_pages(app.make_bench_app(bench, tuple(allow_host or ())), listening)


def _import_part(name: str) -> Any:
    """Return a module of the workbench.  Raises MissingExtraError where what it needs is missing."""
    try:
        return import_module(f"fairtrial.{name}")
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in PARTS:
            raise
        raise MissingExtraError("The workbench", "serve") from error


def _name_address(host: str, port: int) -> str:
    shown = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


def _open(address: str) -> None:
    try:
        webbrowser.open(address)
    except webbrowser.Error:
        Console(stderr=True).print("No browser could be opened here; open the address yourself.")
