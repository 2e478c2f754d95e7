"""Doubts: counted from signs, said in headline, tables, page and document."""

from __future__ import annotations

from pathlib import Path

from fairtrial.doubts import find_doubts
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.records import GenerateAnswer, GenerateRequest, Item, Observation, Prompt
from fairtrial.report import words
from fairtrial.report.page import render
from fairtrial.report.summary import summarise
from fairtrial.report.tables import notes
from fairtrial.tasks.signs import signs
from ledgers import TASK, TRIAL, candidate_id, filled

ITEM = Item("1" * 32, 0, "Which?", ("yes", "no"), ("yes",), "1" * 32, {})


def signed(answer: GenerateAnswer, *grades: Observation) -> list[str]:
    return [observation.measure for observation in signs(ITEM, [answer], grades)]


def test_signs_of_single_answers() -> None:
    assert signed(GenerateAnswer("yes", 1, "stop")) == []
    assert signed(GenerateAnswer(" \n", 1, "stop")) == ["sign:empty"]
    assert signed(GenerateAnswer("", 5, "length", thought="Let me see")) == ["sign:unfinished"]
    assert signed(GenerateAnswer("", 5, "length", reasoning_tokens=5)) == ["sign:unfinished"]
    assert signed(GenerateAnswer("", 0, "refused")) == ["sign:refused"]
    assert signed(GenerateAnswer("hm", 1, "stop"), Observation("unread", 1.0)) == ["sign:unread"]


def answered(ledger: Ledger, name: str, answers: list[GenerateAnswer]) -> None:
    """Enter answers of a candidate, with the signs that they have."""
    items = list(query.items(ledger, TASK).values())
    rows = [(GenerateRequest(Prompt(f"{item.question}"), 4), got) for item, got in zip(items, answers, strict=True)]
    asked = [(TASK, item.id, 0, (request.id,)) for item, (request, _) in zip(items, rows, strict=True)]
    seen = [
        (TASK, item.id, 0, observation)
        for item, (_, got) in zip(items, rows, strict=True)
        for observation in (Observation("acc", 0.0), *signs(item, [got], []))
    ]
    ledger.commit(candidate_id(name), Chunk(rows, asked, seen, []))


def test_doubts_are_said_everywhere(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "signs.db")
    good, cut = GenerateAnswer("yes", 1, "stop"), GenerateAnswer("", 4, "length", thought="so")
    answered(ledger, "a", [good, cut, good, cut])
    answered(ledger, "b", [good] * 4)
    [doubt] = find_doubts(ledger, TRIAL)
    assert (doubt.kind, doubt.candidate, doubt.task, doubt.count, doubt.of) == ("unfinished", "a", "quiz", 2, 4)
    assert doubt.headline
    summary = summarise(ledger, TRIAL)
    said = "2 of 4 answers of a on quiz were cut off while it was still reasoning."
    assert words.headline_doubts(summary) == [said]
    assert any(said in line.plain for line in notes(summary))
    assert said in render(ledger, summary)
    assert summary.document()["doubts"] == [doubt.document()]
    ledger.close()
