"""``fairtrial run``: a trial file goes in, verdicts and a report come out."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from fairtrial import api
from fairtrial.cli.live import show_progress
from fairtrial.cli.options import (
    AllowCodeOption,
    JsonOption,
    LedgerOption,
    NoReportOption,
    OnOption,
    QuietOption,
    ReportOption,
    TaskPathOption,
    ThreadsOption,
    TrustOption,
    WaitOption,
    WorkersOption,
)
from fairtrial.cli.output import print_json
from fairtrial.cli.outputs import check_output, own_file
from fairtrial.errors import FairtrialError
from fairtrial.report.across import is_comparable
from fairtrial.report.terminal import (
    describe_across,
    describe_best,
    describe_limits,
    describe_repeats,
    describe_settings,
    describe_study,
    list_notes,
    make_across_table,
    make_estimates_table,
    make_verdicts_table,
)
from fairtrial.spec.source import LoadedTrial, load_trial


@dataclass(frozen=True, slots=True)
class Output:
    """What a verb prints and writes.

    Attributes:
        json: print the JSON document instead of tables.
        quiet: show no progress.
        report: where the user wants the report; None: beside, under the trial's name.
        writes_report: whether one is written at all.
    """

    json: bool
    quiet: bool
    report: Path | None = None
    writes_report: bool = True

    def report_path(self, trial_id: str, name: str) -> Path | None:
        """Return where the report goes; None where none is written."""
        if not self.writes_report:
            return None
        return self.report or own_file(Path(f"{name}.html"), trial_id)


def run(
    trial: Annotated[Path, typer.Argument(help="Trial file (YAML); `fairtrial init` writes one to start from.")],
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    report: ReportOption = None,
    no_report: NoReportOption = False,
    task_path: TaskPathOption = None,
    threads: ThreadsOption = None,
    on: OnOption = "local",
    workers: WorkersOption = None,
    wait: WaitOption = True,
    trust_task_code: TrustOption = False,
    allow_code_execution: AllowCodeOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Run a trial, or resume it, and print its verdicts.

    Answers that are in the ledger are never asked for again, so an interrupted run goes on where it stopped.
    """
    loaded = load_trial(trial)
    conditions = api.Conditions(
        threads=threads,
        wait=wait,
        trust_task_code=trust_task_code,
        task_paths=tuple(task_path or ()),
        on=on,
        workers=workers,
    )
    conduct(loaded, ledger, conditions, Output(as_json, quiet, report, not no_report))


def conduct(loaded: LoadedTrial, ledger: Path, conditions: api.Conditions, output: Output) -> None:
    """Run a trial with a live display and print what it found; exit code 130 when interrupted."""
    if output.writes_report:
        check_output(output.report or Path(f"{loaded.trial.name}.html"), ledger, loaded.path)
    console = Console(stderr=True)
    try:
        with show_progress(console, conditions, output.quiet or output.json) as shown:
            result = api.run(loaded, ledger, shown, progress=False)
    except KeyboardInterrupt:
        console.print("Interrupted. Every finished answer is in the ledger; the same command continues from there.")
        raise typer.Exit(130) from None
    show(result, output)


def show(result: api.Result, output: Output) -> None:
    """Print a result as tables or JSON, and write its report; a report that cannot be written fails last."""
    report, failure = None, None
    target = check_output(output.report_path(result.trial_id, result.summary.name), result.ledger)
    try:
        report = result.report(target) if target else None
    except FairtrialError as error:
        failure = error
    if output.json:
        print_json(result.summary.document(report))
    else:
        show_tables(result, report)
    if failure is not None:
        raise failure


def show_tables(result: api.Result, report: Path | None) -> None:
    """Print a result as tables."""
    console = Console()
    if (scores := make_estimates_table(result.summary)).table.row_count:
        console.print(scores)
    if result.verdicts:
        console.print(make_verdicts_table(result.summary))
    told = (describe_limits, describe_best, describe_repeats, describe_settings, describe_study)
    for part in (part for describe in told for part in describe(result.summary)):
        console.print(part)
    if is_comparable(result.summary):
        console.print(make_across_table(result.summary))
        for line in describe_across(result.summary):
            console.print(line)
    for note in list_notes(result.summary):
        console.print(note)
    if report:
        console.print(f"Report: {report}", soft_wrap=True, highlight=False, markup=False)
    console.print(f"Every answer: {_name_view(result)}", soft_wrap=True, highlight=False, markup=False)


def _name_view(result: api.Result) -> str:
    """Return the command that shows every answer of a result."""
    place = "" if result.ledger == api.DEFAULT_LEDGER else f" --ledger {shlex.quote(str(result.ledger))}"
    return f"fairtrial view {result.trial_id[:8]}{place}"
