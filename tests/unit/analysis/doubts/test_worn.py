"""Weights that had been rounded before: known from levers and from files made here, said in every place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from fairtrial import cache
from fairtrial.analysis.doubts import find_doubts
from fairtrial.analysis.doubts.weights import count_bits, find_coarsest_type
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.plan import WeightsRecord
from fairtrial.levers.quantize.files import QuantizeOrder, make_files
from fairtrial.models import hashes, resolve
from fairtrial.models.gguf import GgufHeader, TensorInfo
from fairtrial.report import words
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.report.terminal import list_notes
from tests.support.ledgers import TRIAL, filled
from tests.support.levers import quantize
from tests.support.small_gguf import write_model
from tests.support.terminal import show

WEIGHTS = TypeAdapter(WeightsRecord)


def head(file_type: int | None, *types: int) -> GgufHeader:
    values: dict[str, object] = {} if file_type is None else {"general.file_type": file_type}
    tensors = {str(i): TensorInfo(str(i), (32, 2 + i), kind, 0) for i, kind in enumerate(types)}
    return GgufHeader(values, frozenset(values), tensors)


def test_the_type_of_weights_is_that_of_most_tensors_where_the_file_does_not_know_better() -> None:
    assert head(15, 12, 14).weights_type == "q4_k_m"
    assert head(None, 0, 8).weights_type == "q8_0"
    assert head(1, 2, 2, 0).weights_type == "q4_0"  # it says f16, and holds 4 bits
    assert head(0, 0, 0).weights_type == "f32"
    assert head(None).weights_type is None
    assert head(None, 999).weights_type is None


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({}, ""),
        ({"parent_type": "f16"}, ""),
        ({"parent_type": None}, ""),
        ({"parent_type": "q4_1"}, "q4_1"),  # of a ledger from before more was recorded
        ({"parent_type": "q8_0", "made_from": ["f16", "q4_k_m", "q8_0"]}, "q4_k_m"),
        ({"made_from": ["bf16"]}, ""),
        ({"made_from": ["iq2_xs", "q8_0"]}, "iq2_xs"),
    ],
)
def test_the_coarsest_type_before_counts(record: dict[str, Any], kind: str) -> None:
    assert find_coarsest_type(WEIGHTS.validate_python(record)) == kind


def test_bits_are_in_the_name() -> None:
    assert [count_bits(kind) for kind in ("q4_k_m", "iq2_xxs", "mxfp4_moe", "tq1_0", "")] == [4, 2, 4, 1, 0]


def recorded(ledger: Ledger, *records: dict[str, Any]) -> None:
    plan: dict[str, Any] = dict(query.find_trial(ledger, TRIAL).document)
    for candidate, record in zip(plan["candidates"], records, strict=False):
        candidate["record"] = {**candidate["record"], **record}
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE trials SET plan = ? WHERE id = ?", (dumps(plan), TRIAL))


def test_two_files_of_a_rounded_parent_are_told_in_the_headline(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "l.db")
    recorded(ledger, {"made_from": ["q4_1"]}, {"made_from": ["q4_1", "q8_0"]})
    [doubt] = [doubt for doubt in find_doubts(ledger, TRIAL) if doubt.kind == "worn"]
    names = [c.name for c in query.find_trial(ledger, TRIAL).plan.candidates]
    assert doubt.headline
    assert doubt.text.startswith(
        f"{names[0]} and {names[1]}: made from weights that had already been rounded to q4_1, about 4"
    )
    summary = summarise(ledger, TRIAL)
    assert doubt.text in words.list_headline_doubts(summary)
    assert doubt.text in show(*list_notes(summary))
    assert doubt.text in render_report(ledger, summary)
    assert doubt.document() in summary.document()["doubts"]
    ledger.close()


def test_files_made_here_say_what_they_were_made_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file from `fairtrial quantize` is compared under its own name; the types that its weights had go with it."""
    pytest.importorskip("llama_cpp")
    for module in (hashes, cache):
        monkeypatch.setattr(module, "user_cache_path", lambda _name: tmp_path / "cache")
    parent = resolve(f"gguf:{write_model(tmp_path / 'f32.gguf')}", tmp_path)
    assert parent.notes["weights_type"] == "f32"
    [made] = make_files(QuantizeOrder(parent, ["q4_1"], tmp_path / "made", threads=1), tmp_path, lambda _: None)
    four = resolve(f"gguf:{made.path}", tmp_path)
    assert (four.notes["weights_type"], four.notes["made_from"]) == ("q4_1", ["f32"])
    [again] = make_files(QuantizeOrder(four, ["q8_0"], tmp_path / "made", threads=1), tmp_path, lambda _: None)
    eight = resolve(f"gguf:{again.path}", tmp_path)
    assert (eight.notes["weights_type"], eight.notes["made_from"]) == ("q8_0", ["f32", "q4_1"])
    lever = quantize("q5_0", eight, tmp_path, lambda _: None)
    assert lever.notes["made_from"] == ["f32", "q4_1", "q8_0"]
    assert lever.notes["parent_type"] == "q8_0"
    assert find_coarsest_type(WEIGHTS.validate_python(lever.record())) == "q4_1"
    assert find_coarsest_type(WEIGHTS.validate_python(four.record())) == ""
