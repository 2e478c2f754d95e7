"""The commented trial that `fairtrial init` writes."""

from __future__ import annotations

from importlib.resources import files


def read_starter() -> str:
    """Return the text of a trial file that runs as it stands once the extra ``demo`` is installed."""
    return files("fairtrial.spec").joinpath("starter.yaml").read_text(encoding="utf-8")
