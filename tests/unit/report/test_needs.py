"""The report on what candidates need: disk, memory, times, what was stated, what was not measured and why."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial import api
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.export import yield_observation_rows as rows
from fairtrial.records import Observation
from fairtrial.report import needs
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.spec.trial import Trial

TRIAL = {
    "name": "needs",
    "candidates": [{"id": "a", "model": "fake:a"}, {"id": "b", "model": "fake:b"}],
    "tasks": [{"task": "table", "level": 1, "limit": 30}, {"task": "logic", "level": 1, "limit": 30}],
    "latency_items": 20,
    "machine": {"usd_per_hour": 0.34, "grid_g_per_kwh": 300, "region": "here", "source": "<script>alert(1)</script>"},
}


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("needs") / "t.db"
    api.run(Trial.model_validate(TRIAL), path)
    return path


def test_the_page_shows_what_was_needed_stated_and_missed(path: Path) -> None:
    with Ledger.open(path) as ledger:
        trial = query.find_trial(ledger)
        first = query.read_sessions(ledger, trial.id)[0].id
        for candidate in trial.plan.candidates:
            rows = [("", "", first, Observation("kv_bytes", 375e6, unit="B"))]
            ledger.commit(candidate.id, Chunk(observations=rows))
        summary = summarise(ledger, trial.id)
        page = render_report(ledger, summary)
        timed = needs.find_latencies(ledger, summary)
    assert "375\u00a0MB" in page  # a number and its unit stay together
    assert "the machine costs 0.34 US dollars per hour; the grid emits 300 grams" in page
    assert "<script>" not in page and "&lt;script&gt;alert(1)" in page
    assert [(row.candidate, row.task, row.items) for row in timed] == [
        (c, t, 20) for t in ("table", "logic") for c in ("a", "b")
    ]
    for row in timed:
        half, most, rare = row.cells
        assert half.endswith(" s") and most.endswith(" s") and rare == "–"  # the 99th percentile needs 100 items
    assert {"kv_bytes", "load_seconds"} <= set(needs.list_columns(summary))
    assert summary.document()["candidates"][0]["needs"]["kv_bytes"] == {"value": 375e6, "unit": "B"}


def test_absences_are_gathered_by_reason(path: Path) -> None:
    with Ledger.open(path, create=False) as ledger:
        summary = summarise(ledger, query.find_trial(ledger).id)
    lines = [line for measure, line in needs.describe_absences(summary) if measure == "decode_tokens_per_second"]
    assert lines == [
        "decode_tokens_per_second of every candidate: the engine does not say how many tokens it computes in what time"
    ]
    assert all(absence.reason for absence in summary.absences)
    [note] = needs.describe_absences_shortly(summary)
    assert note.startswith("Not measured: ") and note.endswith("; the report says why.")


def test_runs_of_other_trials_do_not_show(path: Path) -> None:
    other = {**TRIAL, "name": "other", "machine": {"usd_per_hour": 9}, "latency_items": 0}
    before = api.result(path).summary
    result = api.run(Trial.model_validate(other), path)
    assert result.trial_id != before.trial_id
    assert all(not candidate.needs for candidate in result.summary.candidates)  # all answers were there
    assert needs.describe_stated_machines(result.summary) == [
        "Stated in the trial file, not measured: the machine costs 9 US dollars per hour."
    ]
    with Ledger.open(path, create=False) as ledger:
        again = summarise(ledger, before.trial_id)
        exported = {t: [r for r in rows(ledger, t) if not r["task"]] for t in (before.trial_id, result.trial_id)}
    assert needs.describe_stated_machines(again) == needs.describe_stated_machines(before)
    assert [c.needs for c in again.candidates] == [c.needs for c in before.candidates]
    assert exported[before.trial_id] and not exported[result.trial_id]
