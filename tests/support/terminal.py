"""What a terminal of some width shows."""

from __future__ import annotations

import io

from rich.console import Console, RenderableType


def show(*parts: RenderableType, width: int = 1000) -> str:
    """Return what a terminal prints of the parts."""
    out = io.StringIO()
    console = Console(file=out, width=width)
    for part in parts:
        console.print(part)
    return out.getvalue()
