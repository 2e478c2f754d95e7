"""``fairtrial export``: a trial in the forms of other tools, as a table, or as a picture for a slide."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import LedgerOption
from fairtrial.cli.outputs import check_output
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger, query
from fairtrial.pages.showing import make_inline
from fairtrial.report.card import write_card
from fairtrial.report.export import NOT_STATED, ExportNote, run_exporter
from fairtrial.report.summary import summarise
from fairtrial.report.words import list_headline_doubts

FILE_SUFFIX = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,7}")
"""Ends of names that are those of files, where a folder's may be ``v1.2``."""


def export(
    trial: Annotated[str | None, typer.Argument(help="Trial by name, id or its beginning; default: latest.")] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="table: items and verdicts for a spreadsheet; lm-eval: results and samples files; inspect: .eval "
            "logs; every-eval-ever: records in that schema; model-card: model-index YAML; or a plugin's name. "
            "Default: table if --out ends in .xlsx, .csv or .parquet, else lm-eval.",
        ),
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="Folder to write to, one folder a candidate; of a table, the file."),
    ] = None,
    card: Annotated[
        Path | None, typer.Option("--card", help="Write a picture for a slide, 16:9: a .png or .svg file.")
    ] = None,
    dark: Annotated[bool, typer.Option("--dark", help="With --card: light on dark.")] = False,
    by: Annotated[
        str, typer.Option("--by", help="Who ran the trial, for every-eval-ever: the name of an organisation.")
    ] = NOT_STATED,
) -> None:
    """Write a trial in the formats of other tools; `fairtrial ledger export` writes its rows."""
    if dark and card is None:
        raise SpecError("--dark is about the picture that --card writes.", fix="Add --card card.png.")
    is_table = out is not None and out.suffix.lower() in (".xlsx", ".csv", ".parquet")
    if out is not None and not form and not is_table and FILE_SUFFIX.fullmatch(out.suffix) and not out.is_dir():
        raise SpecError(
            f"--out {out.name}: the end {out.suffix!r} is of no form that is written.",
            fix="A table ends in .xlsx, .csv or .parquet; for a folder of another form name it with --format.",
        )
    chosen = form or ("table" if is_table else "lm-eval")
    if chosen == "table":
        check_output(out if out and out.suffix else None, ledger)
    check_output(card, ledger)
    made = out.parent if out is not None and is_table and not out.parent.exists() else None
    with Ledger.open(ledger, create=False) as store:
        summary = summarise(store, query.find_trial(store, trial).id)
        written: list[Path | ExportNote] = [write_card(summary, card, dark)] if card else []
        if form or out or not card:
            written += run_exporter(chosen, store, summary, out or Path("export"), by)
    if made is not None:
        Console(stderr=True).print(Text(f"The folder {make_inline(str(made))} is new."), soft_wrap=True)
    for one in written:
        if isinstance(one, Path):
            Console().print(Text(make_inline(str(one))), soft_wrap=True)
    notes = [one.text for one in written if isinstance(one, ExportNote)]
    gaps = [gap.text for gap in summary.gaps]
    for line in (*notes, *gaps, *list_headline_doubts(summary)):  # what the files cannot say
        Console(stderr=True).print(Text(f"! {make_inline(line)}", style="yellow"), soft_wrap=True)
