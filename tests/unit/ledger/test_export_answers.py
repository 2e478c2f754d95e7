"""Answers leave a ledger as CSV and Parquet, a row each, with every text whole."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pyarrow.parquet

from fairtrial.ledger.export import export_text
from fairtrial.ledger.export_answers import COLUMNS, export_answers_csv, export_answers_parquet
from tests.support.report_ledger import report_ledger


def test_answers_are_those_of_the_json_lines(tmp_path: Path) -> None:
    with report_ledger(tmp_path / "l.db") as ledger:
        lines, table = io.StringIO(), io.StringIO(newline="")
        export_text(ledger, lines, answers=True)
        rows = [row for row in map(json.loads, lines.getvalue().splitlines()) if "request" in row]
        assert export_answers_csv(ledger, table) == len(rows) > 0
        assert export_answers_parquet(ledger, tmp_path / "a.parquet") == len(rows)
    written = list(csv.DictReader(io.StringIO(table.getvalue(), newline="")))
    kept = pyarrow.parquet.read_table(tmp_path / "a.parquet").to_pylist()
    assert tuple(written[0]) == tuple(kept[0]) == COLUMNS
    assert [row["text"] for row in kept] == [row.get("text") for row in rows]
    assert [row["text"] or None for row in written] == [row.get("text") or None for row in rows]
    assert [json.loads(row["logprobs"]) if row["logprobs"] else None for row in kept] == [
        row.get("logprobs") for row in rows
    ]
