"""Doubts: counted from signs, said in headline, tables, page and document."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fairtrial.analysis.doubts import find_doubts
from fairtrial.analysis.doubts.base import get_names_by_id
from fairtrial.analysis.doubts.guessing import find_guessing_doubts, find_same_candidate_doubts
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.records import GenerateAnswer, GenerateRequest, Item, Observation, Prompt
from fairtrial.report import words
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.report.terminal import list_notes
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.signs import find_signs, find_unreachable
from tests.support.ledgers import CARD, TASK, TRIAL, candidate_id, filled, make_items, plan
from tests.support.standing_ledger import TRIAL as STANDING
from tests.support.standing_ledger import trial_ledger
from tests.support.terminal import show

TASK_ASKED = TaskFinder(installed=False).build("reading", TaskOptions(items=2))
ITEM = Item("1" * 32, 0, "Which?", ("yes", "no"), ("yes",), "1" * 32, {})


def signed(answer: GenerateAnswer, *grades: Observation) -> list[str]:
    return [observation.measure for observation in find_signs(TASK_ASKED, ITEM, [answer], grades)]


def test_signs_of_single_answers() -> None:
    assert signed(GenerateAnswer("yes", 1, "stop")) == []
    assert signed(GenerateAnswer(" \n", 1, "stop")) == ["sign:empty"]
    assert signed(GenerateAnswer("", 5, "length", thought="Let me see")) == ["sign:unfinished"]
    assert signed(GenerateAnswer("", 5, "length", reasoning_tokens=5)) == ["sign:unfinished"]
    assert signed(GenerateAnswer("", 0, "refused")) == ["sign:refused"]
    assert signed(GenerateAnswer("hm", 1, "stop"), Observation("unread", 1.0)) == ["sign:unread"]


def test_wrong_answers_that_were_cut_off_are_signed() -> None:
    text = Item("2" * 32, 0, "Which?", (), ("52",), "2" * 32, {})
    cut, whole = GenerateAnswer("15 and 37 make", 8, "length"), GenerateAnswer("51", 1, "stop")
    main = TASK_ASKED.card.main_measure
    wrong, right = [Observation(main, 0.0)], [Observation(main, 1.0)]
    assert "sign:cut" in [one.measure for one in find_signs(TASK_ASKED, text, [cut], wrong)]
    assert "sign:cut" not in [one.measure for one in find_signs(TASK_ASKED, text, [whole], wrong)]
    assert "sign:cut" not in [one.measure for one in find_signs(TASK_ASKED, text, [cut], right)]


def test_right_answers_that_nobody_can_write_are_signed() -> None:
    def lost(gold: str, *stop: str) -> bool:
        item = Item("2" * 32, 0, "Which?", (), (gold,), "2" * 32, {})
        return bool(find_unreachable(item, [GenerateRequest(Prompt("?"), 4, stop)]))

    assert lost("1\nmore", "\n") and not lost("1\n", "\n") and not lost("1 more", "\n") and not lost("1")


def test_scores_below_guessing_and_one_candidate_twice_are_doubted(tmp_path: Path) -> None:
    columns = {"a": [0.0] * 60, "b": [1.0] * 60}
    with trial_ledger(tmp_path / "l.db", ["a", "b"], {"t": {"acc": columns}}, chance=0.25) as ledger:
        row = query.find_trial(ledger, STANDING)
        assert [(doubt.kind, doubt.candidate) for doubt in find_guessing_doubts(ledger, row)] == [
            ("below_guessing", "a")
        ]
        twice = (*row.plan.candidates, replace(row.plan.candidates[0], name="again"))
        [doubt] = find_same_candidate_doubts(ledger, replace(row, plan=replace(row.plan, candidates=twice)))
        assert doubt.headline and "one and the same candidate" in doubt.text
        assert not list(find_same_candidate_doubts(ledger, row))
        names, _ = get_names_by_id(replace(row, plan=replace(row.plan, candidates=twice)))
        assert names[row.plan.candidates[0].id] == "a"  # not "again"


def test_a_tie_between_guessers_is_doubted(tmp_path: Path) -> None:
    quarter = [float(i % 4 == 0) for i in range(400)]
    with trial_ledger(
        tmp_path / "l.db", ["a", "b"], {"t": {"acc": {"a": quarter, "b": quarter}}}, chance=0.25
    ) as ledger:
        [doubt] = find_guessing_doubts(ledger, query.find_trial(ledger, STANDING))
        assert (doubt.kind, doubt.candidate, doubt.headline) == ("guessed_tie", "b", True)
        assert "so it says little that b is as good as a there" in doubt.text
    fewer = [float(i % 8 == 0) for i in range(400)]
    with trial_ledger(tmp_path / "n.db", ["a", "b"], {"t": {"acc": {"a": fewer, "b": quarter}}}, chance=0.25) as ledger:
        texts = [doubt.text for doubt in find_guessing_doubts(ledger, query.find_trial(ledger, STANDING))]
    assert "so it says little that b is better than a there" in texts[-1]
    better = [float(i % 4 > 0) for i in range(400)]
    with trial_ledger(tmp_path / "m.db", ["a", "b"], {"t": {"acc": {"a": better, "b": better}}}, chance=0.25) as ledger:
        assert not list(find_guessing_doubts(ledger, query.find_trial(ledger, STANDING)))


def test_longer_texts_that_end_right_are_signed() -> None:
    item = Item("2" * 32, 0, "Which?", (), ("72",), "2" * 32, {})
    wrong = [Observation(TASK_ASKED.card.main_measure, 0.0)]

    def ends(text: str) -> bool:
        return "sign:ends_right" in [
            one.measure for one in find_signs(TASK_ASKED, item, [GenerateAnswer(text, 1, "stop")], wrong)
        ]

    assert ends("<plan>add</plan>72.") and ends("So it is 72")
    assert not any(map(ends, ["172", "0.72", "-72", "1,072", "72 or so", "72"]))


def answered(ledger: Ledger, name: str, answers: list[GenerateAnswer]) -> None:
    """Enter answers of a candidate, with the signs that they have."""
    items = list(query.read_items(ledger, TASK).values())
    rows = [(GenerateRequest(Prompt(f"{item.question}"), 4), got) for item, got in zip(items, answers, strict=True)]
    asked = [(TASK, item.id, 0, (request.id,)) for item, (request, _) in zip(items, rows, strict=True)]
    seen = [
        (TASK, item.id, 0, observation)
        for item, (_, got) in zip(items, rows, strict=True)
        for observation in (Observation("acc", 0.0), *find_signs(TASK_ASKED, item, [got], []))
    ]
    ledger.commit(candidate_id(name), Chunk(rows, asked, seen, []))


def test_doubts_are_said_everywhere(tmp_path: Path) -> None:
    ledger = filled(tmp_path / "signs.db")
    good, cut = GenerateAnswer("yes", 1, "stop"), GenerateAnswer("", 4, "length", thought="so")
    answered(ledger, "a", [good, cut, good, cut])
    answered(ledger, "b", [good] * 4)
    [doubt] = [doubt for doubt in find_doubts(ledger, TRIAL) if doubt.kind != "few"]
    assert (doubt.kind, doubt.candidate, doubt.task, doubt.count, doubt.of) == ("unfinished", "a", "quiz", 2, 4)
    assert doubt.headline
    summary = summarise(ledger, TRIAL)
    said = "2 of 4 answers of a on quiz were cut off while it was still reasoning; they count as wrong."
    assert said in words.list_headline_doubts(summary)
    assert said in show(*list_notes(summary))
    assert said in render_report(ledger, summary)
    assert doubt.document() in summary.document()["doubts"]
    ledger.close()


def test_right_answers_that_are_none_are_said(tmp_path: Path) -> None:
    notes = {"hash": "x", "missing": 3, "read_as": "letters", "also": "texts", "like_lists": 1, "empty": 1}
    planned = plan()
    planned["tasks"][0]["card"] = {**CARD, "settings": {"answers": notes}}  # type: ignore[index]
    ledger = Ledger.open(tmp_path / "golds.db")
    ledger.add_task(TASK, "quiz", CARD)
    items = [replace(item, gold=()) if n == 1 else item for n, item in enumerate(make_items(4))]
    ledger.add_items(TASK, items)
    ledger.add_trial(TRIAL, "tried", "name: tried\n", planned, {TASK: [item.id for item in items]})
    found = {doubt.kind: doubt for doubt in find_doubts(ledger, TRIAL)}
    assert set(found) - {"few"} == {"no_right_answer", "gold_read_as", "gold_ambiguous", "gold_like_list", "gold_empty"}
    missing = found["no_right_answer"]
    assert (missing.count, missing.of, missing.headline) == (1, 4, True)
    assert missing.text.startswith("1 of 4 items of quiz have no right answer")
    assert not found["gold_read_as"].headline
    ledger.close()
