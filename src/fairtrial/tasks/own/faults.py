"""What is wrong with rows of a file: collected, so that all of it is told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.errors import DataError

MOST_SHOWN = 20
"""Bad rows that an error lists; the others are counted."""

LONGEST = 60
"""Characters of a value that an error shows."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with one row.

    Attributes:
        row: its number, counted from 0.
        place: where that is in the file, in words, e.g. ``row 17 (line 18)``.
        text: what is wrong, with column and value.
    """

    row: int
    place: str
    text: str


def show(value: Any, most: int = LONGEST) -> str:
    """Return a value as errors show it, on one line."""
    text = repr(value)
    return text if len(text) <= most else f"{text[: most - 1]}…"


def make_error(faults: Sequence[Fault], where: str, fix: str = "") -> DataError:
    """Return the error that lists bad rows, the first `MOST_SHOWN` of them."""
    ordered = sorted(faults, key=lambda fault: fault.row)
    rows = len({fault.row for fault in ordered})
    lines = [f"  {fault.place}: {fault.text}" for fault in ordered[:MOST_SHOWN]]
    more = len(ordered) - MOST_SHOWN
    if more > 0:
        lines.append(f"  ... and {more:,} more")
    head = "1 row cannot be used:" if rows == 1 else f"{rows:,} rows cannot be used:"
    skipping = "'bad_rows: skip' leaves them out, and says so."
    return DataError("\n".join([head, *lines]), fix=" ".join(filter(None, (fix, skipping))), where=where)
