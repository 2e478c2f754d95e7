"""Files of rows: text stays text, whatever a file is packed or written in; and every wrong file is named."""

from __future__ import annotations

import bz2
import csv
import datetime
import gzip
import json
import lzma
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import DataError, FairtrialError
from fairtrial.tasks.data.datasets import DataSource, open_rows
from fairtrial.tasks.data.files import fill_columns, read_rows
from fairtrial.tasks.data.unpacking import MemoryBudget

ROWS = [{"q": "é 漢", "a": "2024-01-01"}, {"q": "x", "a": "NA"}]
LINES = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in ROWS)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_texts_of_json_stay_texts(tmp_path: Path) -> None:
    rows = [{"d": "2024-01-01", "t": "2024-01-01T10:00:00Z", "n": "NA", "x": "true"}] * 2
    assert read_rows(written(tmp_path, "a.json", json.dumps(rows)), {}) == rows


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["NA", "x", "null", "None"], ["NA", "x", "null", "None"]),
        (["", "NA", "1"], [None, "NA", "1"]),
        (["1", "", "3"], [1, None, 3]),
        (["007", "12", "5"], ["007", "12", "5"]),
        (["1.50", "3.99", "2.00"], ["1.50", "3.99", "2.00"]),
        (["0.5", "1", "-2.25"], [0.5, 1, -2.25]),
        (["1e5", "2", "3"], ["1e5", "2", "3"]),
        (["true", "false", "true"], ["true", "false", "true"]),
        (["True", "False", "True"], [True, False, True]),
        (["+5", "6", "7"], ["+5", "6", "7"]),
        ([" 5", "6", "7"], [" 5", "6", "7"]),
        (["inf", "1", "nan"], ["inf", "1", "nan"]),
        (["2024-01-01", "2024-01-02", "x"], ["2024-01-01", "2024-01-02", "x"]),
        (["٣", "4", "5"], ["٣", "4", "5"]),
        (["1" * 30, "2", "3"], ["1" * 30, "2", "3"]),
    ],
)
def test_texts_of_csv_stay_texts(cells: list[str], values: list[Any], tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows([["id", "v"], *([f"r{n}", cell] for n, cell in enumerate(cells))])
    assert repr([row["v"] for row in read_rows(path, {})]) == repr(values)


def test_csv_settings(tmp_path: Path) -> None:
    path = written(tmp_path, "a.csv", "n;t\n1;two, words\n")
    assert read_rows(path, {"delimiter": ";"}) == read_rows(path, {"sep": ";"}) == [{"n": 1, "t": "two, words"}]
    assert read_rows(path, {"sep": ";", "header": None})[0] == {"0": "n", "1": "t"}
    assert read_rows(path, {"sep": ";", "column_names": ["a", "b"]})[1] == {"a": "1", "b": "two, words"}
    assert read_rows(written(tmp_path, "b.csv", "a,a,,a\n1,2,3,4\n"), {}) == [
        {"a": 1, "a.1": 2, "Unnamed: 2": 3, "a.2": 4}
    ]
    names = "column_names must be a list of different names"
    wrong = [
        ({"skiprows": 1}, "skiprows is not supported"),
        ({"header": 3}, "header must be 0 or null"),
        ({"delimiter": "ab"}, "delimiter must be one character"),
        ({"encoding": 3}, "encoding must be a name"),
        ({"encoding": "rot13"}, "no text encoding 'rot13'"),
        ({"column_names": 3}, names),
        ({"column_names": ["a", "a"]}, names),
        ({"names": [[1]]}, names),
        ({"column_names": "ab"}, names),
    ]
    for options, told in wrong:
        with pytest.raises(DataError, match=told):
            read_rows(path, options)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress, lzma.compress, None])
def test_packed_files(pack: Any, tmp_path: Path) -> None:
    if pack is None:
        pack = pytest.importorskip("backports.zstd").compress
    suffix = {"gzip": ".gz", "bz2": ".bz2", "lzma": ".xz"}.get(pack.__module__, ".zst")
    written(tmp_path, f"test.jsonl{suffix}", pack(LINES.encode()))
    assert open_rows(DataSource(".", None, {}, tmp_path)).split("test") == ROWS
    assert read_rows(written(tmp_path, f"a.csv{suffix}", pack(b"a,b\n1,x\n")), {}) == [{"a": 1, "b": "x"}]
    whole = pack(LINES.encode() * 50)
    with pytest.raises(DataError, match="cannot be read"):
        read_rows(written(tmp_path, f"b.jsonl{suffix}", whole[:-20]), {})
    # packed under another name
    assert read_rows(written(tmp_path, "c.jsonl", pack(LINES.encode())), {}) == ROWS


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_marks_at_the_beginning_tell_the_encoding(encoding: str, tmp_path: Path) -> None:
    assert read_rows(written(tmp_path, "a.jsonl", LINES.encode(encoding)), {}) == ROWS
    assert read_rows(written(tmp_path, "a.csv", "q,a\né,NA\n".encode(encoding)), {}) == [{"q": "é", "a": "NA"}]
    assert read_rows(written(tmp_path, "a.txt", "é\n".encode(encoding)), {}) == [{"text": "é"}]
    assert read_rows(written(tmp_path, "a.jsonl", LINES.encode("utf-8-sig")), {"encoding": "utf-8"}) == ROWS


def test_other_encodings_are_asked_for(tmp_path: Path) -> None:
    latin = written(tmp_path, "a.csv", "q,a\ncafé,1\n".encode("latin-1"))
    with pytest.raises(DataError, match=r"a\.csv: is not UTF-8 \(byte 0xe9\)\n.*encoding: latin-1"):
        read_rows(latin, {})
    assert read_rows(latin, {"encoding": "latin-1"}) == [{"q": "café", "a": 1}]
    wide = written(tmp_path, "b.csv", "q,a\nx,1\n".encode("utf-16-le"))
    with pytest.raises(DataError, match=r"bytes that are 0\n.*utf-16-le"):
        read_rows(wide, {})
    assert read_rows(wide, {"encoding": "utf-16-le"}) == [{"q": "x", "a": 1}]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROWS),
        json.dumps(ROWS, indent=2),
        "\n\n" + json.dumps(ROWS, indent=2) + "\n",
        "\n".join(json.dumps(row, indent=2) for row in ROWS),
        "\n".join(json.dumps([row]) for row in ROWS),
        LINES.replace("\n", "\r\n"),
        "\n" + LINES.replace("\n", "\n\n"),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_json_in_any_form(text: str, name: str, tmp_path: Path) -> None:
    assert read_rows(written(tmp_path, name, text), {}) == ROWS


def test_a_field_of_a_document(tmp_path: Path) -> None:
    path = written(tmp_path, "a.json", json.dumps({"rows": ROWS}, indent=1))
    assert read_rows(path, {"field": "rows"}) == ROWS
    with pytest.raises(DataError, match=r"there is no field 'row'; its keys are 'rows'"):
        read_rows(path, {"field": "row"})
    with pytest.raises(DataError, match="field must be the name of a field"):
        read_rows(path, {"field": {"a": 1}})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"x": 1}\n{"x": \n', "a.jsonl:2: is not JSON"),
        ('{\n "x": 1,\n "y"\n}', "a.jsonl:4: is not JSON"),
        ('[{"x": 1},\n 2]', "must hold JSON objects"),
        ('{"x": 1} {"x": 2}\n{"x": 3}', "a.jsonl:1: is not JSON: there is more after the value"),
        ('[{"x": 1},\n{"x": 2,}]', "a.jsonl:2: is not JSON"),
        ('{"x": 1, "x": 2}', "the key 'x' is written twice"),
        ("[" * 100_000, "nested too deeply"),
        ('{"x": ' + "[" * 200 + "]" * 200 + "}", "nested more than 100 levels"),
        ('{"x": "\\ud83d"}', "half of a character"),
        ('{"x": ' + "1" * 5000 + "}", "4300 digits"),
        ("null", "got a NoneType"),
    ],
)
def test_malformed_json_is_named(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_rows(written(tmp_path, "a.jsonl", text), {})
    assert said in str(caught.value)


def test_whole_characters_pass(tmp_path: Path) -> None:
    assert read_rows(written(tmp_path, "a.jsonl", '{"x": "\\ud83d\\ude00"}'), {}) == [{"x": "😀"}]


def test_malformed_csv_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"a\.csv:3: has 3 values for 2 columns"):
        read_rows(written(tmp_path, "a.csv", "a,b\n1,2\n3,4,5\n"), {})
    with pytest.raises(DataError, match=r"a\.csv:3: has a quotation mark that is never closed"):
        read_rows(written(tmp_path, "a.csv", 'a,b\n1,2\n"3,4\n5,6\n7,8\n'), {})
    assert read_rows(written(tmp_path, "a.csv", 'a,b\n5" pipe,"x\ny"\n'), {}) == [{"a": '5" pipe', "b": "x\ny"}]


def test_long_values(tmp_path: Path) -> None:
    text = "x" * 300_000
    assert read_rows(written(tmp_path, "a.csv", f'a,b\n"{text}",1\n'), {}) == [{"a": text, "b": 1}]
    assert csv.field_size_limit() == 131_072


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"PK\x03\x04rest", "is a zip archive"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS pointer"),
        (b"\x1f\x8bnot", "cannot be read"),
    ],
)
def test_files_that_hold_no_rows(content: bytes, said: str, tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv", "a.txt"):
        with pytest.raises(DataError, match=said):
            read_rows(written(tmp_path, name, content), {})


def test_a_split_in_two_forms_would_count_twice(tmp_path: Path) -> None:
    written(tmp_path, "test.jsonl", LINES)
    written(tmp_path, "test.jsonl.gz", gzip.compress(LINES.encode()))
    with pytest.raises(DataError, match=r"'test' is there in several forms: test\.jsonl, test\.jsonl\.gz"):
        open_rows(DataSource(".", None, {}, tmp_path))


def test_memory_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path, "a.jsonl", LINES * 1000)
    monkeypatch.setenv("FAIRTRIAL_DATA_MEMORY", "100kB")
    for name, content in (("a.jsonl", LINES * 1000), ("a.csv", "a\n" + "x\n" * 1000), ("a.txt", "\n" * 10_000)):
        path = written(tmp_path, name, content)
        with pytest.raises(DataError, match=r"a\.\w+: its rows take more than 0 MB.*\n.*FAIRTRIAL_DATA_MEMORY="):
            read_rows(path, {})
    for text in ("[" + "[]," * 1000 + "[]]", '{"a": [' + "1," * 5000 + "1]}"):
        with pytest.raises(DataError, match="take more than"):
            read_rows(written(tmp_path, "b.jsonl", text), {})
    monkeypatch.setenv("FAIRTRIAL_DATA_MEMORY", "9MB")
    assert len(read_rows(path, {})) == 10_000
    budget = MemoryBudget()
    with pytest.raises(DataError, match="take more than"):  # one limit for all files of a split
        for _ in range(5):
            read_rows(path, {}, budget)
    monkeypatch.setenv("FAIRTRIAL_DATA_MEMORY", "many")
    with pytest.raises(DataError, match="must be a size such as 4GB"):
        read_rows(path, {})


def test_a_bomb_stops_at_the_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAIRTRIAL_DATA_MEMORY", "20MB")
    for letter in (b" ", b"\n", b"["):
        packed = gzip.compress(letter * 10_000_000, 1)
        with pytest.raises(DataError, match="more than"):
            read_rows(written(tmp_path, "a.jsonl.gz", packed), {})


arrow = pytest.importorskip("pyarrow", reason="reading parquet needs pyarrow")


def parquet(folder: Path, columns: dict[str, Any], **options: Any) -> Path:
    import pyarrow.parquet

    pyarrow.parquet.write_table(arrow.table(columns), folder / "a.parquet", **options)
    return folder / "a.parquet"


def test_parquet_types(tmp_path: Path) -> None:
    day = datetime.datetime(2024, 1, 1, 0, 0, 0, 5)
    columns = {
        "text": ["a", None],
        "unmarked": [b"a", None],
        "bytes": [b"\xff", None],
        "decimal": [Decimal("1.50"), None],
        "time": arrow.array([day, None], arrow.timestamp("ns")),
        "date": [datetime.date(2024, 1, 1), None],
        "list": [["a", None], None],
        "fixed": arrow.array([["a", "b"], None], arrow.list_(arrow.string(), 2)),
        "struct": [{"a": "x", "b": [1]}, None],
        "map": arrow.array([[("k", "v")], None], arrow.map_(arrow.string(), arrow.string())),
        "null": arrow.nulls(2),
        "large": arrow.array([2**64 - 1, None], arrow.uint64()),
        "dictionary": arrow.array(["x", None]).dictionary_encode(),
        "nested": [[["a"], []], None],
    }
    first, second = read_rows(parquet(tmp_path, columns), {})
    assert set(second.values()) == {None}
    assert first == {
        "text": "a", "unmarked": "a", "bytes": b"\xff", "decimal": Decimal("1.50"), "time": day,
        "date": datetime.date(2024, 1, 1), "list": ["a", None], "fixed": ["a", "b"], "struct": {"a": "x", "b": [1]},
        "map": [["k", "v"]], "null": None, "large": 2**64 - 1, "dictionary": "x", "nested": [["a"], []],
    }  # fmt: skip


@pytest.mark.parametrize("encoding", ["DELTA_BYTE_ARRAY", "DELTA_LENGTH_BYTE_ARRAY", "PLAIN"])
def test_parquet_encodings(encoding: str, tmp_path: Path) -> None:
    path = parquet(tmp_path, {"q": ["abc", "abd"] * 3000}, use_dictionary=False, column_encoding={"q": encoding})
    assert [row["q"] for row in read_rows(path, {})] == ["abc", "abd"] * 3000


@pytest.mark.parametrize("form", ["text", "list", "fixed", "map", "struct", "many", "delta"])
def test_small_parquet_files_of_many_or_long_rows(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    long = arrow.DictionaryArray.from_arrays(arrow.array([0] * 50_000, arrow.int32()), arrow.array(["x" * 100_000]))
    ends = arrow.array(range(50_001), arrow.int32())
    columns = {
        "text": lambda: {"q": long},
        "list": lambda: {"q": arrow.ListArray.from_arrays(ends, long)},
        "fixed": lambda: {"q": arrow.FixedSizeListArray.from_arrays(long, 1)},
        "map": lambda: {"q": arrow.MapArray.from_arrays(ends, arrow.array(range(50_000)), long)},
        "struct": lambda: {"q": arrow.StructArray.from_arrays([long], ["s"])},
        "many": lambda: {"q": arrow.nulls(30_000_000)},
        "delta": lambda: {"q": ["x" * 100_000] * 2_000},
    }[form]()
    monkeypatch.setenv("FAIRTRIAL_DATA_MEMORY", "100MB" if form == "delta" else "1GB")
    options = {"use_dictionary": False, "column_encoding": {"q": "DELTA_BYTE_ARRAY"}} if form == "delta" else {}
    path = parquet(tmp_path, columns, compression="zstd", **options)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(DataError, match=r"a\.parquet: its rows take more than 1"):
        read_rows(path, {})


def test_broken_parquet(tmp_path: Path) -> None:
    content = parquet(tmp_path, {"a": ["x"] * 100}).read_bytes()
    for bad in (b"no", b"PAR1", content[:-9], content[:50] + b"\xff" * 30 + content[80:]):
        with pytest.raises(FairtrialError, match="not a readable parquet"):
            read_rows(written(tmp_path, "bad.parquet", bad), {})
    table = arrow.Table.from_arrays([arrow.array([1]), arrow.array([2])], names=["a", "a"])
    import pyarrow.parquet

    pyarrow.parquet.write_table(table, tmp_path / "twice.parquet")
    with pytest.raises(DataError, match="two columns of the name 'a'"):
        read_rows(tmp_path / "twice.parquet", {})


def test_same_columns() -> None:
    assert fill_columns([{"b": 1}, {"a": 2, "b": 3}]) == [{"b": 1, "a": None}, {"b": 3, "a": 2}]
