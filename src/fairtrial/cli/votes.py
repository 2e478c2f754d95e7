"""``fairtrial votes``: what people preferred who compared answers blind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

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
from fairtrial.pages.showing import make_inline
from fairtrial.report.preferences import describe_preferences
from fairtrial.report.words import format_quantity


def votes(
    ledger: Annotated[Path, typer.Argument(help="The ledger that `fairtrial serve --votes` wrote.")],
    margin: Annotated[
        float,
        typer.Option("--margin", min=0, max=1, help="Net preference (a share) within which two count as tied."),
    ] = MARGIN,
    as_json: JsonOption = False,
) -> None:
    """Tell which candidate people prefer, by blind votes between two answers.

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


HEADS = ("votes", "for the first", "for the second", "both good", "both bad", "the same", "share", "from", "to", "by")
SHORT = ("votes", "first", "second", "good", "bad", "same", "share", "from", "to", "by")
"""Of the same columns, where the names of the pairs stand on lines of their own."""


def _show_pairs(console: Console, pairs: list[dict[str, Any]]) -> None:
    names = [make_inline(f"{one['a']} / {one['b']}") for one in pairs]
    wide = _make_table(
        ("", *HEADS), [(name, row) for name, one in zip(names, pairs, strict=True) for row in _rows(one)]
    )
    if console.measure(wide, options=console.options.update(width=10_000)).maximum <= console.width:
        console.print(wide)
        return
    rows = [_rows(one) for one in pairs]
    widths = [max(map(len, column)) for column in zip(SHORT, *(row for found in rows for row in found), strict=True)]
    _tell_row(console, SHORT, widths)
    for name, found in zip(names, rows, strict=True):
        console.print(Text(name), soft_wrap=True)
        for row in found:
            _tell_row(console, row, widths)


def _make_table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> Table:
    """Return a table with a name at the beginning of each pair's first row."""
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, justify="left" if head in ("", "by") else "right", no_wrap=True)
    for name, row in rows:
        table.add_row(Text(name if row[0] else ""), *row)
    return table


def _rows(one: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return the figures of a pair: by votes with what was voted, then by sessions."""
    counts = tuple(f"{one[name]:,}" for name in ("votes", "for_a", "for_b", "both_good", "both_bad", "identical"))
    found = []
    for by, value in (("votes", one["by_votes"]), ("sessions", one["by_sessions"])):
        if isinstance(value, dict):
            ends = (format_quantity(float(value[key]), "1") for key in ("share", "low", "high"))
            found.append((*counts, *ends, f"{value['units']:,} {by}"))
            counts = ("",) * len(counts)
    return found


def _tell_row(console: Console, row: Sequence[str], widths: Sequence[int]) -> None:
    *figures, by = row
    told = "  ".join([*(figure.rjust(width) for figure, width in zip(figures, widths, strict=False)), by])
    console.print(Text(told.rstrip()), soft_wrap=True)
