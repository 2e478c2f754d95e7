"""Files of rows, and what stands in them as right answers: whatever they hold, rows or one clear error."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, ScoreAnswer, content_hash
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.data.datasets import DataSource, convert_to_json, open_rows
from fairtrial.tasks.lmeval import LmEvalCatalog
from tests.fuzz import bounded

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(
        ["A", "b", "(C)", "0", "1", "4", "-1", "[2, 3]", "[]", "NA", "1e999", "\ud83d", "\x00", "[" * 300, 10**400]
    )
)  # fmt: skip
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
)
JSON_TEXT = st.builds(json.dumps, st.lists(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3), max_size=4))
LINES = st.lists(VALUES.map(json.dumps), max_size=5).map("\n".join)
CELLS = st.lists(st.text('ab1,;"\n\r\t .-é\x00', max_size=6), max_size=5)
TABLE = st.lists(CELLS, max_size=6).map(lambda rows: "\n".join(",".join(row) for row in rows))
REPEATED = st.builds(
    lambda part, times: part * times, st.sampled_from(["[", "{", '{"a":', "[],", "1,", '"', "\n", " ", "a,", "0"]),
    st.sampled_from([1, 50, 500, 200_000]),
)  # fmt: skip
TEXTS = JSON_TEXT | LINES | TABLE | st.text(max_size=60) | REPEATED | st.builds(str.__add__, REPEATED, JSON_TEXT)
ENCODINGS = st.sampled_from(
    ["utf-8", "utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32", "cp037"]
)
PACKS: list[Callable[[bytes], bytes]] = [bytes, bytes, bytes, gzip.compress, bz2.compress, lzma.compress]
NAMES = st.sampled_from(
    ["test.json", "test.jsonl", "test.csv", "test.tsv", "test.txt", "test.jsonl.gz", "test.parquet"]
)
OPTIONS = st.dictionaries(
    st.sampled_from(["field", "header", "column_names", "delimiter", "sep", "encoding", "names"]),
    st.sampled_from(["a", "latin-1", "utf-16", None, 0, 3, ["a", "b"], ";", "rows", "\n", [], {"a": 1}]), max_size=2,
)  # fmt: skip


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """Texts in some encoding, packed or not, some of them damaged."""
    text, encoding = draw(TEXTS), draw(ENCODINGS)
    content = text.encode(encoding, "surrogatepass" if encoding.startswith("utf") else "replace")
    return damaged(draw, draw(st.sampled_from(PACKS))(content))


def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """The same bytes, or with some of them changed, cut off or put in."""
    out = bytearray(content)
    for _ in range(draw(st.sampled_from([0, 0, 1, 3]))):
        at = draw(st.integers(0, len(out)))
        match draw(st.sampled_from(["change", "cut", "put"])):
            case "change" if at < len(out):
                out[at] = draw(st.integers(0, 255))
            case "cut":
                del out[at : at + draw(st.integers(1, 64))]
            case "put":
                out[at:at] = draw(st.binary(max_size=8))
    return bytes(out)


def read(folder: Path, name: str, content: bytes, options: dict[str, Any]) -> None:
    """Read the file as a task does."""
    (folder / name).write_bytes(content)
    rows = open_rows(DataSource(".", None, options, folder)).split("test")
    assert all(isinstance(row, dict) for row in rows)
    for row in rows[:100]:
        content_hash(convert_to_json(row))


@bounded.bounded
@given(NAMES, files(), OPTIONS)
def test_files_of_rows(name: str, content: bytes, options: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert bounded.survives(lambda: read(Path(folder), name, content, options)) == ""


@pytest.mark.parametrize("part", [b"\n", b" ", b"[", b'{"a":1}\n', b"a,b\n", b'"', b"{},", b"\x00", b"0,"])
@pytest.mark.parametrize("name", ["test.jsonl.gz", "test.csv.gz"])
def test_packed_bombs(part: bytes, name: str, tmp_path: Path) -> None:
    head = b"[" if part == b"{}," else b""
    content = gzip.compress(head + part * (200_000_000 // len(part)), 1)
    assert bounded.survives(lambda: read(tmp_path, name, content, {})) == ""


arrow = pytest.importorskip("pyarrow", reason="reading parquet needs pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")
pytest.importorskip("pyarrow.compute")
KINDS = [
    arrow.string(), arrow.binary(), arrow.int8(), arrow.uint64(), arrow.float16(), arrow.float64(), arrow.bool_(),
    arrow.timestamp("ns"), arrow.timestamp("us", "Europe/Berlin"), arrow.date32(), arrow.time64("ns"),
    arrow.duration("ns"), arrow.decimal128(38, 10), arrow.binary(4), arrow.large_string(), arrow.null(),
    arrow.list_(arrow.string()), arrow.list_(arrow.list_(arrow.int64())), arrow.map_(arrow.string(), arrow.binary()),
    arrow.struct([("x", arrow.string()), ("y", arrow.list_(arrow.bool_()))]), arrow.list_(arrow.string(), 2),
    arrow.dictionary(arrow.int32(), arrow.string()), arrow.struct([]),
]  # fmt: skip


@st.composite
def parquets(draw: st.DrawFn) -> bytes:
    """Parquet files of odd types, some of them damaged."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    count = draw(st.sampled_from([0, 1, 3, 5000]))
    names = draw(st.sampled_from([["a", "b", "c"], ["a", "a", ""], ["", "\x00", "é"]]))[: len(kinds)]
    table = arrow.Table.from_arrays([_array(kind, count, draw(st.integers(0, 9))) for kind in kinds], names=names)
    sink = io.BytesIO()
    how = draw(st.sampled_from(["snappy", "zstd", "gzip", "none"]))
    try:
        parquet.write_table(table, sink, compression=how, use_dictionary=draw(st.booleans()), data_page_size=1000)
    except (ValueError, NotImplementedError):  # types that it does not write
        return b""
    return damaged(draw, sink.getvalue())


def _array(kind: Any, count: int, seed: int) -> Any:
    """An array of a type; its values come from bytes that are read as this type, or are null."""
    texts = [None if (n + seed) % 3 == 0 else "x" * ((n * seed) % 7) for n in range(count)]
    for made in (texts, [None if t is None else len(t) for t in texts], [None if t is None else [t, t] for t in texts],
                 [None if t is None else {"x": t, "y": [True, None]} for t in texts]):  # fmt: skip
        try:
            return arrow.array(made, kind)
        except (ValueError, TypeError, NotImplementedError):
            continue
    return arrow.nulls(count, kind)


@bounded.bounded
@given(parquets())
def test_parquet_files(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert bounded.survives(lambda: read(Path(folder), "test.parquet", content, {})) == ""


OUTPUTS = st.sampled_from(["multiple_choice", "generate_until", "loglikelihood", "loglikelihood_rolling"])
FIELDS = st.sampled_from(["a", "{{a}}", "{{a[0]}}", "{{b}}", "[{{a}}]", 0, 9, ["x", "y"], "{{a | tojson}}", "c"])
CHOICES = st.sampled_from([None, "b", "{{b}}", ["A", "B"], ["0", "1", "2"], "{{[a, b]}}", {"x": "yes", "y": "no"}])
OPTS = st.lists(st.text(max_size=2), max_size=4)
ROW = st.fixed_dictionaries({"a": VALUES | SCALARS, "b": VALUES | OPTS, "c": VALUES})
ROWS = st.lists(ROW, min_size=1, max_size=4)


def grade(folder: Path, task: dict[str, Any], rows: list[dict[str, Any]]) -> None:
    """Build the task, and ask and grade every item."""
    (folder / "test.jsonl").write_bytes("".join(json.dumps(row) + "\n" for row in rows).encode())
    (folder / "t.yaml").write_text(json.dumps({key: value for key, value in task.items() if value is not None}))
    built = LmEvalCatalog([folder], trust_code=False).build("t", TaskOptions())
    for item in built.items():
        answers: list[Answer] = []
        for request in built.requests(item):
            if isinstance(request, GenerateRequest):
                answers.append(GenerateAnswer("x", 1, "stop"))
            else:
                count = len(request.pairs)
                answers.append(ScoreAnswer((-1.0,) * count, (True,) * count, (1,) * count))
        for seen in built.grade(item, answers):
            assert not math.isnan(seen.value)


@bounded.bounded
@given(OUTPUTS, FIELDS, FIELDS, CHOICES, ROWS, st.sampled_from([None, 1]))
def test_right_answers(
    output: str, text: Any, target: Any, choices: Any, rows: list[dict[str, Any]], shots: int | None
) -> None:
    task = {
        "task": "t", "dataset_path": ".", "test_split": "test", "output_type": output, "doc_to_text": text,
        "doc_to_target": target, "doc_to_choice": choices, "num_fewshot": shots,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        assert bounded.survives(lambda: grade(Path(folder), task, rows)) == ""
