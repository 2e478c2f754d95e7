"""Reliability in a whole trial: its bins make the calibration error that the report shows."""

from __future__ import annotations

import pytest

import fairtrial as ft
from fairtrial.analysis.reliability import find_reliability
from fairtrial.ledger import Ledger, query
from fairtrial.report.corpus import make_corpus_rows
from fairtrial.report.summary import Summary, summarise
from fairtrial.studies.harms import tell_harms


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Ledger, Summary]:
    path = tmp_path_factory.mktemp("reliability") / "run.db"
    trial = ft.Trial(
        name="sure",
        candidates=[ft.Candidate(id="one", model="fake:one"), ft.Candidate(id="two", model="fake:two")],
        tasks=[
            ft.TaskEntry(task="misinformation_claims", level=1, limit=16),
        ],
    )
    ft.run(trial, ledger=path)
    ledger = Ledger.open(path)
    return ledger, summarise(ledger, query.find_trial(ledger, "").id)


def test_the_bins_make_the_error_of_the_report(made: tuple[Ledger, Summary]) -> None:
    ledger, summary = made
    found = find_reliability(ledger, query.find_trial(ledger, "").id)
    assert [(one.candidate, one.task) for one in found] == [(who, "misinformation_claims") for who in ("one", "two")]
    for one, shown in zip(found, summary.corpus, strict=True):
        gaps = sum(bin.count * abs(bin.confidence - bin.accuracy) for bin in one.bins)
        assert one.answers == shown.items > 10
        assert shown.value == pytest.approx(gaps / one.answers)
        assert 0.0 <= shown.low <= shown.value <= shown.high <= 1.0


def test_the_bins_stand_in_what_is_told_of_harm(made: tuple[Ledger, Summary]) -> None:
    ledger, summary = made
    told = tell_harms(ledger, summary.trial_id)
    assert told is not None
    [table] = [one for one in told.tables if "how sure one is" in one.caption]
    [found] = [one for one in find_reliability(ledger, summary.trial_id) if one.candidate == "one"]
    assert [row[3] for row in table.rows] == [bin.count for bin in found.bins]


def test_the_report_calls_the_error_by_its_name(made: tuple[Ledger, Summary]) -> None:
    [row] = make_corpus_rows(made[1], "misinformation_claims")
    assert row.title == "expected calibration error of all answers"
    assert "Verdicts are about brier_score of single answers." in row.note
