"""Rows in folders by task and candidate: what DuckDB reads from them, and names that would lead elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from bench.ledger.making import TRIAL, LedgerSize, fill_ledger
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.errors import LedgerError, SpecError
from fairtrial.ledger import Ledger, export_partitions
from fairtrial.ledger.export import yield_observation_rows

DOCS = Path(__file__).parents[3] / "docs" / "export.md"


@pytest.fixture(scope="module")
def small_ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("partitions") / "l.db"
    fill_ledger(path, LedgerSize(3, 2, 60))
    return path


def test_the_documented_query_gives_the_differences_of_the_verdicts(
    small_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with Ledger.open(small_ledger, create=False) as ledger:
        export_partitions.export_partitions(ledger, Path("rows"), ["task", "candidate"])
        known = {(v.task, v.a): v for v in find_verdicts(ledger, TRIAL) if v.measure == "acc"}
    [query] = re.findall(r"```sql\n(.*?)```", DOCS.read_text("utf-8"), re.DOTALL)
    found = duckdb.sql(query).fetchall()
    assert len(found) == len(known) == 4
    for task, candidate, difference, items in found:
        assert difference == pytest.approx(known[task, candidate].difference, abs=1e-12)
        assert items == known[task, candidate].items_used


@pytest.mark.parametrize("most", [(50_000, 200), (100, 2)])
def test_all_rows_are_there_once_however_few_are_in_memory(
    small_ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: tuple[int, int]
) -> None:
    monkeypatch.setattr(export_partitions, "BATCH_ROWS", most[0])
    monkeypatch.setattr(export_partitions, "MOST_OPEN", most[1])
    with Ledger.open(small_ledger, create=False) as ledger:
        want = list(yield_observation_rows(ledger, None))
        assert export_partitions.export_partitions(ledger, tmp_path / "rows", ["candidate", "measure"]) == len(want)
    files = sorted((tmp_path / "rows").rglob("*.parquet"))
    found = [row for path in files for row in pq.ParquetFile(path).read().to_pylist()]
    assert sorted(found, key=repr) == sorted(want, key=repr)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    "name", ["../../etc", "/", "..", ".", "a/../b", "c:\\x", "x\x00y", "", "é" * 300, "=%2F", "a\nb", "\ud800"]
)
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    found = export_partitions.name_partition(["task", "candidate"], [name, "a"])
    first, second = found.parts
    assert re.fullmatch(r"task=[\w.~%\- ]{1,200}", first)
    assert second == "candidate=a"
    assert len(first.encode()) < 250


def test_what_is_in_the_way_and_odd_columns_are_refused(small_ledger: Path, tmp_path: Path) -> None:
    (tmp_path / "rows").mkdir()
    (tmp_path / "rows" / "mine.txt").write_text("kept")
    with Ledger.open(small_ledger, create=False) as ledger:
        for place in ("/", ".."):
            with pytest.raises(LedgerError, match="is no folder that can be made"):
                export_partitions.export_partitions(ledger, Path(place), ["task"])
        with pytest.raises(LedgerError, match="is no empty folder"):
            export_partitions.export_partitions(ledger, tmp_path / "rows", ["task"])
        with pytest.raises(SpecError, match="not parted by 'value'"):
            export_partitions.export_partitions(ledger, tmp_path / "other", ["value"])
        with pytest.raises(SpecError, match="twice"):
            export_partitions.export_partitions(ledger, tmp_path / "other", ["task", "task"])
    assert [path.name for path in tmp_path.rglob("*")] == ["rows", "mine.txt"]
