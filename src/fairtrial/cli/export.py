"""``fairtrial export``: a trial in the forms of other tools."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import LedgerOption
from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger, query
from fairtrial.report.export import EXPORTERS, NOT_STATED
from fairtrial.report.summary import summarise
from fairtrial.report.words import list_headline_doubts, make_inline


def export(
    trial: Annotated[str | None, typer.Argument(help="Trial by name, id or its beginning; default: latest.")] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="lm-eval: results and samples files; inspect: .eval logs; "
            "every-eval-ever: records in that schema; model-card: model-index YAML; or a plugin's name.",
        ),
    ] = "lm-eval",
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to, one folder a candidate.")] = Path(
        "export"
    ),
    by: Annotated[
        str, typer.Option("--by", help="Who ran the trial, for every-eval-ever: the name of an organisation.")
    ] = NOT_STATED,
) -> None:
    """Write a trial in the forms of other tools; rows of it are taken out with `fairtrial ledger export`."""
    write = EXPORTERS.find(form)
    with Ledger.open(ledger, create=False) as store:
        summary = summarise(store, query.find_trial(store, trial).id)
        try:
            written = list(write(store, summary, out, by))
        except OSError as error:
            raise FairtrialError(f"{error.filename} cannot be written: {error.strerror}.") from error
    for path in written:
        Console().print(Text(make_inline(str(path))), soft_wrap=True)
    for line in (*(gap.text for gap in summary.gaps), *list_headline_doubts(summary)):  # what the files cannot say
        Console(stderr=True).print(Text(f"! {make_inline(line)}", style="yellow"), soft_wrap=True)
