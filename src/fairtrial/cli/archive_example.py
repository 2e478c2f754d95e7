"""``fairtrial archive example``: write the archive of an invented town, or of an election, to try everything on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial.cli.options import JsonOption
from fairtrial.cli.output import print_json
from fairtrial.pages.showing import make_inline
from fairtrial.report.fitting import FittedTable
from fairtrial.tasks.harms.elections.files import NOTICES, write_notices
from fairtrial.tasks.newsroom.archive import SEED
from fairtrial.tasks.newsroom.outlets import OUTLETS
from fairtrial.tasks.newsroom.writing import AGREEMENTS, ARTICLES, FORMATS, WrittenExample, write_example

LICENCES = {
    "open": "open: CC BY 4.0",
    "agreement": "signed agreement, 25 words quoted at most",
    "denied": "search only: not shown to models",
    "expired": "agreement that has expired",
}
"""What each licence of a publisher means, in words."""


def example(
    folder: Annotated[Path, typer.Argument(help="Folder to write; it must not exist, or be empty.")],
    seed: Annotated[
        int, typer.Option("--seed", min=0, help="Of the archive; the task's seed must be the same.")
    ] = SEED,
    elections: Annotated[
        bool, typer.Option("--elections", help="The official documents of an election in an invented land instead.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the news archive of an invented town: several hundred articles in all formats, with signals of rights."""
    if elections:
        _write_elections(folder, seed, as_json)
        return
    written = write_example(folder, seed)
    if as_json:
        print_json({**asdict(written), "folder": str(folder), "seed": seed})
        return
    console = Console()
    console.print(FittedTable(_make_table(written), heads=1))
    console.print(Text(_describe_next(written, seed)), soft_wrap=True)


def _write_elections(folder: Path, seed: int, as_json: bool) -> None:
    notices = write_notices(folder, seed)
    if as_json:
        print_json({**asdict(notices), "folder": str(folder), "seed": seed})
        return
    shown, asked = make_inline(str(folder)), "" if seed == SEED else f", seed: {seed}"
    text = (
        f"{notices.documents} official documents of the election in the {notices.land}, by the {notices.authority} "
        f"({notices.site}); {notices.questions} questions about them are the task `elections_procedures_closed`.\n"
        f"Next: fairtrial archive add {shown}/{NOTICES} --archive elections.db\n"
        f"Then in a trial: levers: [{{retrieve: elections.db}}], and tasks: "
        f"[{{task: elections_procedures_closed{asked}}}]"
    )
    Console().print(Text(text), soft_wrap=True)


def _make_table(written: WrittenExample) -> Table:
    table = Table("publisher", "documents", "format", "licence", box=None, header_style="bold")
    for outlet, (title, count) in zip(OUTLETS.values(), written.documents.items(), strict=True):
        table.add_row(title, str(count), FORMATS[outlet.name], LICENCES[outlet.licence])
    return table


def _describe_next(written: WrittenExample, seed: int) -> str:
    folder = make_inline(str(written.folder))
    asked = "" if seed == SEED else f", seed: {seed}"
    return (
        f"{sum(written.documents.values()):,} documents of {written.town}; {written.questions} questions about them "
        f"are the task `newsroom`.\n"
        f"Next: fairtrial archive add {folder}/{ARTICLES} --agreements {folder}/{AGREEMENTS} --archive news.db\n"
        f"Then in a trial: levers: [{{retrieve: news.db}}], and tasks: [{{task: newsroom{asked}}}]"
    )
