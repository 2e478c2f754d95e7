"""``fairtrial models``: the models that are on this machine."""

from __future__ import annotations

from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fairtrial.cli.options import JsonOption
from fairtrial.cli.output import print_json
from fairtrial.models import list_models
from fairtrial.pages.showing import make_inline
from fairtrial.report.fitting import FittedTable


def models(as_json: JsonOption = False) -> None:
    """List the models on this machine that a candidate can name."""
    found = list_models()
    if as_json:
        print_json([asdict(model) for model in found])
        return
    if not found:
        typer.echo("No models found. A small one comes with: pip install 'fairtrial[demo]'")
        return
    table = Table("model", "MB", "what it is", box=None, header_style="bold")
    for model in found:
        table.add_row(
            Text(make_inline(model.spec)), f"{model.size_bytes / 1e6:,.0f}", Text(make_inline(model.description))
        )
    Console().print(FittedTable(table))
