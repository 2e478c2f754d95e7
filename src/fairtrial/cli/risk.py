"""``fairtrial risk``: a summary of one candidate's risks for readers who are no engineers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import JsonOption, LedgerOption
from fairtrial.cli.output import print_json
from fairtrial.cli.outputs import check_output
from fairtrial.errors import FairtrialError, SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.report.harms.risk.document import RiskSummary, summarise_risks
from fairtrial.report.harms.risk.page import render_risks
from fairtrial.studies.harms import describe_decision

SUFFIXES = (".html", ".json")

OutOption = Annotated[
    Path | None, typer.Option("--out", "-o", help="Write it there: a page (.html), or facts (.json).")
]


def risk(
    trial: Annotated[
        str | None, typer.Argument(help="Trial id, its beginning, or its name; default: the latest.")
    ] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    candidate: Annotated[str, typer.Option("--candidate", help="Whose risks; default: the only one.")] = "",
    out: OutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tell which risks of a candidate a trial found, and what it did not look at; needs no model.

    The facts are also sorted under headings of the NIST AI RMF and of Annex IV of the EU AI Act; that is no claim of
    conformity.
    """
    if out is not None and out.suffix.lower() not in SUFFIXES:
        raise SpecError(f"--out: {out.name!r} ends in neither .html nor .json.", fix="Name it risk.html.")
    check_output(out, ledger)
    found = summarise_risks(api.result(ledger, trial).summary, candidate)
    if out is not None:
        _write(out, found)
    if as_json:
        print_json(found.document())
    else:
        _show(found, out)


def _write(path: Path, found: RiskSummary) -> None:
    page = path.suffix.lower() == ".html"
    text = render_risks(found) if page else json.dumps(found.document(), indent=2, ensure_ascii=False) + "\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise FairtrialError(f"{path} cannot be written: {error.strerror}.") from error


def _show(found: RiskSummary, out: Path | None) -> None:
    console = Console()
    console.print(Text(make_inline(f"Risks of {found.candidate.name}"), style="bold"))
    console.print(Text(make_inline(found.headline)))
    if found.decision is not None:
        console.print(Text(make_inline(describe_decision(found.decision))))
    for line in found.doubts:
        console.print(Text(f"! {make_inline(line)}", style="bold yellow"))
    for title, lines in (
        ("\nWhat was found", [f"{one.text} {' '.join(one.limits)}".strip() for one in found.findings]),
        ("\nWhat is not known", found.unknown),
    ):
        if lines:
            console.print(Text(title, style="bold"))
        for line in lines:
            console.print(Text(f"• {make_inline(line)}"))
    if out is not None:
        console.print(f"\nWritten: {out}", soft_wrap=True, highlight=False, markup=False)
