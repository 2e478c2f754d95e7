"""``fairtrial init``: a commented trial file to start from, for known tasks or for a file of your own questions."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from fairtrial.errors import SpecError
from fairtrial.spec.own import DataFile
from fairtrial.spec.starter import read_starter, replace_tasks
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import open_own_data
from fairtrial.tasks.own.starting import write_entry

BY_HAND = "`fairtrial init` without --from writes a file in which that goes: tasks: [{{file: {file}, answer: COLUMN}}]."
"""What to do where a file is not read by itself."""


def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("trial.yaml"),
    source: Annotated[
        Path | None,
        typer.Option("--from", help="File of your own questions (CSV, TSV, JSON, JSONL, Parquet, Excel) to ask."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented trial file that runs as it stands."""
    if path.exists() and not force:
        raise SpecError(f"{path} exists already.", fix="Name another file, or overwrite it with --force.")
    text = read_starter() if source is None else make_own_starter(source, path)
    path.write_text(text, encoding="utf-8")
    typer.echo(f"Wrote {path}. Run it with: fairtrial run {path}")


def make_own_starter(source: Path, path: Path) -> str:
    """Return the text of a trial file that asks the rows of a file, and say what was recognised in it."""
    entry = TaskEntry(file=DataFile(path=str(source)))
    try:
        found = open_own_data(entry, Path.cwd())
    except SpecError as error:
        if error.fix.startswith("Say which"):
            error.fix = f"{error.fix}\n{BY_HAND.format(file=source.name)}"
        raise
    typer.echo(f"{source.name}: {describe_source(found)}")
    relative = os.path.relpath(source.resolve(), path.resolve().parent)
    return replace_tasks(read_starter(), found.name, write_entry(found, relative))
