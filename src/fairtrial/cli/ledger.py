"""``fairtrial ledger``: look into a ledger, take rows out of it, clear it up."""

from __future__ import annotations

import typer

app = typer.Typer(help="Look into a ledger, export its rows, clear it up.", no_args_is_help=True)
