"""``fairtrial rights``: explain what may be done with documents; state what was taken from them."""

from __future__ import annotations

import io
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.api.rights import RightsQuestion, explain_archived, explain_path, read_uses
from fairtrial.archive.opening import open_archive
from fairtrial.archive.readers import Refused
from fairtrial.cli.circumstances import (
    AgreementsOption,
    AtOption,
    OperatorOption,
    ProfileOption,
    ProofOption,
    ReportingOption,
    Said,
    TerritoryOption,
)
from fairtrial.cli.options import JsonOption, LedgerOption
from fairtrial.cli.output import print_json
from fairtrial.cli.outputs import check_output
from fairtrial.errors import RightsError, SpecError
from fairtrial.ledger import Ledger
from fairtrial.ledger.passage_uses import read_passage_answers
from fairtrial.pages.showing import make_inline
from fairtrial.report.rights import render_circumstances, render_explanation
from fairtrial.report.statement import render_csv, render_page, render_statement, render_telemetry
from fairtrial.rights import Circumstances
from fairtrial.rights.agreements import load_agreements
from fairtrial.rights.explaining import Explanation, explanations_document
from fairtrial.rights.statement import count_uses, read_month
from fairtrial.rights.statement.document import statement_document
from fairtrial.rights.statement.uses import select_publisher

app = typer.Typer(help="What may be done with documents, and why.", no_args_is_help=True)


UseOption = Annotated[list[str] | None, typer.Option("--use", help="Only this use, e.g. ai-input; may be repeated.")]


@app.command()
def explain(
    documents: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE|FOLDER|DOCUMENT...",
            help="Files, folders, or with --archive documents by address, path or id.",
        ),
    ],
    archive: Annotated[
        str, typer.Option("--archive", "-a", metavar="FILE|URL", help="The archive; a file, or postgresql://...")
    ] = "",
    use: UseOption = None,
    at: AtOption = "",
    territory: TerritoryOption = "",
    operator: OperatorOption = "",
    profile: ProfileOption = "",
    agreements: AgreementsOption = None,
    proof: ProofOption = None,
    reporting: ReportingOption = None,
    url: Annotated[
        str, typer.Option("--url", metavar="ADDRESS", help="Of robots.txt, rsl.xml ...: the page that is asked about.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """Explain what is decided of documents, use by use: why, what must be done in return, until when, what was seen."""
    said = Said(territory, operator, profile, proof, reporting, at=at)
    table = load_agreements(agreements) if agreements else None
    found: list[Explanation | Refused] = []
    if archive:
        with closing(open_archive(archive)) as store:
            circumstances, taken = said.circumstances(store), said.describe_taken(store)
            question = RightsQuestion(circumstances, read_uses(use or ()), table, url)
            found += [one for name in documents for one in explain_archived(store, name, question)]
    else:
        circumstances, taken = said.without_archive(), ""
        question = RightsQuestion(circumstances, read_uses(use or ()), table, url)
        found += [one for name in documents for one in explain_path(Path(name), question)]
    explained = [one for one in found if isinstance(one, Explanation)]
    refused = [one for one in found if isinstance(one, Refused)]
    if as_json:
        print_json(explanations_document(circumstances, explained, [(r.where, str(r.problem)) for r in refused]))
    else:
        _print(circumstances, taken, explained, refused)
    if refused and not explained:
        raise typer.Exit(RightsError.exit_code)


StatementForm = Literal["table", "csv", "html", "telemetry"]


@app.command()
def statement(
    month: Annotated[str, typer.Option("--month", metavar="YYYY-MM", help="The month, in UTC.")],
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    publisher: Annotated[
        str, typer.Option("--publisher", metavar="NAME", help="Only this publisher or holder of rights.")
    ] = "",
    form: Annotated[
        StatementForm, typer.Option("--format", "-f", help="table, csv, html, or telemetry (Content Telemetry 1.0).")
    ] = "table",
    out: Annotated[Path | None, typer.Option("--out", "-o", help="File to write; default: standard output.")] = None,
    as_json: JsonOption = False,
) -> None:
    """State what answers took from each publisher's documents in a month: retrieved, shown, cited, quoted, due."""
    check_output(out, ledger)
    period = read_month(month)
    with Ledger.open(ledger, create=False) as store:
        answers = list(read_passage_answers(store, period.begin, period.end))
    if publisher:
        answers = select_publisher(answers, publisher)
    counted = count_uses(answers, period)
    if as_json:
        print_json(statement_document(counted))
    elif form == "table":
        if out is not None:
            raise SpecError(
                "a table is for the terminal.", fix="Name a form for files: --format html, csv or telemetry."
            )
        console = Console()
        for part in render_statement(counted):
            console.print(part)
    elif form == "telemetry":
        _write(render_telemetry(answers), form, out)
    else:
        _write(render_csv(counted) if form == "csv" else render_page(counted), form, out)


def _write(text: str, form: StatementForm, out: Path | None) -> None:
    """Write data with every character, whatever the terminal speaks."""
    if out is None:
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8", errors="strict")
        sys.stdout.write(text)
    else:  # a spreadsheet knows UTF-8 by the mark at its beginning
        out.write_text(text, encoding="utf-8-sig" if form == "csv" else "utf-8", newline="")


def _print(circumstances: Circumstances, taken: str, explained: list[Explanation], refused: list[Refused]) -> None:
    console = Console()
    console.print(render_circumstances(circumstances))
    if taken:
        console.print(Text(taken, style="dim"))
    for one in explained:
        console.print()
        for part in render_explanation(one):
            console.print(part)
    if refused:
        console.print()
    for other in refused:
        console.print(Text(make_inline(f"{other.where}: {other.problem.message}"), overflow="fold"))
    counted = f"{len(explained):,} {'document' if len(explained) == 1 else 'documents'}"
    if len(explained) != 1 or refused:
        console.print()
        console.print(Text(f"{counted} explained; {len(refused):,} could not be read."))
