"""``fairtrial view``: every answer of a trial in one HTML file."""

from __future__ import annotations

import webbrowser
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import JsonOption, LedgerOption
from fairtrial.cli.output import print_json
from fairtrial.cli.outputs import check_output, own_file
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import explain_damage
from fairtrial.pages.showing import make_inline
from fairtrial.report.summary import summarise
from fairtrial.report.view.page import Written, write_view

LARGE = 150_000_000
"""Bytes from which a browser takes its time to open the file."""


def view(
    trial: Annotated[
        str | None, typer.Argument(help="Trial id, its beginning, or its name; default: the latest.")
    ] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="The HTML file to write; default: NAME-items.html.")
    ] = None,
    tasks: Annotated[
        list[str] | None, typer.Option("--tasks", help="Only these tasks, comma separated or repeated.")
    ] = None,
    opens: Annotated[bool, typer.Option("--open/--no-open", help="Open the file in the browser.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write every item with all candidates' answers side by side into one HTML file, to filter, search and compare.

    The file needs no server, no network and no fairtrial: it can be sent to anyone.
    """
    check_output(out, ledger)
    names = tuple(name.strip() for given in tasks or () for name in given.split(",") if name.strip())
    waiting = Console(stderr=True).status("Reading answers")
    with explain_damage(ledger), Ledger.open(ledger, create=False) as store, waiting:
        summary = summarise(store, query.find_trial(store, trial).id)
        path = out or own_file(Path(f"{summary.name}-items.html"), summary.trial_id)
        written = write_view(store, summary, check_output(path, ledger) or path, names)
    opened = opens and _open_browser(written.path)
    if as_json:
        print_json(_describe(written, summary.trial_id))
        return
    console = Console()
    for line in _tell(written):
        console.print(Text(make_inline(line)), soft_wrap=True)
    if opens and not opened:
        console.print("No browser could be opened here; open the file yourself.")


def _tell(written: Written) -> list[str]:
    """Return what was written, in lines."""
    size = f"{written.bytes / 1e6:,.1f} MB"
    lines = [f"{written.items:,} items, {written.answers:,} answers, {size}: {written.path}"]
    if written.images_left_out:
        lost = written.images_left_out
        are = "1 image is" if lost == 1 else f"{lost:,} images are"
        lines.append(f"{are} left out: too large, or of a kind that is not shown.")
    if written.bytes > LARGE:
        lines.append("A file of this size opens slowly; --tasks NAME writes one task alone.")
    return lines


def _describe(written: Written, trial_id: str) -> dict[str, object]:
    return {
        "trial": trial_id,
        "path": str(written.path),
        "items": written.items,
        "answers": written.answers,
        "bytes": written.bytes,
        "images_left_out": written.images_left_out,
    }


def _open_browser(path: Path) -> bool:
    """Return whether a browser was found and told to open a file."""
    try:
        return webbrowser.open(path.resolve().as_uri())
    except webbrowser.Error:
        return False
