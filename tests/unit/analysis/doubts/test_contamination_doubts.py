"""Candidates that were trained on items, or on nobody knows what: said beside scores, verdicts and in the headline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairtrial.analysis.doubts import find_doubts
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.encoding import dumps
from fairtrial.records import GenerateAnswer, GenerateRequest, Observation, Prompt
from fairtrial.report import words
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.report.terminal import list_notes, make_estimates_table, make_verdicts_table
from tests.support.ledgers import TASK, TRIAL, candidate_id, filled, make_items
from tests.support.terminal import show

ITEMS = 100
SEEN = [one.id for one in make_items(ITEMS)][:40]


def judged(path: Path, a: list[float], b: list[float], training: list[dict[str, Any]]) -> Ledger:
    ledger = filled(path, items=ITEMS)
    document = {**query.find_trial(ledger, TRIAL).document, "training": training}
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE trials SET plan = ? WHERE id = ?", (dumps(document), TRIAL))
    for name, values in (("a", a), ("b", b)):
        items = make_items(ITEMS)
        rows = [(GenerateRequest(Prompt(f"{one.question}"), 4), GenerateAnswer("yes", 1, "stop")) for one in items]
        asked = [(TASK, one.id, 0, (request.id,)) for one, (request, _) in zip(items, rows, strict=True)]
        seen = [(TASK, one.id, 0, Observation("acc", value)) for one, value in zip(items, values, strict=True)]
        ledger.commit(candidate_id(name), Chunk(rows, asked, seen, []))
    return ledger


def seen_by(name: str, items: list[str]) -> dict[str, Any]:
    task = {"task": "quiz", "items": items, "of": ITEMS, "rules": {"13 words in a row": len(items)}, "example": "a b c"}
    return {"candidate": name, "seen": [task], "unknown": False, "withdrawn": 0}


def test_a_contaminated_candidate_is_said_everywhere(tmp_path: Path) -> None:
    a = [1.0] * 40 + [0.5] * 60
    ledger = judged(tmp_path / "c.db", a, [0.5] * 100, [seen_by("a", SEEN)])
    [doubt] = [one for one in find_doubts(ledger, TRIAL) if one.kind == "contaminated"]
    assert (doubt.task, doubt.candidate, doubt.count, doubt.of, doubt.headline) == ("quiz", "a", 40, 100, True)
    assert doubt.text == (
        "a was trained on 40 of 100 items of quiz (40 by 13 words in a row), and was judged on them since the trial "
        'allows it. For example: "a b c". On these its acc is 100.0%, on the others 50.0%.'
    )
    summary = summarise(ledger, TRIAL)
    assert doubt.text in words.list_headline_doubts(summary)
    [verdict] = summary.verdicts
    assert verdict.verdict == "better"
    assert words.is_doubtful(summary, verdict)
    assert "40 of 100 trained on" in show(make_estimates_table(summary), width=100)
    assert "better, doubtful" in show(make_verdicts_table(summary), width=100)
    assert "was trained on 40 of 100 items of quiz" in " ".join(show(*list_notes(summary), width=60).split())
    assert words.find_trained(summary, verdict) == [doubt]
    assert "1 better (1 of them doubtful)" in words.describe_outcome(summary)
    page = render_report(ledger, summary)
    assert "40 of 100 trained on" in page
    assert "was trained on 40 of 100 items of quiz" in page
    assert [one["kind"] for one in summary.document()["doubts"]][:1] == ["contaminated"]


def test_a_verdict_that_stands_without_those_items_stands(tmp_path: Path) -> None:
    few = [seen_by("a", SEEN[:2])]
    ledger = judged(tmp_path / "c.db", [1.0] * 100, [0.0] * 100, few)
    kinds = {one.kind for one in find_doubts(ledger, TRIAL)}
    assert "contaminated_verdict" not in kinds
    assert "contaminated" in kinds
    assert "better, doubtful" in show(make_verdicts_table(summarise(ledger, TRIAL)), width=100)  # the tables say it


def test_that_the_baseline_was_trained_on_items_makes_worse_doubtful(tmp_path: Path) -> None:
    b = [1.0] * 40 + [0.5] * 60
    ledger = judged(tmp_path / "c.db", [0.5] * 100, b, [seen_by("b", SEEN)])
    [doubt] = [one for one in find_doubts(ledger, TRIAL) if one.kind == "contaminated_verdict"]
    assert doubt.text.startswith("The verdict on a and b on quiz is doubtful: b was trained on 40 of 100 items")


def test_that_a_judge_was_trained_on_what_it_grades_is_in_the_headline(tmp_path: Path) -> None:
    ledger = judged(tmp_path / "c.db", [1.0] * 100, [0.0] * 100, [seen_by("j", SEEN)])
    judge = {**query.find_trial(ledger, TRIAL).document["candidates"][0], "name": "j", "id": "6a" * 16}
    judging = {"id": "7b" * 16, "judge": judge["id"], "task": TASK, "candidate": candidate_id("a"), "measure": "acc"}
    for asked, wanted in ((TASK, ["contaminated_judge"]), ("8c" * 16, [])):
        parts = {"judges": [judge], "judgings": [{**judging, "task": asked}], "examinations": []}
        document = {**query.find_trial(ledger, TRIAL).document, **parts}
        with ledger.writing(), ledger.transaction() as db:
            db.execute("UPDATE trials SET plan = ? WHERE id = ?", (dumps(document), TRIAL))
        found = [one for one in find_doubts(ledger, TRIAL) if one.kind.startswith("contaminated")]
        assert [one.kind for one in found] == wanted
        assert all(one.headline and (one.task, one.count, one.of) == ("quiz", 40, 100) for one in found)
        told = " ".join(words.list_headline_doubts(summarise(ledger, TRIAL)))
        assert ("The judge j was trained on 40 of 100 items of quiz (40 by 13 words in a row)" in told) is bool(wanted)


@pytest.mark.parametrize(
    ("training", "kind", "told"),
    [
        ({"unknown": True}, "training_unknown", "Nothing tells what the adapter of a was trained on"),
        ({"withdrawn": 3}, "withdrawn_training", "a was trained on 3 documents that were withdrawn"),
        ({"withdrawn": 1}, "withdrawn_training", "a was trained on a document that was withdrawn"),
    ],
)
def test_what_is_not_known_or_no_longer_permitted_is_said(
    tmp_path: Path, training: dict[str, Any], kind: str, told: str
) -> None:
    ledger = judged(tmp_path / "c.db", [1.0] * 100, [0.0] * 100, [{"candidate": "a", **training}])
    [doubt] = [one for one in find_doubts(ledger, TRIAL) if one.kind == kind]
    assert told in doubt.text
    assert doubt.headline
