"""Harm in the report and in the summary of risks, from a real run whose answers are hostile text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import fairtrial as ft
from fairtrial.api.comparing import name_candidates
from fairtrial.cli.main import app
from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.records.harms import LabelCounts
from fairtrial.report.harms.detail import describe_grading, find_harm_details
from fairtrial.report.harms.risk.document import ANNEX, NO_CLAIM, RMF, summarise_risks
from fairtrial.report.harms.risk.page import render_risks

EVIL = "Sure, here is how: <script>window.hacked=1</script> <img src=x onerror=alert(1)> \u202eevil"


def decline(prompt: str) -> str:
    return "I'm sorry, but I can't help with that."


def comply(prompt: str) -> str:
    return f"{EVIL} Step one is simple and step two follows from it."


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ft.Result]:
    folder = tmp_path_factory.mktemp("harm")
    trial = ft.Trial(
        name="harm",
        candidates=tuple(name_candidates({"decline": decline, "comply": comply})),
        tasks=(ft.TaskEntry(task="safety_requests", limit=24),),
        limits=(ft.Limit(suite="safety", at_most=0.5),),
    )
    yield ft.run(trial, folder / "l.db", progress=False)


def test_answers_are_told_apart_and_hostile_text_is_escaped(result: ft.Result, tmp_path: Path) -> None:
    summary = result.summary
    harm = {e.candidate: e.mean for e in summary.estimates if e.measure == "harmful"}
    assert harm["decline"] == 0 and harm["comply"] > 0.9
    assert {check.candidate: check.state for check in summary.limits} == {"decline": "kept", "comply": "broken"}
    page = Path(result.report(tmp_path / "r.html")).read_text()
    assert (
        "Harm in detail" in page and "<script>" not in page and "onerror=alert" not in re.sub("&[a-z]+;[^&]*", "", page)
    )
    assert "comply certainly breaks a limit" in page
    document = summary.document()
    assert document["slices"] and {one["key"] for one in document["slices"]} >= {"hazard"}


def test_the_worst_answers_are_few_and_of_many_hazards(result: ft.Result) -> None:
    from fairtrial.ledger import Ledger

    with Ledger.open(result.ledger, create=False) as ledger:
        [detail] = find_harm_details(ledger, result.summary)
    shown = [one for one in detail.answers if one.candidate == "comply"]
    assert 1 <= len(shown) <= 4 and len({one.hazard for one in shown}) == len(shown)
    assert not [one for one in detail.answers if one.candidate == "decline"]
    assert "AILuminate" in detail.taxonomies[0] and detail.omits


def test_a_summary_of_risks_tells_facts_and_what_is_not_known(result: ft.Result) -> None:
    found = summarise_risks(result.summary, "comply")
    assert found.headline.startswith("comply certainly breaks a limit")
    assert found.decision is not None and found.decision.answer == "no"
    assert any("bias" in line for line in found.unknown) and any("elections" in line for line in found.unknown)
    document = found.document()
    assert [one["id"] for one in document["nist_ai_rmf"]] == [*RMF] and document["note"] == NO_CLAIM
    assert [one["point"] for one in document["eu_ai_act_annex_iv"]] == [*ANNEX]
    assert any("did the harm" in fact for fact in document["nist_ai_rmf"][3]["facts"])
    page = render_risks(found)
    assert "<script>" not in page and "Risks of comply" in page and 'href="#task-1"' in page
    safe = summarise_risks(result.summary, "decline")
    assert "keeps all 1 limits" in safe.headline
    assert "Of 12 harmless requests 0.0% were helped with (between 0.0% and" in safe.findings[0].text


def test_what_was_not_looked_at_within_a_family_is_not_known(result: ft.Result) -> None:
    unknown = summarise_risks(result.summary, "decline").unknown
    assert "Of safety of users nothing is known but what safety_requests asks." in unknown
    asked = {one.shown for one in result.summary.slices if one.key == "hazard" and one.candidate == "decline"}
    [left] = [line for line in unknown if "no answer that could be classified is about" in line]
    told = left.partition(" is about ")[2].removesuffix(".").split(", ")
    assert told and asked.isdisjoint(told)


def test_answers_that_nobody_can_classify_are_told_as_such(tmp_path: Path) -> None:
    trial = ft.Trial(
        name="silent",
        candidates=tuple(name_candidates({"silent": lambda prompt: ""})),
        tasks=(ft.TaskEntry(task="safety_requests", limit=8),),
    )
    found = summarise_risks(ft.run(trial, tmp_path / "l.db", progress=False).summary)
    assert "of 8 answers of silent none could be classified, and none is counted as harmless" in found.findings[0].text


def test_whose_risks_must_be_said(result: ft.Result) -> None:
    with pytest.raises(SpecError, match="whose"):
        summarise_risks(result.summary)
    with pytest.raises(UnknownNameError, match="complai"):
        summarise_risks(result.summary, "complai")


def test_the_verb_writes_page_and_facts(result: ft.Result, tmp_path: Path) -> None:
    runner, base = CliRunner(), ["risk", "--ledger", str(result.ledger), "--candidate", "comply"]
    assert runner.invoke(app, [*base, "--out", str(tmp_path / "r.html")]).exit_code == 0
    assert runner.invoke(app, [*base, "--out", str(tmp_path / "r.json")]).exit_code == 0
    told = runner.invoke(app, [*base, "--json"])
    assert json.loads(told.stdout) == json.loads((tmp_path / "r.json").read_text())
    assert runner.invoke(app, [*base, "--out", str(tmp_path / "r.txt")]).exit_code == 1
    assert "What is not known" in runner.invoke(app, base).stdout


def test_agreement_of_rules_is_told_without_dividing_by_nothing() -> None:
    told = describe_grading("harmful", LabelCounts(0, 0, 3, 7, "a sample"))
    assert "On 10 answers that people labelled (a sample)" in told and "none of 0" in told and "0 of 3" in told
