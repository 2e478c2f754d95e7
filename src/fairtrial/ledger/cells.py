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
