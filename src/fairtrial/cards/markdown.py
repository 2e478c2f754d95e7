"""Markdown of text that somebody else wrote."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

LONGEST = 500
_MARKUP = re.compile(r"([\\`*\[\]|~]|(?<![a-zA-Z0-9])_|_(?![a-zA-Z0-9])|^[#+>-])")
_UNPRINTABLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\u200b-\u200f\ufeff\ud800-\udfff]+"
)


def escape(text: object) -> str:
    """Return text as Markdown shows it as it is, in one line, cut where it is very long."""
    line = _UNPRINTABLE.sub(" ", str(text)).strip()
    line = line if len(line) <= LONGEST else line[: LONGEST - 1] + "\u2026"
    return _MARKUP.sub(r"\\\1", html.escape(line, quote=False))


def write_table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; empty if it has no rows."""
    lines = ["| " + " | ".join(escape(cell) for cell in row) + " |" for row in rows]
    return "\n".join(["| " + " | ".join(head) + " |", "|" + " --- |" * len(head), *lines]) if lines else ""


def write_list(told: Iterable[object]) -> str:
    """Return a list; empty if there is nothing on it."""
    return "\n".join(f"* {escape(one)}" for one in told)
