"""Texts in files that spreadsheets open: none may become a formula (OWASP, "CSV Injection").  Pure."""

from __future__ import annotations

import re

FORMULA = re.compile(r"^[=+\-@\t\r\n|＝＋－＠]")
"""How a text begins that a spreadsheet may take for a formula."""

_NUMBER = re.compile(r"^[+-]?\d+(?:[.,]\d+)*%?$")


def escape_formula(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula: with an apostrophe in front where it might.

    A plain number with its sign is none.
    """
    return f"'{text}" if FORMULA.match(text) and not _NUMBER.match(text) else text


def clean_cell(cell: object) -> object:
    """Return a cell of a CSV file: a text that is no formula and that every encoding has; all else as it is.

    Halves of characters become question marks.
    """
    return escape_formula(repair_text(cell)) if isinstance(cell, str) else cell


def repair_text(text: str) -> str:
    """Return a text that every encoding has: halves of characters become question marks."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
