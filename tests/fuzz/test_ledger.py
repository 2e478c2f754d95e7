"""Ledgers with any cell replaced by anything: read, summarised, exported and examined without a traceback."""

from __future__ import annotations

import io
import json
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.examine import examine_ledger, explain_damage, salvage
from fairtrial.ledger.export import export_text
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from tests.fuzz.bounded import bounded, survives
from tests.support.damage import damaged_ledger

CELLS = {
    "candidates": ["name", "spec"],
    "tasks": ["name", "card"],
    "items": ["doc_id", "cluster", "body"],
    "requests": ["body", "base"],
    "answers": ["answer"],
    "asked": ["position", "repeat"],
    "observations": ["value", "weight", "unit", "measure"],
    "trials": ["name", "text", "plan", "created"],
    "trial_items": ["position"],
    "sessions": ["facts", "outcome", "reason", "started"],
    "looks": ["look", "items", "measure"],
}

LEAVES = st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([1e308, -1e308, 2**70]) | st.text(max_size=6)
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner))

VALUES = (
    st.sampled_from(["", "{", "[]", "{}", "null", "[" * 100_000, "9e999", "\x00", "x" * 1000, "1e309", "NaN"])
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False)
    | st.binary(max_size=20)
    | st.text(max_size=20)
)


@st.composite
def spoilings(draw: st.DrawFn) -> tuple[str, tuple[object, ...]]:
    """A statement that replaces a cell, or a part of a JSON document, in one row or in all."""
    table = draw(st.sampled_from(sorted(CELLS)))
    column = draw(st.sampled_from(CELLS[table]))
    some = draw(st.sampled_from(["", " WHERE rowid % 7 = 3"])) if table in ("requests", "trials", "sessions") else ""
    if column in ("spec", "card", "answer", "plan", "facts", "look") or (table, column) == ("items", "body"):
        keys = (
            "text tokens logprobs greedy finish choices gold data question tasks candidates decide seed measures card"
        )
        key = draw(st.sampled_from([*keys.split(), "decide.margin", "tasks[0].card", "candidates[0].spec", "chance"]))
        value = json.dumps(draw(JSON), allow_nan=False)
        return f"UPDATE OR IGNORE {table} SET {column} = json_set({column}, '$.{key}', json(?)){some}", (value,)
    return f"UPDATE OR IGNORE {table} SET {column} = ?{some}", (draw(VALUES),)


def read_everything(path: Path) -> None:
    examine_ledger(path)
    with explain_damage(path), Ledger.open(path, create=False) as ledger:
        for trial in query.read_trials(ledger):
            export_text(ledger, io.StringIO(), "jsonl", answers=True, trial=trial.id)
            summary = summarise(ledger, trial.id)
            summary.document()
            render_report(ledger, summary)


def save(path: Path) -> None:
    salvage(path, path.with_suffix(".saved"))
    assert examine_ledger(path.with_suffix(".saved")).sound


@bounded
@given(spoilings())
def test_a_spoilt_ledger_is_an_error_of_ours(spoiling: tuple[str, tuple[object, ...]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = damaged_ledger(Path(folder) / "spoilt.db", "SELECT 1")
        with closing(sqlite3.connect(path, isolation_level=None)) as db:
            try:
                db.execute(*spoiling)
            except sqlite3.Error:
                return
        assert survives(lambda: read_everything(path)) == ""
        assert survives(lambda: save(path)) == ""


@bounded
@given(st.binary(max_size=400), st.integers(0, 10**6), st.booleans())
def test_a_file_with_other_bytes_is_an_error_of_ours(noise: bytes, where: int, cut: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = damaged_ledger(Path(folder) / "spoilt.db", "SELECT 1")
        whole = path.read_bytes()
        at = where % len(whole)
        path.write_bytes(whole[:at] + noise + (b"" if cut else whole[at + len(noise) :]))
        assert survives(lambda: read_everything(path)) == ""
