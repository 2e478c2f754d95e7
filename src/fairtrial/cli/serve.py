"""``fairtrial serve``: a candidate behind an OpenAI-compatible server, exactly as it was tested."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from fairtrial.cli.options import ThreadsOption
from fairtrial.errors import MissingExtraError, SpecError
from fairtrial.pages.binding import bind_address
from fairtrial.pages.showing import make_inline

BACKLOG = 1024
"""Connections that may wait to be taken."""
PARTS = ("starlette", "uvicorn", "prometheus_client")

HourOption = Annotated[
    float | None,
    typer.Option(
        "--usd-per-hour",
        min=0,
        help="US dollars that an hour of this machine costs; default: what the trial states.",
        show_default=False,
    ),
]


def serve(
    candidates: Annotated[
        list[str],
        typer.Argument(
            help="A candidate file; or TRIAL#CANDIDATE, by the trial's id, its beginning, or its name. Several are "
            "served side by side."
        ),
    ],
    ledger: Annotated[
        Path | None,
        typer.Option("--ledger", "-l", help="File that keeps every answer of the trial.", show_default=False),
    ] = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", "-p", min=0, max=65535, help="Port; 0 takes a free one.")] = 8011,
    threads: ThreadsOption = None,
    parallel: Annotated[int, typer.Option("--parallel", min=1, max=256, help="Answers that grow at once.")] = 16,
    queue: Annotated[
        int, typer.Option("--queue", min=0, help="Requests that may wait; more are told to come back.")
    ] = 128,
    timeout: Annotated[float, typer.Option("--timeout", min=1, help="Seconds that an answer may take.")] = 600.0,
    strict: Annotated[
        bool, typer.Option("--strict", help="Do not serve unless stored questions are answered as in the trial.")
    ] = False,
    compare: Annotated[
        int, typer.Option("--compare", min=0, help="Stored questions that are asked again at the start.")
    ] = 8,
    record: Annotated[
        Path | None, typer.Option("--record", help="Keep a share of questions and answers in this ledger.")
    ] = None,
    record_share: Annotated[float, typer.Option("--record-share", help="That share, e.g. 0.1.")] = 0.1,
    votes: Annotated[
        Path | None, typer.Option("--votes", help="Keep votes of the chat page between candidates in this ledger.")
    ] = None,
    cors: Annotated[
        list[str] | None, typer.Option("--cors", help="Origin of a page whose scripts may ask; may be repeated.")
    ] = None,
    embed: Annotated[str, typer.Option("--embed", help="What makes vectors for /v1/embeddings, e.g. small.")] = "",
    usd_per_hour: HourOption = None,
) -> None:
    """Serve a candidate with all its levers behind OpenAI's API, exactly as it was tested.

    Keys come from the environment variable FAIRTRIAL_API_KEYS (comma separated); without one only this machine may
    ask.  Stop it with Ctrl-C: answers under way may finish.
    """
    serving, running = _import_server()
    if "*" in (cors or ()):
        raise SpecError("--cors *: name the origins of pages, e.g. https://example.org.")
    limits = serving.ServingLimits(places=parallel, waiting=queue, answer_seconds=timeout)
    options = serving.ServeOptions(
        ledger=ledger, host=host, threads=threads, limits=limits, origins=tuple(cors or ()), compare=compare,
        strict=strict, record=record, record_share=record_share, votes=votes, embed=embed,
        usd_per_hour=usd_per_hour,
    )  # fmt: skip
    with bind_address(host, port) as listening:
        hall = serving.open_hall(candidates, options, _tell)
        listening.listen(BACKLOG)  # who reads the address may connect at once
        _tell_who(hall, host, listening.getsockname()[1])
        running.run_server(hall, listening)


def _import_server() -> tuple[Any, Any]:
    """Return the modules that open and run a server.  Raises MissingExtraError where what they need is missing."""
    try:
        return import_module("fairtrial.api.serving"), import_module("fairtrial.serve.running")
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in PARTS:
            raise
        raise MissingExtraError("The server", "serve") from error


def _tell(line: str) -> None:
    Console(stderr=True).print(Text(make_inline(line)), soft_wrap=True)


def _tell_who(hall: Any, host: str, port: int) -> None:
    """Tell who is served and where; the address alone goes to standard output."""
    for served in hall.served:
        _tell(f"Serving {served.about.name} (candidate {served.about.candidate[:12]}).")
        for verdict in served.about.verdicts:
            _tell(f"  {verdict['words']}")
    if (recorder := hall.first.recorder) is not None:
        told = recorder.describe()
        _tell(f"Keeping {told['share']:.0%} of the answers in {recorder.path}. {told['notice']}")
    shown = f"[{host}]" if ":" in host else host
    _tell(f"Chat at http://{shown}:{port}/chat")
    Console().print(Text(f"Listening on http://{shown}:{port}/v1"), soft_wrap=True)
