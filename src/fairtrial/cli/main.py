"""The `fairtrial` command: its verbs, its exit codes, and how errors look."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import __version__
from fairtrial.cli import check, compare, doctor, export, fit, init, ledger, models, plan, quantize, report, run, tasks
from fairtrial.errors import FairtrialError
from fairtrial.report.words import visible

EPILOG = (
    "Exit codes: 0 done; 1 failed; 2 a file, name or option is wrong; 3 a model or an optional dependency is missing; "
    "4 an engine failed or cannot do what a task asks; 5 the ledger cannot be used; 6 a budget forbids it; "
    "7 a check does not hold; "
    "130 interrupted (answers are kept)."
)

app = typer.Typer(
    name="fairtrial",
    help="Give every AI model a fair trial: paired, defensible verdicts on your own machine.",
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)
app.command("run")(run.run)
app.command("plan")(plan.plan)
app.command("fit")(fit.fit)
app.command("compare")(compare.compare)
app.command("report")(report.report)
app.command("check")(check.check)
app.command("export")(export.export)
app.command("tasks")(tasks.tasks)
app.command("models")(models.models)
app.command("quantize")(quantize.quantize)
app.command("init")(init.init)
app.command("doctor")(doctor.doctor)
app.add_typer(ledger.app, name="ledger")


def show_version(value: bool) -> None:
    """Print the version and leave."""
    if value:
        typer.echo(f"fairtrial {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=show_version, is_eager=True)
    ] = False,
) -> None:
    """Give every AI model a fair trial: paired, defensible verdicts on your own machine."""


def main() -> None:
    """Run the command line; print errors that a user can mend without a traceback, and exit with their code."""
    console = Console(stderr=True)
    try:
        app()
    except FairtrialError as error:
        print_error(console, error)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        console.print("Interrupted. Every finished answer is in the ledger; the same command goes on from there.")
        sys.exit(130)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)


def print_error(console: Console, error: FairtrialError) -> None:
    """Print what is wrong, where, and what to do; model and file text is never read as markup."""
    text = Text("Error: ", style="bold red")
    text.append(f"{visible(error.where)}: " if error.where else "", style="bold")
    text.append(visible(error.message), style="none")
    console.print(text, soft_wrap=True, highlight=False)
    if error.fix:
        console.print(Text(visible(error.fix)), soft_wrap=True, highlight=False)
