"""``fairtrial votes``: what people preferred who compared answers blind."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial.analysis.preferences import MARGIN, find_preferences
from fairtrial.cli.options import JsonOption
from fairtrial.cli.output import print_json
from fairtrial.errors import LedgerError
from fairtrial.ledger import Ledger
from fairtrial.ledger.examine import explain_damage
from fairtrial.ledger.stored import list_answering
from fairtrial.report.preferences import describe_preferences
from fairtrial.report.words import format_quantity, make_inline


def votes(
    ledger: Annotated[Path, typer.Argument(help="The ledger that `fairtrial serve --votes` wrote.")],
    margin: Annotated[
        float,
        typer.Option("--margin", min=0, max=1, help="Net preference (a share) within which two count as tied."),
    ] = MARGIN,
    as_json: JsonOption = False,
) -> None:
    """Tell who is preferred, by votes between answers whose authors were hidden.

    It may be run after every vote: however often it is looked at, a wrong verdict has a chance of at most 5%.
    """
    if not ledger.exists():
        raise LedgerError(f"there is no ledger {str(ledger)!r}.", fix="`fairtrial serve --votes FILE` writes one.")
    with explain_damage(ledger), Ledger.open(ledger, create=False) as store:
        other = bool(list_answering(store))
        found = describe_preferences(find_preferences(store, datetime.now(UTC), margin))
    if as_json:
        print_json(found)
        return
    console = Console()

    def tell(line: str, indent: str = "") -> None:
        console.print(Text(indent + make_inline(line)), soft_wrap=True)

    for one in found["pairs"]:
        tell(f"{one['words']}.")
    if not found["pairs"]:
        what = f" {ledger.name} holds answers: is it the file of --votes?" if other else ""
        tell(found["headline"] + what)
    for doubt in found["doubts"]:
        tell(f"In doubt: {doubt}")
    if not found["pairs"]:
        return
    console.print()
    _show_pairs(console, found["pairs"])
    console.print()
    tell(found["sides"]["words"])
    if found["strengths"] is not None:
        tell(f"{found['strengths']['words']}:")
        for one in found["strengths"]["pairs"]:
            tell(one["words"], "  ")
    for note in found["notes"]:
        tell(note)


def _show_pairs(console: Console, pairs: list[dict[str, object]]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in ("", "votes", "for the first", "for the second", "both good", "both bad", "the same", "share", "from",
                 "to", "by"):  # fmt: skip
        table.add_column(head, justify="left" if head in ("", "by") else "right")
    for one in pairs:
        counts = [f"{one[name]:,}" for name in ("votes", "for_a", "for_b", "both_good", "both_bad", "identical")]
        name = make_inline(f"{one['a']} / {one['b']}")
        for by, found in (("votes", one["by_votes"]), ("sessions", one["by_sessions"])):
            if isinstance(found, dict):
                ends = [format_quantity(float(found[key]), "1") for key in ("share", "low", "high")]
                table.add_row(Text(name), *counts, *ends, f"{found['units']:,} {by}")
                name, counts = "", [""] * 6
    console.print(table)
