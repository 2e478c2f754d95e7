"""``fairtrial ledger``: look into a ledger, take rows out of it, clear it up."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, Literal, TextIO

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import JsonOption, LedgerOption
from fairtrial.cli.output import print_json
from fairtrial.cli.outputs import check_output
from fairtrial.errors import LedgerError, SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import Examination, examine_ledger, salvage
from fairtrial.ledger.export import ExportFormat, export_parquet, export_text
from fairtrial.ledger.export_answers import export_answers_csv, export_answers_parquet
from fairtrial.ledger.export_partitions import export_partitions
from fairtrial.ledger.gc import collect
from fairtrial.ledger.merging import Clash, ClashingLedgersError, merge_ledgers
from fairtrial.pages.showing import make_inline
from fairtrial.report.fitting import FittedTable

app = typer.Typer(help="Look into a ledger, export its rows, clear it up, check it.", no_args_is_help=True)


@app.command()
def show(ledger: LedgerOption = api.DEFAULT_LEDGER, as_json: JsonOption = False) -> None:
    """Show the trials in a ledger, and how much is in it."""
    with Ledger.open(ledger, create=False) as store:
        trials = [_describe_trial(store, row) for row in query.read_trials(store)]
        counts = query.count_rows(store)
        size = ledger.stat().st_size
    if as_json:
        print_json({"trials": trials, "rows": counts, "bytes": size})
        return
    table = Table("trial", "id", "begun", "runs", "last run", "candidates", "tasks", box=None, header_style="bold")
    for trial in trials:
        cells = (trial["name"], trial["id"][:12], trial["created"][:16].replace("T", " "), str(trial["runs"]))
        shown = (*cells, trial["outcome"], ", ".join(trial["candidates"]), ", ".join(trial["tasks"]))
        table.add_row(*(Text(make_inline(text)) for text in shown))
    console = Console()
    console.print(FittedTable(table, heads=2))
    rows = ", ".join(f"{count:,} {name}" for name, count in counts.items())
    console.print(Text(f"{rows}; {size / 1e6:,.1f} MB"), soft_wrap=True)


def _describe_trial(store: Ledger, row: query.TrialRow) -> dict[str, Any]:
    """Return what is shown of one trial."""
    sessions = query.read_sessions(store, row.id)
    outcome = sessions[-1].outcome or "no end (killed, or still running)" if sessions else "never run"
    return {
        "name": row.name,
        "id": row.id,
        "created": row.created,
        "runs": len(sessions),
        "outcome": outcome,
        "candidates": [c.name for c in row.plan.candidates],
        "tasks": [t.name for t in row.plan.tasks],
    }


@app.command()
def export(
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    form: Annotated[ExportFormat, typer.Option("--format", "-f", help="jsonl, csv or parquet.")] = "jsonl",
    answers: Annotated[
        bool,
        typer.Option("--answers", help="Also export the answers; as CSV and Parquet the answers alone, a row each."),
    ] = False,
    full: Annotated[
        bool,
        typer.Option(
            "--full", help="Also plan, looks, absences, marks of people: all that enters a number (jsonl only)."
        ),
    ] = False,
    trial: Annotated[str | None, typer.Option("--trial", help="One trial only: id, its beginning, or name.")] = None,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; default: standard output.")] = None,
    partition: Annotated[
        str, typer.Option("--partition", help="Parquet files in folders by these: trial, task, candidate, measure.")
    ] = "",
) -> None:
    """Export one row an item and measure; docs/schemas/ledger-export.schema.json describes it."""
    if partition:
        _export_partitions(ledger, partition, form, answers or full, out, trial)
        return
    check_output(out, ledger)
    if full and form != "jsonl":
        raise SpecError("a full export is JSON lines: its rows differ in kind.", fix="Use --format jsonl.")
    if form == "parquet" and out is None:
        raise SpecError("Parquet needs a file to write.", fix="Name it: --out rows.parquet.")
    with Ledger.open(ledger, create=False) as store:
        if form == "parquet":
            assert out is not None
            write = export_answers_parquet if answers else export_parquet
            write(store, out, trial=trial)
        elif out is None:
            if isinstance(sys.stdout, io.TextIOWrapper):  # data keep every character, whatever the terminal speaks
                sys.stdout.reconfigure(encoding="utf-8", errors="strict")
            _export_text(store, sys.stdout, form, answers, full, trial)
        else:
            # a spreadsheet knows UTF-8 by the mark at its beginning
            encoding = "utf-8-sig" if form == "csv" and answers else "utf-8"
            with out.open("w", encoding=encoding, newline="" if form == "csv" else None) as file:
                _export_text(store, file, form, answers, full, trial)


def _export_partitions(
    ledger: Path, partition: str, form: ExportFormat, more: bool, out: Path | None, trial: str | None
) -> None:
    """Write rows as Parquet files in folders."""
    if form != "parquet" or more or out is None:
        raise SpecError(
            "--partition is about rows of observations as Parquet, in a folder.",
            fix="fairtrial ledger export --format parquet --partition task,candidate --out rows",
        )
    with Ledger.open(ledger, create=False) as store:
        export_partitions(store, out, [name.strip() for name in partition.split(",") if name.strip()], trial)


def _export_text(store: Ledger, out: TextIO, form: ExportFormat, answers: bool, full: bool, trial: str | None) -> None:
    """Write rows as text."""
    if form == "csv" and answers:
        export_answers_csv(store, out, trial)
    else:
        export_text(store, out, form, answers=answers, full=full, trial=trial)


@app.command()
def gc(
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    drop: Annotated[list[str] | None, typer.Option("--drop", help="Trial to take out; may be repeated.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Take out trials, and every row that no trial that is left refers to."""
    with Ledger.open(ledger, create=False) as store, store.writing(wait_seconds=0):
        found = collect(store, drop or (), dry_run)
    if as_json:
        print_json(asdict(found))
        return
    verb = "Would take out" if dry_run else "Took out"
    freed = "" if dry_run else f"; {found.bytes_freed / 1e6:,.1f} MB freed"
    typer.echo(
        f"{verb} {found.trials} trials, {found.answers:,} answers, {found.observations:,} observations and "
        f"{found.items:,} items{freed}."
    )
    if found.passages:
        few = "passage" if found.passages == 1 else "passages"
        typer.echo(f"{verb} the words of {found.passages:,} {few}, which may no longer be displayed.")


@app.command()
def merge(
    ledgers: Annotated[list[Path], typer.Argument(help="The ledgers: two or more.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="The ledger to write: a file that does not exist.")],
    keep: Annotated[
        Literal["first", "newest"] | None,
        typer.Option(
            "--keep",
            help="What holds where they contradict each other: what the first one says, or the one with the newest "
            "answer. Without it that is an error.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Join ledgers of several machines by content: each row once; exit code 5 where they contradict each other."""
    try:
        with Console(stderr=True).status("Merging"):
            found = merge_ledgers(ledgers, out, keep or "")
    except ClashingLedgersError as error:
        if not as_json:
            Console(stderr=True).print(_make_clash_table(error.clashes))
        raise
    if as_json:
        print_json({"ledger": str(out), **asdict(found), "order": [str(path) for path in found.order]})
        return
    rows = ", ".join(f"{count:,} {name}" for name, count in found.rows.items())
    typer.echo(make_inline(f"Merged {len(ledgers)} ledgers: {rows}: {out}"))
    if found.clashes:
        Console().print(_make_clash_table(found.clashes))
        typer.echo(make_inline(f"What {found.order[0].name} says was kept; the reports of these trials tell."))
    if found.dropped:
        typer.echo(f"{found.dropped:,} grades of answers that were not kept went; run their trial again to grade them.")


def _make_clash_table(clashes: Sequence[Clash]) -> FittedTable:
    """Return what ledgers say differently, as a table."""
    table = Table("what", "candidate", "task", "count", "for example", box=None, header_style="bold")
    for one in clashes:
        cells = (one.kind, one.candidate, one.task, f"{one.count:,}", one.example)
        table.add_row(*(Text(make_inline(cell)) for cell in cells))
    return FittedTable(table, heads=2)


@app.command()
def check(
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    save: Annotated[
        Path | None, typer.Option("--save", help="Write a copy without what is damaged; the ledger stays as it is.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look through every row of a ledger and say what is damaged, and what can be saved; exit code 5 if any is."""
    found = examine_ledger(ledger) if save is None else salvage(ledger, save)
    if as_json:
        print_json(found.document())
    else:
        for line in _describe_damage(found, ledger, save):
            typer.echo(make_inline(line))
    if not found.sound:
        raise typer.Exit(LedgerError.exit_code)


def _describe_damage(found: Examination, ledger: Path, save: Path | None) -> list[str]:
    """Return what was found, in lines."""
    rows = ", ".join(f"{count:,} {table}" for table, count in found.rows.items() if count)
    if found.sound:
        return [f"{ledger.name} is sound: {rows or 'no rows'}."]
    lines = [f"{ledger.name} is damaged:"]
    for damage in found.damages:
        where = f"{damage.table} {damage.key}".strip()
        lines.append(f"  {where}: {damage.problem}" if where else f"  {damage.problem}")
    lost = ", ".join(f"{count:,} of {found.rows[table]:,} {table}" for table, count in found.damaged.items())
    lines.append(f"Rows that cannot be read: {lost or 'none'}. All others can be saved.")
    saved = (
        f"Saved without them: {save}" if save else "`fairtrial ledger check --save FILE` writes a copy without them."
    )
    return [*lines, saved]
