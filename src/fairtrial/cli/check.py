"""``fairtrial check``: a quality gate for pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.text import Text

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
from fairtrial.cli.outputs import check_output
from fairtrial.errors import FairtrialError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.pages.showing import make_inline
from fairtrial.planning.plan import Plan
from fairtrial.report.gate import CLAIMS, Claim, Gate, GateAllowances, GateQuestions, change_baseline, judge_gate
from fairtrial.report.junit import write_junit
from fairtrial.report.markdown import write_gate_markdown
from fairtrial.spec.source import load_trial

FAILED = 7
"""Exit code of a gate that does not let pass."""

MARKS = {"holds": ("✓", "green"), "refuted": ("✗", "red"), "undecided": ("?", "yellow")}


ClaimOption = Annotated[str, typer.Option("--claim", help="not-worse (by more than the margin), or better.")]
BaselineOption = Annotated[
    str, typer.Option("--baseline", help="Compare with this candidate; default: the trial's baseline.")
]
CandidateOption = Annotated[str, typer.Option("--candidate", help="Only this candidate.")]
TaskOption = Annotated[str, typer.Option("--task", help="Only this task.")]
OneMeasureOption = Annotated[str, typer.Option("--measure", help="Only this measure.")]
UndecidedOption = Annotated[bool, typer.Option("--allow-undecided", help="What is undecided may pass.")]
MissingOption = Annotated[
    bool, typer.Option("--allow-missing", help="Items without answers and candidates left out may be missing.")
]
DoubtsOption = Annotated[bool, typer.Option("--allow-doubts", help="What the headline doubts may pass.")]
AloneOption = Annotated[
    bool, typer.Option("--alone", help="Judge each claim as if it were the only one; all must hold all the same.")
]
JunitOption = Annotated[Path | None, typer.Option("--junit", help="Write the checks there as JUnit XML.")]
SummaryOption = Annotated[
    Path | None,
    typer.Option("--summary", help="Add the outcome to the end of this file as Markdown, e.g. $GITHUB_STEP_SUMMARY."),
]


@dataclass(frozen=True, slots=True)
class Outputs:
    """Files that a check writes; None for those that nobody wants."""

    junit: Path | None
    summary: Path | None
    report: Path | None

    def check(self, *inputs: Path | None) -> None:
        """Raise SpecError if one of them cannot be written."""
        for path in (self.junit, self.summary, self.report):
            check_output(path, *inputs)


def check(
    trial: Annotated[
        str | None,
        typer.Argument(help="Trial file, which is run first; or a trial in the ledger by name or id; default: latest."),
    ] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    claim: ClaimOption = "not-worse",
    baseline: BaselineOption = "",
    candidate: CandidateOption = "",
    task: TaskOption = "",
    measure: OneMeasureOption = "",
    allow_undecided: UndecidedOption = False,
    allow_missing: MissingOption = False,
    allow_doubts: DoubtsOption = False,
    alone: AloneOption = False,
    junit_file: JunitOption = None,
    summary_file: SummaryOption = None,
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
    """Fail (exit code 7) unless every candidate is as good as the baseline on every task, or better than it.

    Also fails if items, answers or candidates are missing to judge by, or if the headline doubts a number.  A report is
    written only where --report says where.
    """
    if claim not in CLAIMS:
        raise UnknownNameError("claim", claim, CLAIMS, fix=f"Claims: {', '.join(CLAIMS)}.")
    _check_names(trial, {"candidate": candidate or baseline, "task": task})
    files = Outputs(junit_file, summary_file, None if no_report else report)
    files.check(ledger, None if trial is None else Path(trial))
    conditions = api.Conditions(
        threads=threads,
        wait=wait,
        trust_task_code=trust_task_code,
        task_paths=tuple(task_path or ()),
        on=on,
        workers=workers,
    )
    found = _read_or_run(trial, ledger, conditions, quiet or as_json, measure)
    asked = GateQuestions(cast(Claim, claim), candidate, task, measure, alone)
    made = _judge(found, baseline, asked, GateAllowances(allow_undecided, allow_missing, allow_doubts), files)
    if as_json:
        print_json({"trial": found.trial_id, "baseline": baseline or found.summary.baseline, **made.document()})
    else:
        _show_gate(made)
    if not made.passed:
        raise typer.Exit(FAILED)


def _judge(found: api.Result, baseline: str, asked: GateQuestions, allowed: GateAllowances, files: Outputs) -> Gate:
    """Return the gate, and write the files about it."""
    summary = found.summary
    if baseline:
        with Ledger.open(found.ledger, create=False) as store:
            summary = change_baseline(store, summary, baseline)
    made = judge_gate(summary, asked, allowed)
    if files.junit is not None:
        _write_file(files.junit, write_junit(summary, made))
    if files.summary is not None:
        _write_file(files.summary, write_gate_markdown(summary, made), adds=True)
    if files.report is not None:
        found.report(files.report)
    return made


def _check_names(trial: str | None, wanted: Mapping[str, str]) -> None:
    """Raise UnknownNameError for a candidate or task that a trial file does not have, before anything is asked."""
    if trial is None or Path(trial).suffix not in {".yaml", ".yml"}:
        return
    loaded = load_trial(Path(trial)).trial
    known = {"candidate": [one.id for one in loaded.candidates], "task": list(loaded.task_names())}
    for kind, name in wanted.items():
        if name and name not in known[kind]:
            raise UnknownNameError(kind, name, known[kind], fix=f"Of this trial: {', '.join(known[kind])}.")


def _check_measure(plan: Plan, name: str) -> None:
    """Raise UnknownNameError for a measure that no verdict of a trial is about, before anything is asked."""
    known = list(dict.fromkeys(measure for task in plan.tasks for measure in task.measures))
    if name and name not in known:
        raise UnknownNameError("measure", name, known, fix=f"Of this trial: {', '.join(known)}.")


def _read_or_run(
    trial: str | None, ledger: Path, conditions: api.Conditions, quiet: bool, measure: str = ""
) -> api.Result:
    """Run a trial file, or read a trial of the ledger; ``measure``: one that the trial must have."""
    if trial is None or Path(trial).suffix not in {".yaml", ".yml"}:
        return api.result(ledger, trial)
    checked = replace(conditions, on_plan=lambda plan: _check_measure(plan, measure))
    with show_progress(Console(stderr=True), checked, quiet) as shown:
        return api.run(trial, ledger, shown, progress=False)


def _show_gate(made: Gate) -> None:
    """Print every check with its verdict, what is missing, what is doubtful, the outcome last."""
    console = Console()
    for one in made.checks:
        mark, style = MARKS[one.outcome]
        console.print(Text(f"{mark} ", style=style).append(make_inline(one.text), style="default"), soft_wrap=True)
    for kind, texts, allowed in (
        ("Missing", made.missing, made.allowed.missing),
        ("Doubtful", made.doubts, made.allowed.doubts),
    ):
        for text in texts:
            told = f"{kind}, and allowed: " if allowed else f"{kind}: "
            style = "yellow" if allowed else "red"
            console.print(Text(told, style=style).append(make_inline(text), style="default"), soft_wrap=True)
    console.print(_describe_outcome(made))


def _describe_outcome(made: Gate) -> Text:
    """Return whether the gate is passed, and if not, why, and what would let it pass."""
    if made.passed:
        return Text("The gate is passed.", style="bold green")
    why = []
    if made.bad:
        why.append(f"{len(made.bad)} of {len(made.checks)} claims do not hold")
    if made.missing and not made.allowed.missing:
        why.append("there is something missing to judge by (--allow-missing lets it pass)")
    if made.doubts and not made.allowed.doubts:
        why.append("the headline doubts a number (--allow-doubts lets it pass)")
    return Text(f"The gate fails: {'; '.join(why)}.", style="bold red")


def _write_file(path: Path, text: str, adds: bool = False) -> None:
    """Write a file, or add to its end.  Raises FairtrialError if that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if adds else "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise FairtrialError(f"{path} cannot be written: {error.strerror}.") from error
