"""``fairtrial drift``: do live answers still look like those of the trial?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial import api
from fairtrial.analysis.drift import ALPHA, Drift, find_drift
from fairtrial.cli.options import JsonOption, LedgerOption
from fairtrial.cli.output import print_json
from fairtrial.errors import LedgerError, SpecError
from fairtrial.ledger import Ledger
from fairtrial.ledger.examine import explain_damage
from fairtrial.pages.showing import make_inline

DRIFTED = 7


def drift(
    live: Annotated[Path, typer.Argument(help="The ledger that `fairtrial serve --record` wrote.")],
    ledger: LedgerOption = api.DEFAULT_LEDGER,
    candidate: Annotated[str, typer.Option("--candidate", help="Whose answers; default: the only one.")] = "",
    as_json: JsonOption = False,
) -> None:
    """Tell whether live answers still look like the trial's; exit code 7 if they do not.

    It may be run after every answer: however often it is looked at, a false alarm has a chance of at most 5%.
    """
    if not live.exists():
        raise LedgerError(f"there is no ledger {str(live)!r}.", fix="`fairtrial serve --record FILE` writes one.")
    if ledger.exists() and live.samefile(ledger):
        raise SpecError("the live ledger and the trial's are one file.", fix="Give --ledger with the trial's.")
    with (
        explain_damage(live),
        Ledger.open(live, create=False) as coming,
        explain_damage(ledger),
        Ledger.open(ledger, create=False) as trial,
    ):
        found = find_drift(trial, coming, candidate)
    if as_json:
        print_json(found.document())
    else:
        _show(found)
    if found.drifted:
        raise typer.Exit(DRIFTED)


def _show(found: Drift) -> None:
    console = Console()
    console.print(Text(make_inline(found.describe())), soft_wrap=True)
    table = Table(box=None, pad_edge=False)
    for head in ("", "trial", "live", "evidence", ""):
        table.add_column(head, justify="left" if not head else "right")
    for one in found.signs:
        told = f"drifted at {one.at:,}" if one.drifted else ""
        table.add_row(one.sign, f"{one.tested:.3g}", f"{one.live:.3g}", f"{one.evidence:,.3g}", told)
    console.print(table)
    if found.skipped:
        console.print(Text(f"Not compared, for want of values: {', '.join(found.skipped)}."), soft_wrap=True)
    console.print(
        Text(
            "Answers are compared as they look, not graded; users who ask something else are a drift, too. Evidence is "
            f"the capital of a bet against no drift: beyond {len(found.signs) / ALPHA:,.0f} is told."
        ),
        soft_wrap=True,
    )
