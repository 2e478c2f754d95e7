"""``fairtrial tasks``: what can be asked."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial.cli.options import JsonOption, TaskPathOption
from fairtrial.cli.output import print_json
from fairtrial.cli.why import print_explanation
from fairtrial.report.words import make_inline
from fairtrial.tasks.explaining import explain_name
from fairtrial.tasks.find import TaskFinder


def tasks(
    search: Annotated[str, typer.Argument(help="Show only names that contain this.")] = "",
    task_path: TaskPathOption = None,
    installed: Annotated[
        bool, typer.Option("--installed", help="Also list the tasks of an installed lm-evaluation-harness.")
    ] = False,
    why: Annotated[
        str,
        typer.Option(
            "--why", metavar="NAME", help="Tell what keeps a task, or the tasks of a group, from being asked."
        ),
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """List the tasks that a trial can name."""
    if why:
        told = explain_name(TaskFinder(tuple(task_path or ())), why)
        if as_json:
            print_json(told.document())
        else:
            print_explanation(told, Console())
        return
    finder = TaskFinder(tuple(task_path or ()), installed=installed or bool(search))
    found = [listing for listing in finder.list_all() if search.casefold() in listing.name.casefold()]
    if as_json:
        print_json([asdict(listing) for listing in found])
        return
    table = Table("name", "kind", "what it asks", box=None, header_style="bold")
    for listing in found:
        table.add_row(
            Text(make_inline(listing.name)),
            listing.kind,
            Text(make_inline(" ".join((listing.description or listing.where).split()))),
        )
    Console().print(table)
