"""Logs of every kind with spoilt rows and spoilt bytes, and mappings of every form: read, or refused with a place."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import zipfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from fairtrial.recorded import read_log
from fairtrial.records import GenerateRequest, Pair, Prompt, ScoreRequest
from fairtrial.spec.recorded import Recorded
from tests.fuzz.bounded import bounded, survives

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=8) | st.just("x" * 5000)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner))

CALL = {"gen_args_0": {"arg_0": "x?", "arg_1": " A"}, "gen_args_1": {"arg_0": "x?", "arg_1": " B"}}
ROWS = {
    "lm-eval": {"arguments": CALL, "resps": [[["-1.5", "True"]], [["-2", "False"]]], "doc_id": 0},
    "inspect": {"id": 1, "epoch": 1, "input": "x?", "output": {"completion": "A", "choices": []}, "metadata": {}},
    "helm": {"request": {"prompt": "x?"}, "result": {"success": True, "completions": [{"text": "A"}]}},
    "promptfoo": {"prompt": {"raw": "x?"}, "response": {"output": "A"}, "promptIdx": 0, "testIdx": 0, "vars": {}},
    "table": {"q": "x?", "a": "A", "nr": 1},
}
DEEP = ["[" * 100_000, '{"a":' * 100_000, "[" + "0," * 50_000 + "0]", "\x00", "\ufeff", "NaN", "1e999", '"\\ud800"']


def spoil(row: object, draw: st.DrawFn) -> object:
    """Replace one part of a row, at any depth."""
    if isinstance(row, dict) and row and draw(st.booleans()):
        key = draw(st.sampled_from(sorted(row)))
        return {**row, key: spoil(row[key], draw)}
    if isinstance(row, list) and row and draw(st.booleans()):
        return [spoil(row[0], draw), *row[1:]]
    return draw(JSON)


@st.composite
def logs(draw: st.DrawFn) -> tuple[str, bytes, Recorded]:
    """The name and bytes of a log, and how it is read."""
    kind = draw(st.sampled_from(sorted(ROWS)))
    rows = [ROWS[kind], spoil(ROWS[kind], draw), *draw(st.lists(JSON, max_size=2))]
    form = draw(st.sampled_from(["jsonl", "json", "eval", "csv"]))
    name, text = f"log.{form}", json.dumps(rows)
    if form == "jsonl":
        name, text = ("samples_x.jsonl" if kind == "lm-eval" else name), "\n".join(map(json.dumps, rows))
    elif form == "csv":
        out = io.StringIO()
        csv.writer(out).writerows([["q", "a", "nr"], ["x?", "A", "1"], draw(st.lists(st.text(max_size=9), max_size=5))])
        text = out.getvalue()
    elif form == "json" and kind != "table":
        key = {"helm": "request_states", "inspect": "samples", "promptfoo": "results"}.get(kind, "samples")
        held: object = {"results": rows} if kind == "promptfoo" else rows
        text = json.dumps({key: held, "eval": {}, "status": "success"})
    body = text.encode("utf-8", "surrogatepass")
    if form == "eval":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("samples/1_epoch_1.json", json.dumps(rows[1]))
        body = packed.getvalue()
    if draw(st.booleans()):
        at = draw(st.integers(0, len(body)))
        noise = draw(st.binary(max_size=9) | st.sampled_from(DEEP).map(lambda t: t.encode("utf-8", "surrogatepass")))
        body = body[:at] + noise + (body[at:] if draw(st.booleans()) else b"")
    return name, body, draw(mappings(kind))


@st.composite
def mappings(draw: st.DrawFn, kind: str) -> Recorded:
    """How a log is read: by its format, by itself, or by a mapping."""
    column = st.sampled_from(
        ["q", "a", "nr", "a.b", "0", "{{q}}", "{{a}} {{nr}}", "{{ q * 10**9 }}", "{{a[0].b}}", "{%"]
    )
    body = {"format": draw(st.sampled_from(["auto", kind, "table"]))}
    for name in ("key", "answer", "id", "item"):
        if draw(st.booleans()):
            body[name] = draw(column)
    body["join"] = draw(st.sampled_from(["question", "id", "row"]))
    try:
        return Recorded.model_validate(body)
    except ValidationError:
        return Recorded(format="table", key="q", answer="a")


def read(folder: Path, how: Recorded) -> None:
    record = read_log(folder, how)
    for prompt in ("x?", "Q: x?\nA:", ""):
        for key in ("0", "1", ""):
            for request in (
                GenerateRequest(Prompt(prompt), 8, ("\n",), item_key=key),
                ScoreRequest((Pair(Prompt(prompt), "A"), Pair(Prompt(prompt), "B")), item_key=key),
            ):
                record.answer(request)
                record.explain(request)


@bounded
@given(logs())
def test_a_spoilt_log_is_read_or_refused(log: tuple[str, bytes, Recorded]) -> None:
    name, body, how = log
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / name).write_bytes(body)
        assert survives(lambda: read(Path(folder), how)) == ""
