"""The first line that a person sees.  Imports next to nothing, so that it stands there before all else is loaded."""

from __future__ import annotations

import sys
from collections.abc import Sequence

LONG = ("run", "compare", "check", "plan", "fit", "quantize")
"""Verbs that may take a while."""

SILENT = {"--json", "--quiet", "-q", "--help"}
"""Options of people and programs that want no such line."""


def announce_start(arguments: Sequence[str]) -> None:
    """Say on a terminal what begins, where it may take a while and nobody asked for silence."""
    if not arguments or arguments[0] not in LONG or SILENT & set(arguments):
        return
    if sys.stderr is not None and sys.stderr.isatty():
        shown = " ".join(arguments[:2])
        sys.stderr.write("".join(c if c.isascii() and c.isprintable() else "?" for c in shown) + " ...\n")
        sys.stderr.flush()
