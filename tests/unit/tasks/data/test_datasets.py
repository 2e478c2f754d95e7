"""Local rows: every form of file, what ``datasets`` would make of it, and what is said when it is wrong."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from fairtrial.errors import DataError, MissingExtraError
from fairtrial.records import content_hash
from fairtrial.tasks.data.datasets import DataSource, LocalRows, convert_to_json, open_rows
from fairtrial.tasks.data.files import fill_columns, read_rows


def source(path: str, folder: Path, **options: object) -> DataSource:
    return DataSource(path, None, options, folder)


def test_missing_columns_are_none_and_numbers_are_as_written(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"x": 1, "in": {"a": 1}}\n\n{"x": 2.5, "in": {"a": 0.5}, "y": [1]}\n')
    rows = open_rows(source("json", tmp_path, data_files={"test": "a.jsonl"})).split("test")
    assert rows == [{"x": 1, "in": {"a": 1}, "y": None}, {"x": 2.5, "in": {"a": 0.5}, "y": [1]}]


def test_json_list_field_and_several_files(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps([{"x": 1}, {"x": 2}]))
    (tmp_path / "b.json").write_text(json.dumps([{"x": 3}]))
    (tmp_path / "c.json").write_text(json.dumps({"rows": [{"x": 4}]}))
    files = {"train": ["a.json", "b.json"]}
    assert [r["x"] for r in open_rows(source("json", tmp_path, data_files=files)).split("train")] == [1, 2, 3]
    rows = open_rows(source("json", tmp_path, data_files="c.json", field="rows"))
    assert rows.split("train") == [{"x": 4}]
    found = open_rows(source("json", tmp_path, data_files={"test": "[ab].json"} | {"all": "*.json"}, field=None)).files  # type: ignore[union-attr]
    assert [p.name for p in found["all"]] == ["a.json", "b.json", "c.json"]


def test_text_lines(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\ntwo\n")
    assert read_rows(tmp_path / "a.txt", {}) == [{"text": "one"}, {"text": ""}, {"text": "two"}]


def test_parquet(tmp_path: Path) -> None:
    arrow = pytest.importorskip("pyarrow", reason="reading parquet needs pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(arrow.table({"x": [1, 2], "y": [["a"], []]}), tmp_path / "test-00000-of-00001.parquet")
    assert open_rows(source(".", tmp_path)).split("test") == [{"x": 1, "y": ["a"]}, {"x": 2, "y": []}]
    (tmp_path / "bad.parquet").write_text("no")
    with pytest.raises(DataError, match="not a readable parquet"):
        read_rows(tmp_path / "bad.parquet", {})


def test_local_folder_with_a_subset(tmp_path: Path) -> None:
    (tmp_path / "set" / "small").mkdir(parents=True)
    (tmp_path / "set" / "small" / "dev.jsonl").write_text('{"x": 1}\n')
    (tmp_path / "set" / "test.jsonl").write_text('{"x": 2}\n')
    assert open_rows(DataSource("set", "small", {}, tmp_path)).split("dev") == [{"x": 1}]
    assert open_rows(DataSource("set", None, {}, tmp_path)).split("test") == [{"x": 2}]
    hub = DataSource("somebody/set", "small", {}, Path("/nowhere"), data_dir=tmp_path)
    assert open_rows(hub).split("dev") == [{"x": 1}]


def test_revision_is_the_sha256_of_the_files_used(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.jsonl").write_text(json.dumps({"x": name}) + "\n")
    rows = LocalRows({name: (tmp_path / f"{name}.jsonl",) for name in ("a", "b")})
    assert rows.revision(["a"]) == "sha256:" + hashlib.sha256(b'{"x": "a"}\n').hexdigest()
    assert len({rows.revision(["a"]), rows.revision(["b"]), rows.revision(["a", "b"])}) == 3


def test_missing_things_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"needs dataset_kwargs\.data_files"):
        open_rows(source("json", tmp_path))
    with pytest.raises(DataError, match=r"'b\.jsonl' does not exist"):
        open_rows(source("json", tmp_path, data_files={"test": "b.jsonl"}))
    with pytest.raises(DataError, match="on the network"):
        open_rows(source("json", tmp_path, data_files={"test": "https://example.org/b.jsonl"}))
    with pytest.raises(DataError, match="no data files"):
        open_rows(DataSource("somebody/set", None, {}, tmp_path, data_dir=tmp_path))
    (tmp_path / "test.jsonl").write_text('{"x": 1}\n')
    with pytest.raises(DataError, match=r"no split 'tset'\. Did you mean 'test'\?"):
        open_rows(source(".", tmp_path)).split("tset")


def test_json_value() -> None:
    assert convert_to_json({1: (1.5, float("nan"), float("inf"), True, None, Path("a"))}) == {
        "1": [1.5, None, None, True, None, "a"]
    }
    assert fill_columns([]) == []


class FakeHub:
    """Stands in for the two hub libraries."""

    def __init__(self, reachable: bool = True) -> None:
        self.reachable = reachable
        self.asked: list[tuple[object, ...]] = []

    def HfApi(self) -> FakeHub:  # noqa: N802
        return self

    def dataset_info(self, path: str, timeout: float) -> SimpleNamespace:
        if not self.reachable:
            raise LookupError("no network")
        return SimpleNamespace(sha="abc")

    def load_dataset(self, path: str, name: str | None, *, split: str, revision: str | None) -> list[dict[str, int]]:
        self.asked.append((path, name, split, revision))
        if split == "missing":
            raise Exception("no such thing")
        return [{"x": 1}]


@pytest.mark.parametrize(
    ("options", "reachable", "commit", "revision"),
    [
        ({}, True, "abc", "hub:abc"),
        ({"revision": "v1", "trust_remote_code": True}, True, "v1", "hub:v1"),
        ({}, False, None, "rows:" + content_hash([[{"x": 1}]])),
    ],
)
def test_hub_data_is_pinned(
    options: dict[str, object], reachable: bool, commit: str | None, revision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = FakeHub(reachable)
    for library in ("datasets", "huggingface_hub"):
        monkeypatch.setitem(sys.modules, library, hub)  # type: ignore[arg-type]
    rows = open_rows(DataSource("somebody/set", "small", options, Path("/nowhere")))
    assert rows.split("test") == [{"x": 1}]
    assert hub.asked == [("somebody/set", "small", "test", commit)]
    assert rows.revision(["test"]) == revision
    with pytest.raises(DataError, match=r"split 'missing'.*no such thing"):
        rows.split("missing")


def test_hub_data_needs_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(MissingExtraError, match=r"fairtrial\[hub\]"):
        open_rows(DataSource("somebody/set", None, {}, Path("/nowhere")))
