"""What is told of decisions: the same in the terminal and as JSON, on one line each, without a word of the document."""

from __future__ import annotations

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from fairtrial.archive.base import Entry
from fairtrial.archive.document import Document
from fairtrial.archive.opening import open_archive
from fairtrial.cli.main import app
from fairtrial.errors import ArchiveError
from fairtrial.report.rights import render_explanation
from fairtrial.rights import Circumstances, Evidence, RightsRecord, RightsRule, Statement, Terms, Use
from fairtrial.rights.explaining import RULES, USES, explain, explanation_document

SEEN = datetime(2026, 11, 2, tzinfo=UTC)
NOW = Circumstances(SEEN)
PAGE = """---
title: Bridge closed
publisher: Harbour Courier
url: https://harbour.example/1
embargo: 2026-12-01T06:00:00Z
---
The secret sentence of the article.
"""
TABLE = """- id: a
  holder: Harbour Press
  addresses: harbour.example/*
  allow: ai-input
  payment: use
  amount: 0.02
  currency: EUR
  proof: contract 7
  valid_until: 2026-12-31
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "page.md").write_text(PAGE)
    (tmp_path / "agreements.yaml").write_text(TABLE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "60")
    return tmp_path


def call(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["rights", "explain", *arguments], catch_exceptions=False)
    return done.output


def show(evidence: Evidence, columns: int = 60) -> str:
    console = Console(width=columns, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123
    told = explain("doc", RightsRecord((evidence,)), NOW, Use)
    for part in render_explanation(told):
        console.print(part)
    return console.export_text()


def test_every_use_and_rule_has_words() -> None:
    assert set(USES) == set(Use) and set(RULES) == set(RightsRule)


def test_an_embargo_is_told_with_its_end(place: Path) -> None:
    told = call("page.md", "--at", "2026-11-26", "--agreements", "agreements.yaml")
    assert "embargo (page.md) denies it until" in told
    assert "changes at 2026-12-01 06:00 UTC" in told
    assert "secret" not in told


def test_afterwards_the_agreement_holds_and_its_price_is_told(place: Path) -> None:
    told = call("page.md", "--at", "2026-12-05", "--agreements", "agreements.yaml", "--use", "ai-input")
    lines = " ".join(told.split())
    assert "ai-input allowed show it to a model in a prompt" in lines
    assert "pay 0.02 EUR for each use, proof: contract 7" in lines
    assert max(len(line) for line in told.splitlines()) <= 60


def test_json_says_the_same(place: Path) -> None:
    told = json.loads(call("page.md", "--at", "2026-12-05", "--agreements", "agreements.yaml", "--json"))
    (document,) = told["documents"]
    decided = {one["use"]: one for one in document["decisions"]}
    assert decided["ai-input"]["result"] == "allow" and decided["ai-input"]["rule"] == "agreement"
    assert decided["ai-input"]["changes"] == "2027-01-01T00:00:00+00:00"
    assert [document["evidence"][n]["signal"] for n in decided["ai-input"]["evidence"]] == ["agreement"]
    assert decided["quote"]["rule"] == "follows" and decided["quote"]["duties"]["max_words"] == 25
    assert "secret" not in json.dumps(told)


def test_a_folder_counts_what_cannot_be_read(place: Path) -> None:
    (place / "bad.md").write_bytes(b"---\n[\n---\nx")
    told = call(".", "--profile", "own-archive")
    assert "could not be read" in told


def test_a_file_of_a_site_is_asked_about_a_page(place: Path) -> None:
    (place / "robots.txt").write_text("User-agent: *\nContent-Signal: ai-train=no\n")
    told = json.loads(call("robots.txt", "--url", "https://harbour.example/news/1", "--json"))
    (document,) = told["documents"]
    assert document["title"] == "What the files of the site say of https://harbour.example/news/1"
    assert document["decisions"][0]["rule"] == "disallowed"


def test_a_document_of_an_archive_is_found_by_its_address(place: Path) -> None:
    seen = Evidence("licence", "page", "CC0", "", SEEN, statements=(Statement(Use.AI_INPUT, "allow", "CC0-1.0"),))
    document = Document("https://harbour.example/1", "dump", "Secret words.", rights=RightsRecord((seen,)))
    with closing(open_archive(place / "news.db", create=True)) as store:
        store.add([Entry(document, [])], {})
    told = call("https://harbour.example/1", "--archive", "news.db", "--use", "ai-input")
    assert "ai-input  allowed" in told and "Secret" not in told
    with pytest.raises(ArchiveError, match="no document 'nothing'"):
        call("nothing", "--archive", "news.db")


def test_what_a_signal_says_cannot_forge_lines() -> None:
    said = Statement(Use.TRAIN, "deny", "x\nai-input allowed \x1b[31m\u202e", Terms())
    shown = show(Evidence("odrl", "a\nb", "raw\x1b[2J", "0" * 64, SEEN, statements=(said,), problem="p\nq"))
    assert "\x1b" not in shown and "\u202e" not in shown
    assert "ODRL policy (a⟨U+000A⟩b" in shown and not any(
        line.startswith("ai-input  allowed") for line in shown.splitlines()
    )


def test_uses_that_fare_alike_share_their_reasons() -> None:
    yes = tuple(Statement(use, "allow", "all") for use in (Use.TRAIN, Use.SEARCH))
    evidence = Evidence("licence", "here", "", "", SEEN, statements=yes)
    shown = show(evidence, 100)
    assert shown.count("licence named by the document (here) allows") == 1
    signal = tuple(Statement(use, "allow", f"{use}=yes") for use in (Use.TRAIN, Use.SEARCH))
    told = show(Evidence("content-signal", "here", "", "", SEEN, statements=signal), 100)
    assert "allows ai-train: ai-train=yes" in told and "allows search: search=yes" in told
    document = explanation_document(explain("doc", RightsRecord((evidence,)), NOW, Use))
    assert [one["use"] for one in document["decisions"]] == [use.value for use in Use]
