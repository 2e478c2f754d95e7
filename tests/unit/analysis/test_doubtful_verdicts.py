"""Verdicts that unread answers could overturn, one letter for all, near misses: said wherever a result is shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from fairtrial.analysis.doubts import find_doubts, show_exactly
from fairtrial.analysis.doubts.quoting import quote_text
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.signs import count_signs, find_signed_example
from fairtrial.records import GenerateAnswer, GenerateRequest, Observation, Prompt
from fairtrial.report import words
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import Summary, summarise
from fairtrial.report.terminal import make_estimates_table, make_verdicts_table
from tests.support.ledgers import TASK, TRIAL, candidate_id, filled

ITEMS = 100


def entered(ledger: Ledger, name: str, given: list[tuple[str, float, tuple[str, ...]]]) -> None:
    """Enter text, accuracy and signs of a candidate's answers, one an item."""
    items = list(query.read_items(ledger, TASK).values())
    rows = [
        (GenerateRequest(Prompt(i.question), 4), GenerateAnswer(g[0], 1, "stop"))
        for i, g in zip(items, given, strict=True)
    ]
    asked = [(TASK, item.id, 0, (request.id,)) for item, (request, _) in zip(items, rows, strict=True)]
    seen = [
        (TASK, item.id, 0, Observation(measure, value))
        for item, (_, right, signs) in zip(items, given, strict=True)
        for measure, value in [("acc", right), *((f"sign:{sign}", 1.0) for sign in signs)]
    ]
    ledger.commit(candidate_id(name), Chunk(rows, asked, seen, []))


def summed(
    tmp_path: Path, a: list[tuple[str, float, tuple[str, ...]]], b: list[tuple[str, float, tuple[str, ...]]]
) -> tuple[Ledger, Summary]:
    ledger = filled(tmp_path / "d.db", items=ITEMS)
    entered(ledger, "a", a)
    entered(ledger, "b", b)
    return ledger, summarise(ledger, TRIAL)


RIGHT, WRONG = ("yes", 1.0, ()), ("no", 0.0, ())
UNREAD = ("Well, that depends", 0.0, ("unread",))


def shown(table: object) -> str:
    console = Console(width=160)
    with console.capture() as got:
        console.print(table)
    return got.get()


def test_better_over_unread_answers_is_doubtful_everywhere(tmp_path: Path) -> None:
    ledger, summary = summed(tmp_path, [RIGHT] * 22 + [UNREAD] * 78, [RIGHT] * 2 + [UNREAD] * 98)
    [verdict] = summary.verdicts
    assert verdict.verdict == "better"
    said = (
        "That a is better than b on quiz is doubtful: 98 of 100 answers of b count as wrong without having been read "
        "as an answer, or miss by their form only; were they right, the verdict would not stand."
    )
    assert words.list_headline_doubts(summary)[0] == said
    assert "1 better (1 of them doubtful)" in words.describe_outcome(summary)
    assert "better, doubtful" in shown(make_verdicts_table(summary))
    assert "98 of 100 unread" in shown(make_estimates_table(summary))
    page = render_report(ledger, summary)
    assert said in page and "better, doubtful" in page and "98 of 100 unread" in page
    doubts = summary.document()["doubts"]
    assert {(d["kind"], d["candidate"], d["count"]) for d in doubts if d["candidate"]} == {
        ("doubtful_verdict", "a", 98), ("unread", "a", 78), ("unread", "b", 98),
            ("same_text", "a", 78), ("same_text", "b", 98),
    }  # fmt: skip
    assert 'For example "Well, that depends".' in next(d["text"] for d in doubts if d["kind"] == "unread")


def test_a_verdict_that_stands_whatever_the_unread_answers_were_is_not_doubted(tmp_path: Path) -> None:
    ledger, summary = summed(tmp_path, [RIGHT] * 90 + [WRONG] * 10, [RIGHT] * 20 + [WRONG] * 70 + [UNREAD] * 10)
    assert [v.verdict for v in summary.verdicts] == ["better"]
    assert {d.kind for d in find_doubts(ledger, TRIAL) if d.candidate} == {"unread"}
    assert not words.is_doubtful(summary, summary.verdicts[0])


@pytest.mark.parametrize("sign", ["empty", "refused", "unfinished", "near_miss"])
def test_all_answers_that_are_not_read_make_a_verdict_doubtful(tmp_path: Path, sign: str) -> None:
    lost = ("", 0.0, (sign,))
    _, summary = summed(tmp_path, [RIGHT] * 40 + [lost] * 60, [RIGHT] * 80 + [WRONG] * 20)
    assert [v.verdict for v in summary.verdicts] == ["worse"]
    assert words.is_doubtful(summary, summary.verdicts[0])


def test_one_letter_for_all_is_said(tmp_path: Path) -> None:
    all_b = [("B", float(n % 4 == 0), ("chose:B",)) for n in range(ITEMS)]
    mixed = [("x", float(n % 2), (f"chose:{'ABCD'[n % 4]}",)) for n in range(ITEMS)]
    ledger, summary = summed(tmp_path, all_b, mixed)
    [doubt] = [d for d in summary.doubts if d.kind == "one_letter"]
    assert doubt.text == "100 of 100 answers of a on quiz are B, whatever is asked; 25% are right."
    assert doubt.headline
    ledger.close()


def test_one_letter_that_is_always_right_is_not(tmp_path: Path) -> None:
    all_b = [("B", 1.0, ("chose:B",))] * ITEMS
    _, summary = summed(tmp_path, all_b, all_b)
    assert not [d for d in summary.doubts if d.candidate]


def test_near_misses_show_what_cannot_be_seen(tmp_path: Path) -> None:
    near = ("\u00a0 yes\n", 0.0, ("near_miss",))
    ledger, summary = summed(tmp_path, [near] * 6 + [RIGHT] * 94, [RIGHT] * 100)
    [doubt] = [d for d in summary.doubts if d.kind == "near_miss"]
    assert doubt.headline
    assert doubt.text.endswith('For example "⟨U+00A0⟩ yes⏎" (right: "yes").')
    [count] = count_signs(ledger, TRIAL)
    found = find_signed_example(ledger, TRIAL, count)
    assert found is not None and found.text == near[0]
    assert "⟨U+00A0⟩ yes⏎" in render_report(ledger, summary)


def test_texts_as_they_are() -> None:
    assert show_exactly("  a b\n") == "␣␣a b⏎"
    assert show_exactly("\u200bParis\u202f") == "⟨U+200B⟩Paris⟨U+202F⟩"
    assert show_exactly(" \n") == "␣⏎"
    assert show_exactly("") == ""
    assert quote_text("one\n two") == '"one ⏎ two"'
    assert quote_text("x" * 80) == f'"{"x" * 60}…"'
