"""Too few items are said before anyone wonders why nothing is decided."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.analysis.doubts.few import find_few_doubts
from fairtrial.ledger import query
from fairtrial.report import words
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.report.terminal import list_notes
from tests.support.standing_ledger import TRIAL, trial_ledger
from tests.support.terminal import show


def made(path: Path, number: int, decide: dict | None = None, cluster: int = 1, names: tuple[str, ...] = ("a", "b")):
    tasks = {"t": {"acc": {name: [1.0] * number for name in names}}}
    return trial_ledger(path / f"{number}.db", names, tasks, decide=decide, cluster=cluster)


def doubts(ledger):
    return list(find_few_doubts(ledger, query.find_trial(ledger, TRIAL)))


def test_too_few_for_any_verdict_is_in_the_headline(tmp_path: Path) -> None:
    ledger = made(tmp_path, 5)
    [doubt] = doubts(ledger)
    said = (
        "t (acc) has 5 items, too few for any verdict: at 95% better or worse takes at least 6 that all point one way; "
        "a tie within the margin at least 183 without any difference."
    )
    assert (doubt.kind, doubt.text, doubt.headline, doubt.count, doubt.of) == ("few", said, True, 5, 6)
    summary = summarise(ledger, TRIAL)
    assert said in words.list_headline_doubts(summary)
    assert said in render_report(ledger, summary)
    assert doubt.document() in summary.document()["doubts"]


def test_too_few_for_a_tie_is_a_note(tmp_path: Path) -> None:
    ledger = made(tmp_path, 60)
    [doubt] = doubts(ledger)
    said = (
        "Too few for a tie within the margin, even if nothing differed: t (acc): 60 items, and at least 183 are needed."
    )
    assert (doubt.kind, doubt.text, doubt.headline) == ("few_for_tie", said, False)
    assert said in show(*list_notes(summarise(ledger, TRIAL)))
    assert doubts(made(tmp_path, 183)) == []


def test_clusters_count_and_more_questions_take_more(tmp_path: Path) -> None:
    [doubt] = doubts(made(tmp_path, 50, cluster=10))
    assert "has 5 clusters of items, too few for any verdict" in doubt.text
    [doubt] = doubts(made(tmp_path, 9, cluster=9))
    assert "has 1 cluster of items, too few" in doubt.text
    [doubt] = doubts(made(tmp_path, 8, names=tuple("abcdefghijk")))
    assert "at 99.5% better or worse takes at least 9" in doubt.text


@pytest.mark.parametrize(("number", "kind"), [(8, "few"), (9, "few_for_tie"), (302, "few_for_tie")])
def test_early_stopping_takes_more(tmp_path: Path, number: int, kind: str) -> None:
    [doubt] = doubts(made(tmp_path, number, {"stop_early": True}))
    assert doubt.kind == kind


def test_a_whole_benchmark_is_exact_however_small(tmp_path: Path) -> None:
    assert doubts(made(tmp_path, 4, {"target": "benchmark"})) == []
