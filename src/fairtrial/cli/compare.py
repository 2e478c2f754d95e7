"""``fairtrial compare A B --on TASKS``: a trial without a file."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from fairtrial import api
from fairtrial.cli.options import (
    JsonOption,
    LedgerOption,
    MarginOption,
    NoReportOption,
    QuietOption,
    ReportOption,
    TaskPathOption,
    TasksOption,
    ThreadsOption,
)
from fairtrial.cli.run import Output, conduct
from fairtrial.errors import SpecError
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.own import DataFile, is_data_file
from fairtrial.spec.shares import read_margin
from fairtrial.spec.shorthand import expand_model
from fairtrial.spec.source import LoadedTrial, dump_trial, load_candidate
from fairtrial.spec.trial import Decide, TaskEntry, Trial

YAML_SUFFIXES = {".yaml", ".yml"}


def compare(
    a: Annotated[
        str,
        typer.Argument(help="Baseline: a model (a path, or gguf:, pkg:, hf:, ollama:), a log, or a candidate file."),
    ],
    b: Annotated[str, typer.Argument(help="What is compared with it.")],
    tasks: TasksOption = None,
    limit: Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Items of each task.")] = None,
    shots: Annotated[int | None, typer.Option("--shots", min=0, help="Few-shot examples.")] = None,
    task_path: TaskPathOption = None,
    margin: MarginOption = "0.02",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Decides item order and procedural items.")] = 1234,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    report: ReportOption = None,
    no_report: NoReportOption = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare two models, or candidate files, on a few tasks."""
    names = split_list(tasks or [])
    if not names:
        raise SpecError("--tasks names no task, and compare needs at least one.", fix="`fairtrial tasks` lists them.")
    trial = Trial(
        name="compare",
        candidates=_name_apart(read_candidate(a), read_candidate(b)),
        tasks=tuple(make_task_entry(name, limit, shots) for name in names),
        task_paths=tuple(str(path.resolve()) for path in task_path or ()),
        decide=Decide(margin=read_margin(margin)),
        seed=seed,
    )
    loaded = LoadedTrial(trial=trial, text=dump_trial(trial), path=None)
    conduct(loaded, ledger, api.Conditions(threads=threads), Output(as_json, quiet, report, not no_report))


def read_candidate(given: str) -> Candidate:
    """Return the candidate that a model name or a candidate file stands for."""
    if Path(given).suffix in YAML_SUFFIXES:
        return load_candidate(Path(given))
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", given.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]).strip("-._")
    return Candidate.model_validate({"id": stem[:60] or "candidate", **expand_model(given)})


def _name_apart(first: Candidate, second: Candidate) -> tuple[Candidate, Candidate]:
    """Return the two with different names."""
    if first.id != second.id:
        return first, second
    return first.model_copy(update={"id": f"{first.id}-a"}), second.model_copy(update={"id": f"{second.id}-b"})


def split_list(values: list[str]) -> list[str]:
    """Return the parts of comma-separated values; a file keeps the commas of its name."""
    whole = [[value] if is_data_file(value) and Path(value).is_file() else value.split(",") for value in values]
    return [part.strip() for parts in whole for part in parts if part.strip()]


def make_task_entry(name: str, limit: int | None, shots: int | None) -> TaskEntry:
    """Return the entry for ``NAME``, ``NAME@LEVEL`` or a file of rows."""
    if is_data_file(name):
        return TaskEntry(file=DataFile(path=name), limit=limit, shots=shots)
    base, _, level = name.partition("@")
    if level and not level.isdigit():
        raise SpecError(f"task {name!r}: the level after '@' must be a whole number, got {level!r}.")
    return TaskEntry(task=base, level=int(level) if level else None, limit=limit, shots=shots)
