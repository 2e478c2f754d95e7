"""A trial as a table for a spreadsheet: rows, formulas that are none, limits of Excel, and what is said of them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pyarrow.parquet
import pytest

from fairtrial.errors import PluginError, SpecError
from fairtrial.ledger import Ledger
from fairtrial.ledger.cells import escape_formula
from fairtrial.report.export import EXPORTERS, ExportNote, run_exporter, spreadsheet
from fairtrial.report.summary import Summary, summarise
from tests.support.report_ledger import CANDIDATES, HOSTILE, ITEMS, TRIAL_ID, report_ledger


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Ledger, Summary]]:
    path = tmp_path_factory.mktemp("table") / "l.db"
    with report_ledger(path) as ledger:
        yield ledger, summarise(ledger, TRIAL_ID)


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"),
        ("-2+3", "'-2+3"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("-5", "-5"),
        ("+3.25", "+3.25"),
        ("plain = text", "plain = text"),
    ],
)
def test_no_text_becomes_a_formula(text: str, shown: str) -> None:
    assert escape_formula(text) == shown


def test_a_row_an_item_with_what_each_candidate_answered(tmp_path: Path, trial: tuple[Ledger, Summary]) -> None:
    ledger, summary = trial
    written = run_exporter("table", ledger, summary, tmp_path / "items.csv")
    assert written[0] == tmp_path / "items.csv"
    rows = read_csv(tmp_path / "items.csv")
    assert len(rows) == ITEMS * len(summary.tasks)
    assert {f"{name} answer" for name in CANDIDATES} < set(rows[0])
    first = next(row for row in rows if row["task"] == "choosing" and row["id"] == "0")
    assert first["expected"] == "red"
    assert first["choices"].split(" | ")[0] == "red"
    right = [row["baseline answer"] == "red" for row in rows if row["task"] == "writing"]
    graded = [float(row["baseline score"]) == 1 for row in rows if row["task"] == "writing"]
    assert right == graded
    assert any(row["baseline seconds"] for row in rows)
    verdicts = read_csv(tmp_path / "items.verdicts.csv")
    assert [row["verdict"] for row in verdicts] == [one.label for one in summary.verdicts]


def test_a_workbook_holds_items_verdicts_and_notes(tmp_path: Path, trial: tuple[Ledger, Summary]) -> None:
    ledger, summary = trial
    written = run_exporter("table", ledger, summary, tmp_path / "items.xlsx")
    assert any(isinstance(one, ExportNote) and "control characters" in one.text for one in written)
    book = openpyxl.load_workbook(tmp_path / "items.xlsx")
    assert book.sheetnames == ["items", "verdicts", "notes"]
    assert book["items"].max_row == 1 + ITEMS * len(summary.tasks)
    assert book["verdicts"].max_row == 1 + len(summary.verdicts)
    assert "f" not in {cell.data_type for row in book["items"].iter_rows() for cell in row}


def test_what_excel_has_no_room_for_is_said(
    tmp_path: Path, trial: tuple[Ledger, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger, summary = trial
    monkeypatch.setattr(spreadsheet, "MOST_ROWS", 50)
    monkeypatch.setattr(spreadsheet, "MOST_CHARACTERS", 1_000)
    written = run_exporter("table", ledger, summary, tmp_path / "items.xlsx")
    told = " ".join(one.text for one in written if isinstance(one, ExportNote))
    book = openpyxl.load_workbook(tmp_path / "items.xlsx")
    items = [name for name in book.sheetnames if name.startswith("items")]
    assert f"fill {len(items)} sheets" in told
    assert "are cut at the 1,000 characters" in told
    assert sum(book[name].max_row - 1 for name in items) == ITEMS * len(summary.tasks)
    assert max(len(str(cell.value)) for row in book["items"].iter_rows() for cell in row) == 1_000


def test_formulas_stay_texts_in_a_workbook(tmp_path: Path) -> None:
    book = spreadsheet._Workbook()
    book.add("items", [spreadsheet.SheetColumn("=A", str)], [["=1+1"], ["@x"], ["ok"]])
    book.save(tmp_path / "f.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "f.xlsx")["items"]
    assert [(cell.value, cell.data_type, bool(cell.quotePrefix)) for (cell,) in sheet.iter_rows()] == [
        ("=A", "s", True),
        ("=1+1", "s", True),
        ("@x", "s", True),
        ("ok", "s", False),
    ]


def test_parquet_keeps_texts_and_numbers(tmp_path: Path, trial: tuple[Ledger, Summary]) -> None:
    ledger, summary = trial
    run_exporter("table", ledger, summary, tmp_path / "items.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "items.parquet")
    assert table.num_rows == ITEMS * len(summary.tasks)
    assert HOSTILE in table.column("question")[1].as_py()
    assert str(table.schema.field("baseline score").type) == "double"
    assert pyarrow.parquet.read_table(tmp_path / "items.verdicts.parquet").num_rows == len(summary.verdicts)


def test_other_ends_of_names_are_refused(tmp_path: Path, trial: tuple[Ledger, Summary]) -> None:
    with pytest.raises(SpecError, match=r"'items\.ods' is none of them"):
        run_exporter("table", *trial, tmp_path / "items.ods")


def test_an_exporter_that_returns_nothing_is_named(
    tmp_path: Path, trial: tuple[Ledger, Summary], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(EXPORTERS), "find", lambda table, name: lambda *_: None)
    monkeypatch.setattr(type(EXPORTERS), "find_origin", lambda table, name: "their-tool 1.0")
    with pytest.raises(PluginError, match=r"the exporter 'theirs' of their-tool 1\.0 returned None"):
        run_exporter("theirs", *trial, tmp_path)
