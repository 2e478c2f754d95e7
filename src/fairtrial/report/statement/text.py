"""A statement as CSV, and its uses as events of telemetry, a session a line."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable

from fairtrial.ledger.cells import escape_formula
from fairtrial.rights.statement import AnsweredWith, UsageStatement, make_sessions
from fairtrial.rights.statement.document import COLUMNS, list_rows


def render_csv(statement: UsageStatement) -> str:
    """Return a row for each document; no text becomes a formula in a spreadsheet."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for row in list_rows(statement):
        writer.writerow([escape_formula(cell) if isinstance(cell, str) else cell for cell in row])
    return out.getvalue().encode("utf-8", "replace").decode()


def render_telemetry(answers: Iterable[AnsweredWith]) -> str:
    """Return session documents of Content Telemetry 1.0 as JSON lines."""
    return "".join(f"{json.dumps(one, allow_nan=False)}\n" for one in make_sessions(answers))
