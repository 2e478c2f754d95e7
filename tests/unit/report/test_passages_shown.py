"""Passages as people are shown them: words only where and while they may be displayed, elsewhere reference and hash."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.ledger.export import export_text
from fairtrial.ledger.export_answers import export_answers_csv
from fairtrial.planning.plan import plan_trial
from fairtrial.records import PassageUse
from fairtrial.report.examples import quote_answer
from fairtrial.report.passages import PassageReader, describe_passage
from fairtrial.report.summary import summarise
from fairtrial.report.view.document import build_blocks, make_builder
from fairtrial.running.conductor import run
from fairtrial.spec.source import load_trial
from tests.support.archives import BRIDGE, FERRY, SECRET, UNSHOWN, make_archive

TRIAL = """
name: news
candidates:
  - {id: open, model: "fake:a", decoding: {max_tokens: 12}, levers: [{retrieve: {archive: news.db, k: 3}}]}
tasks: [{file: q.csv}]
"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ledger]:
    folder = tmp_path_factory.mktemp("shown")
    make_archive(folder / "news.db")
    (folder / "q.csv").write_text("question,answer\nWhen does the ferry to Saltmere sail and the bridge open?,Monday\n")
    (folder / "t.yaml").write_text(TRIAL)
    with Ledger.open(folder / "ledger.db") as opened:
        with opened.writing():
            run(plan_trial(load_trial(folder / "t.yaml").trial, folder), TRIAL, opened, EngineSettings())
        yield opened


def read_view(ledger: Ledger) -> str:
    [trial] = [row for (row,) in ledger.read("SELECT id FROM trials")]
    summary = summarise(ledger, trial)
    return "".join(build_blocks(ledger, summary, make_builder(ledger, summary)))


def test_the_view_shows_words_that_may_be_displayed_alone(ledger: Ledger) -> None:
    shown = read_view(ledger)
    assert FERRY.text in shown
    assert BRIDGE.title in shown
    assert UNSHOWN.uri in shown
    for text in (UNSHOWN.text, UNSHOWN.title, SECRET.text):
        assert text not in shown


def test_words_are_gone_from_the_view_when_the_permission_ends(ledger: Ledger) -> None:
    [(body,)] = ledger.read("SELECT answer FROM answers")
    trace = json.loads(body)["trace"]
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE passages SET display_until = '2026-12-01T00:00:00+00:00' WHERE document = ?", (FERRY.id,))
    before, after = (PassageReader(ledger, datetime(2026, m, 1, tzinfo=UTC)).add_words(trace) for m in (11, 12))
    assert FERRY.text in str(before)
    assert FERRY.text not in str(after)
    assert BRIDGE.text in str(after)
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE passages SET display_until = NULL")


def test_exports_have_references_and_hashes(ledger: Ledger) -> None:
    lines, table = io.StringIO(), io.StringIO()
    export_text(ledger, lines, "jsonl", answers=True, full=True)
    export_answers_csv(ledger, table)
    for told in (lines.getvalue(), table.getvalue()):
        assert FERRY.uri in told
        assert not [text for text in (FERRY.text, UNSHOWN.text, SECRET.text) if text in told]
        assert "The Tide, Saltmere" in told


def test_a_passage_is_described_without_its_words() -> None:
    use = PassageUse("d", "https://a.example/1", 2, 9, "ab" * 32, 1, publisher="The Tide", cited=True, quoted=1)
    told = "[1] The Tide, https://a.example/1#2-9 (sha256 abababababab): cited, 1 word repeated"
    assert describe_passage(use) == told
    assert describe_passage(PassageUse("d", "u", 0, 1, "c" * 64, withheld="did not fit")).endswith(
        "not shown: did not fit"
    )


def test_credits_stand_under_an_answer() -> None:
    assert quote_answer({"text": "Yes.", "finish": "stop", "credits": ["The Tide"]}) == "Yes.\nSource: The Tide"
