"""``fairtrial init``: a commented trial file to start from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fairtrial.errors import SpecError
from fairtrial.spec.starter import read_starter


def init(
    path: Annotated[Path, typer.Argument(help="File to write.")] = Path("trial.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file if it exists.")] = False,
) -> None:
    """Write a commented trial file that runs as it stands."""
    if path.exists() and not force:
        raise SpecError(f"{path} exists already.", fix="Name another file, or overwrite it with --force.")
    path.write_text(read_starter(), encoding="utf-8")
    typer.echo(f"Wrote {path}. Run it with: fairtrial run {path}")
