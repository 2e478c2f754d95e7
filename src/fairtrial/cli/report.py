"""``fairtrial report``: write the report of a trial that is in a ledger."""

from __future__ import annotations

from typing import Annotated

import typer

from fairtrial import api
from fairtrial.cli.options import JsonOption, LedgerOption, ReportOption
from fairtrial.cli.outputs import check_output
from fairtrial.cli.run import Output, show


def report(
    trial: Annotated[
        str | None, typer.Argument(help="Trial id, its beginning, or its name; default: the latest.")
    ] = None,
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    report: ReportOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print the verdicts of a trial in the ledger and write its report; needs no model."""
    check_output(report, ledger)
    result = api.result(ledger, trial)
    show(result, Output(as_json, True, report))
