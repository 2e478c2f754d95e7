"""Rows of local files are what ``datasets``, which lm-evaluation-harness reads them with, makes of the same files.

Where it makes something else of what is written, the rows are as written.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

os.environ.setdefault("HF_HUB_OFFLINE", "1")
pytest.importorskip("datasets", reason="compares with datasets, which is not installed")

import datasets

from fairtrial.tasks.data.files import fill_columns, read_rows

pytestmark = pytest.mark.skipif(
    int(datasets.__version__.partition(".")[0]) < 5, reason="datasets before 5 fills mappings with other keys"
)
JSON: dict[str, list[dict[str, Any]]] = {
    "not_dates": [{"a": "2020-13-01", "b": "2020-01", "c": "2020-01-01", "d": "20200101"}, {"c": "soon", "d": "2020"}],
    "order_of_columns": [{"b": 1, "a": 2}, {"a": 3, "b": 4, "c": 5}],
    "other_keys": [{"a": {"x": 1}, "b": [{"x": 1}, {"y": 2}]}, {"a": {"y": "é"}, "b": []}],
    "other_keys_deeper": [{"a": {"b": {"c": 1}}}, {"a": {"b": {"d": [1]}}}],
    "empty_mapping": [{"a": {}}, {"a": {"k": 1}}],
    "mixed": [{"a": 1, "b": [1, "x"], "c": True}, {"a": "x", "b": ["y"], "c": 1}],
    "nothing": [{"a": None, "b": 1}, {"a": None}],
    "text": [{"a": "\U0001f600 é \u2028 x\r\n"}, {"a": ""}],
    "whole_numbers": [{"a": 2**53 + 1}, {"a": -1}],
}
AS_WRITTEN: dict[str, list[dict[str, Any]]] = {
    "dates": [{"d": "2020-01-01", "n": ["1999-12-31"]}, {"d": "2021-02-03", "n": None}],
    "times": [{"d": "2020-01-01 10:11"}, {"d": "2021-02-03T10:11:12Z"}, {"d": "2021-02-03 10:11:12+02:00"}],
    "dates_inside": [{"d": {"e": "2020-01-01"}}, {"d": {"e": "2020-01-02"}}],
    "numbers": [{"a": 1, "b": 2**53 + 1}, {"a": 2.5, "b": 1}],
    "numbers_in_lists": [{"a": [1, 2.5], "b": [[1], [2, 3]]}, {"a": [3], "b": [[4.5]]}],
    "numbers_in_mappings": [{"a": {"b": 1}}, {"a": {"b": 2.5}}],
}
CSV = {
    "names": ",a,a,\n0,x,1,2\n1,y,2,3\n",
    "truth": "f,g,h\nTrue,x,True\nFalse,y,False\n",
    "numbers": "a,b,c\n1,-5,0.5\n2,6,1.25\n",
    "quoted": 's,t\n"a ""q"" b",1\n"x\ny, z",2\n',
    "short_lines": "a,b,c\n1,2,x\n\n3,4\n   \n",
    "line_ends": "a,b\r\n1,x\u2028y\r\n2,z\r\n",
    "byte_order_mark": "\ufeffa, b\n1, x\n",
    "mixed": "a,b\n1,2020-01-01\nx,2021-01-01\n2.0,5%\n",
}
TEXT = {"unix": "a\n\nb", "windows": "a\r\nb\r\n", "odd": "a\u2028b\x0cc\n"}
CASES = {f"{name}.jsonl": "".join(json.dumps(row) + "\n" for row in rows) for name, rows in JSON.items()}
CASES |= {f"{name}.csv": text for name, text in CSV.items()} | {f"{name}.txt": text for name, text in TEXT.items()}


@pytest.mark.parametrize("name", AS_WRITTEN)
def test_rows_are_as_written(name: str, tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in AS_WRITTEN[name]))
    assert repr(fill_columns(read_rows(path, {}))) == repr(AS_WRITTEN[name])


@pytest.mark.parametrize("name", CASES)
def test_rows_are_those_of_datasets(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(CASES[name].encode())
    kind = {"jsonl": "json", "csv": "csv", "txt": "text"}[path.suffix[1:]]
    loaded = datasets.load_dataset(kind, data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    expected = [dict(row) for row in loaded]
    assert repr(fill_columns(read_rows(path, {}))) == repr(expected)
    assert expected


def test_one_json_list(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps(JSON["whole_numbers"]))
    loaded = datasets.load_dataset("json", data_files=str(path), split="train", cache_dir=str(tmp_path / "cache"))
    assert fill_columns(read_rows(path, {})) == [dict(row) for row in loaded]
