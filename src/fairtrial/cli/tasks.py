"""``fairtrial tasks``: what can be asked."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial.cli.options import JsonOption, TaskPathOption
from fairtrial.cli.output import print_json
from fairtrial.cli.why import print_explanation
from fairtrial.errors import SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.tasks.explaining import explain_name
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.pictures import PICTURES
from fairtrial.tasks.procedural.training import TrainingQuestions


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
    training: Annotated[
        str,
        typer.Option(
            "--training",
            metavar="NAME",
            help="Write rows to tune a model on: questions of a task of ours, with answers.",
        ),
    ] = "",
    levels: Annotated[
        str, typer.Option("--levels", help="Of the rows, e.g. 1,2,4; leave out one to hold it out.")
    ] = "",
    rows: Annotated[int, typer.Option("--rows", min=1, help="Number of rows.")] = 1000,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Other seeds give other rows.")] = 0,
    test_seeds: Annotated[
        str, typer.Option("--test-seeds", help="Seeds of trials, comma separated: what they ask is left out.")
    ] = "0",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File for the rows.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List the tasks that a trial can name; or write rows to tune a model on."""
    if out is not None and not training:
        raise SpecError("--out is for rows of training.", fix="Name the task that they are of: --training instructions")
    if training:
        write_training_rows(training, rows, (levels, test_seeds), seed, out)
        return
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


def write_training_rows(task: str, rows: int, listed: tuple[str, str], seed: int, out: Path | None) -> None:
    """Write rows to a file, whole or not at all.

    Args:
        task: name of a procedural task.
        rows: how many.
        listed: levels, and seeds of trials, as numbers with commas between.
        seed: of the rows.
        out: the file; it must not exist.

    Raises SpecError for what cannot be, UnknownNameError for a task that is not there.
    """
    if out is None:
        raise SpecError("where to write the rows is not said.", fix="Name a file: --out rows.jsonl")
    if out.exists():
        raise SpecError(f"{out} is there already.", fix="Name another file with --out.")
    if task in PICTURES:
        raise SpecError(
            f"{task} shows pictures, and rows of training are text.",
            fix="fairtrial.tasks.pictures.training draws them.",
        )
    levels, tests = (read_numbers(text, name) for text, name in zip(listed, ("--levels", "--test-seeds"), strict=True))
    questions = TrainingQuestions(task, levels, seed, tests)
    partial = out.with_name(f".{out.name}.part")
    try:
        with partial.open("w", encoding="utf-8") as file:
            for row in questions.draw(rows):
                file.write(json.dumps(row, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n")
        partial.replace(out)
    finally:
        partial.unlink(missing_ok=True)
    named = ", ".join(map(str, questions.levels))
    told = [f"{rows:,} rows of {task}, level {named}: {out}"]
    if questions.left_out:
        told.append(f"{questions.left_out:,} questions left out: drawn before, or among those that trials ask.")
    for line in told:
        Console().print(Text(make_inline(line)), soft_wrap=True)


def read_numbers(text: str, option: str) -> tuple[int, ...]:
    """Return numbers with commas between them.  Raises SpecError for anything else."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    if not all(part.isascii() and part.isdigit() for part in parts):
        raise SpecError(f"{option} takes whole numbers with commas between, e.g. 1,2,4; got {text!r}.")
    return tuple(dict.fromkeys(map(int, parts)))
