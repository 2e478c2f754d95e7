"""``fairtrial ledger``: look into a ledger, take rows out of it, clear it up."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial import api
from fairtrial.cli.options import JsonOption, LedgerOption
from fairtrial.ledger import Ledger

app = typer.Typer(help="Look into a ledger, export its rows, clear it up.", no_args_is_help=True)
