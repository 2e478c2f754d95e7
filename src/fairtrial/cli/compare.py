"""``fairtrial compare A B``: a trial without a file, of models on tasks, of logs, or of plain grades."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import (
    AllowCodeOption,
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
from fairtrial.errors import MissingExtraError, ModelError, SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.planning.comparing import (
    GradeColumns,
    NamedSystem,
    find_graded_systems,
    find_logged_systems,
    put_first,
)
from fairtrial.recorded.graded.tables import SHEETS
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.own import DataFile, is_data_file
from fairtrial.spec.shares import read_margin
from fairtrial.spec.shorthand import expand_model
from fairtrial.spec.source import LoadedTrial, dump_trial, load_candidate
from fairtrial.spec.trial import Decide, TaskEntry, Trial

YAML_SUFFIXES = {".yaml", ".yml"}
GRADES = "Plain grades of people or judges"

CandidatesArgument = Annotated[
    list[str],
    typer.Argument(
        help="The baseline, then what is compared with it: models (a path, or gguf:, pkg:, hf:, ollama:), candidate "
        "files, or logs of lm-eval, Inspect, promptfoo or HELM (NAME=PATH names one); or one table of grades."
    ),
]
LimitOption = Annotated[int | None, typer.Option("--limit", "-n", min=1, help="Items of each task.")]
ShotsOption = Annotated[int | None, typer.Option("--shots", min=0, help="Few-shot examples.")]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="Decides item order and procedural items.")]
MeasureOption = Annotated[
    list[str] | None, typer.Option("--measure", help="Measure to judge by; may be repeated. Default: the main one.")
]
RegradeOption = Annotated[
    bool, typer.Option("--regrade", help="Grade the answers of lm-eval's logs again instead of taking its grades.")
]
ClusterOption = Annotated[
    str, typer.Option("--cluster", help="Of logs and tables: the column that names what several items share.")
]
ItemOption = Annotated[str, typer.Option("--item", help="Column that names the item.", rich_help_panel=GRADES)]
AOption = Annotated[str, typer.Option("--a", help="Column with the grades of the baseline.", rich_help_panel=GRADES)]
BOption = Annotated[
    list[str] | None,
    typer.Option("--b", help="Column with those of another system; may be repeated.", rich_help_panel=GRADES),
]
SystemOption = Annotated[
    str,
    typer.Option("--system", help="Column that names the system, if each row is about one.", rich_help_panel=GRADES),
]
ScoreOption = Annotated[
    str, typer.Option("--score", help="With --system: column with the grade.", rich_help_panel=GRADES)
]
ScaleOption = Annotated[
    str,
    typer.Option(
        "--scale", help="Lowest and highest possible grade, e.g. 1..5; default: as seen.", rich_help_panel=GRADES
    ),
]
LowerOption = Annotated[
    bool, typer.Option("--lower-is-better", help="The lower grade is the better one.", rich_help_panel=GRADES)
]


def compare(
    candidates: CandidatesArgument,
    tasks: TasksOption = None,
    limit: LimitOption = None,
    shots: ShotsOption = None,
    task_path: TaskPathOption = None,
    allow_code_execution: AllowCodeOption = False,
    measure: MeasureOption = None,
    regrade: RegradeOption = False,
    cluster: ClusterOption = "",
    item: ItemOption = "",
    a: AOption = "",
    b: BOption = None,
    system: SystemOption = "",
    score: ScoreOption = "",
    scale: ScaleOption = "",
    lower_is_better: LowerOption = False,
    margin: MarginOption = "0.02",
    seed: SeedOption = 1234,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    report: ReportOption = None,
    no_report: NoReportOption = False,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Compare models on a few tasks; or logs with each other; or plain grades in a table."""
    of_tables = not tasks and all(Path(one).suffix.lower() in SHEETS for one in candidates)
    names, both = split_list(tasks or []), tuple(filter(None, (a, *(b or []))))
    columns = GradeColumns(
        item, () if system else both, system, score, both if system else (), cluster, read_scale(scale), lower_is_better
    )
    if names:
        if columns != GradeColumns("") or regrade:
            raise SpecError(
                "--tasks asks models; --regrade, --cluster and the options of grades are for logs and tables."
            )
        made = _name_apart([read_candidate(one) for one in candidates])
        entries = tuple(make_task_entry(name, limit, shots) for name in names)
    else:
        with _blames_input(of_tables):
            found = find_systems(candidates, columns)
        if not (quiet or as_json):
            tell_systems(found)
        made = tuple(one.candidate for one in found)
        entries = (TaskEntry(task="regrade:*" if regrade else "log:*", limit=limit),)
    trial = Trial(
        name="compare",
        candidates=made,
        tasks=entries,
        task_paths=tuple(str(path.resolve()) for path in task_path or ()),
        measures=tuple(measure or ()),
        decide=Decide(margin=read_margin(margin)),
        seed=seed,
    )
    loaded = LoadedTrial(trial=trial, text=dump_trial(trial), path=None)
    with _blames_input(of_tables):
        conduct(loaded, ledger, api.Conditions(threads=threads), Output(as_json, quiet, report, not no_report))


@contextmanager
def _blames_input(of_tables: bool) -> Iterator[None]:
    """Let what is wrong with a table that stands on the command line be a wrong command line: no model takes part."""
    try:
        yield
    except MissingExtraError:
        raise
    except ModelError as error:
        if not of_tables:
            raise
        raise SpecError(error.message, fix=error.fix, where=error.where) from error


def find_systems(given: list[str], columns: GradeColumns) -> list[NamedSystem]:
    """Return what logs or a table hold.  Raises SpecError for anything else, and for one system alone."""
    asked = [one for one in given if not _is_log(one)]
    if asked:
        raise SpecError(
            f"--tasks names no task, and {asked[0]!r} is no log whose answers are graded already.",
            fix="Say what to ask: --tasks NAMES (`fairtrial tasks` lists them); or name logs: folders or files of "
            "lm-eval, Inspect, promptfoo or HELM.",
        )
    of_grades = bool(columns.item or columns.columns or columns.system or columns.score)
    if of_grades:
        if len(given) > 1:
            raise SpecError(f"a table of grades is one file, and {len(given)} are named.")
        if not columns.item:
            raise SpecError("--item is missing: the column that names the item, by which grades are paired.")
        found = find_graded_systems(given[0], columns)
    else:
        found = find_logged_systems(given, columns.cluster)
    if len(found) < 2:
        raise SpecError(
            f"{given[0]} holds one system, {found[0].candidate.id}, and nothing to compare it with.",
            fix="Name another log" + (", or another column with --b." if of_grades else "."),
        )
    return put_first(found, found[0].candidate.id)


def _is_log(given: str) -> bool:
    """Return whether something named can only be a log or table: a file or folder that is no model."""
    path = given.partition("=")[2] if "=" in given and not Path(given).exists() else given
    if Path(path).suffix.lower() in SHEETS and Path(path).is_file():
        return True
    if Path(given).suffix in YAML_SUFFIXES:
        return False
    return str(expand_model(path)["model"]).startswith("import:")


def tell_systems(found: list[NamedSystem]) -> None:
    """Say which system is which, the baseline first."""
    console = Console(stderr=True)
    for i, one in enumerate(found):
        mark = " (baseline)" if not i else ""
        console.print(Text(make_inline(f"{one.candidate.id}{mark}: {one.about}")), soft_wrap=True)


def read_scale(given: str) -> tuple[float, float] | None:
    """Return the ends of ``1..5``; None for nothing.  Raises SpecError for anything else."""
    if not given:
        return None
    found = re.fullmatch(r"\s*(-?\d+(?:\.\d+)?)\s*(?:\.\.|:|,| to |-)\s*(-?\d+(?:\.\d+)?)\s*", given)
    if found is None or float(found[1]) >= float(found[2]):
        raise SpecError(f"--scale: two numbers, the smaller one first, such as 1..5; got {given!r}.")
    return float(found[1]), float(found[2])


def read_candidate(given: str) -> Candidate:
    """Return the candidate that a model name or a candidate file stands for."""
    if Path(given).suffix in YAML_SUFFIXES:
        return load_candidate(Path(given))
    stem = re.sub(r"[^A-Za-z0-9._-]+", "-", given.rstrip("/").rsplit("/", 1)[-1].rsplit(":", 1)[-1]).strip("-._")
    return Candidate.model_validate({"id": stem[:60] or "candidate", **expand_model(given)})


def _name_apart(made: list[Candidate]) -> tuple[Candidate, ...]:
    """Return candidates with different names: a letter is added to those that share one."""
    names = [one.id for one in made]
    letters = "abcdefghijklmnopqrstuvwxyz"
    found = []
    for i, one in enumerate(made):
        same = names[:i].count(one.id)
        mark = letters[same] if same < len(letters) else str(same + 1)
        found.append(one.model_copy(update={"id": f"{one.id}-{mark}"}) if names.count(one.id) > 1 else one)
    return tuple(found)


def split_list(values: list[str]) -> list[str]:
    """Return the parts of comma-separated values; a file keeps the commas of its name."""
    whole = [[value] if is_data_file(value) and Path(value).exists() else value.split(",") for value in values]
    return [part.strip() for parts in whole for part in parts if part.strip()]


def make_task_entry(name: str, limit: int | None, shots: int | None) -> TaskEntry:
    """Return the entry for ``NAME``, ``NAME@LEVEL`` or a file of rows."""
    if is_data_file(name):
        return TaskEntry(file=DataFile(path=name), limit=limit, shots=shots)
    base, _, level = name.partition("@")
    if level and not level.isdigit():
        raise SpecError(f"task {name!r}: the level after '@' must be a whole number, got {level!r}.")
    return TaskEntry(task=base, level=int(level) if level else None, limit=limit, shots=shots)
