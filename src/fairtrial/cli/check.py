"""``fairtrial check``: a quality gate for pipelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, cast

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.cli.live import display
from fairtrial.cli.options import JsonOption, LedgerOption, QuietOption
from fairtrial.errors import FairtrialError, UnknownNameError
from fairtrial.ledger import Ledger
from fairtrial.report.gate import Asked, Check, Claim, against, checks, fails, junit
from fairtrial.report.words import visible

FAILED = 7
"""Exit code of a gate that does not let pass."""

MARKS = {"holds": ("✓", "green"), "refuted": ("✗", "red"), "undecided": ("?", "yellow")}
CLAIMS = ("not-worse", "better")


def check(
    trial: Annotated[
        str | None,
        typer.Argument(help="Trial file, which is run first; or a trial in the ledger by name or id; default: latest."),
    ] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    claim: Annotated[
        str, typer.Option("--claim", help="not-worse (by more than the margin), or better.")
    ] = "not-worse",
    baseline: Annotated[
        str, typer.Option("--baseline", help="Compare with this candidate; default: the trial's baseline.")
    ] = "",
    candidate: Annotated[str, typer.Option("--candidate", help="Only this candidate.")] = "",
    task: Annotated[str, typer.Option("--task", help="Only this task.")] = "",
    measure: Annotated[str, typer.Option("--measure", help="Only this measure.")] = "",
    allow_undecided: Annotated[bool, typer.Option("--allow-undecided", help="What is undecided may pass.")] = False,
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write the checks there as JUnit XML.")] = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
) -> None:
    """Fail (exit code 7) unless every candidate is as good as the baseline on every task, or better than it."""
    if claim not in CLAIMS:
        raise UnknownNameError("claim", claim, CLAIMS, fix=f"Claims: {', '.join(CLAIMS)}.")
    summary = found(trial, ledger, quiet or as_json).summary
    if baseline:
        with Ledger.open(ledger, create=False) as store:
            summary = against(store, summary, baseline)
    made = checks(summary, Asked(cast(Claim, claim), candidate, task, measure))
    bad = [one for one in made if fails(one, allow_undecided)]
    if junit_file is not None:
        write(junit_file, junit(summary, made, allow_undecided))
    if as_json:
        document = {
            "passed": not bad,
            "trial": summary.trial_id,
            "baseline": summary.baseline,
            "checks": [one.document() for one in made],
        }
        typer.echo(json.dumps(document, ensure_ascii=False))
    else:
        show(made, len(bad))
    if bad:
        raise typer.Exit(FAILED)


def found(trial: str | None, ledger: Path, quiet: bool) -> api.Result:
    """Run a trial file, or read a trial of the ledger."""
    if trial is None or Path(trial).suffix not in {".yaml", ".yml"}:
        return api.result(ledger, trial)
    with display(Console(stderr=True), api.Conditions(), quiet) as shown:
        return api.run(trial, ledger, shown)


def show(made: list[Check], bad: int) -> None:
    """Print every check with its verdict, the outcome last."""
    console = Console()
    for one in made:
        mark, style = MARKS[one.outcome]
        console.print(Text(f"{mark} ", style=style).append(visible(one.text), style="default"), soft_wrap=True)
    outcome = f"The gate fails: {bad} of {len(made)} claims do not hold." if bad else "The gate is passed."
    console.print(Text(outcome, style="bold red" if bad else "bold green"))


def write(path: Path, text: str) -> None:
    """Write a file.  Raises FairtrialError if that cannot be done."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FairtrialError(f"{path} cannot be written: {error.strerror}.") from error
