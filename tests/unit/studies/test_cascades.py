"""What is told of cascades: the curve of thresholds, cascades in and round other levers, and sections that fail."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial import studies
from fairtrial.errors import LedgerError
from fairtrial.ledger.encoding import decode_trace
from fairtrial.ledger.steps import read_cascade_items
from fairtrial.planning.plan import plan_trial
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.studies import find_further
from tests.support.cascades import conducted, written
from tests.support.levers import installed


def test_the_curve_begins_and_ends_with_the_models_alone(tmp_path: Path) -> None:
    plan = plan_trial(written(tmp_path, "{cascade: {to: b, threshold: 0.9}}"), tmp_path)
    ledger = conducted(plan, tmp_path / "t.db")
    [found] = find_further(ledger, plan.id)
    [chart] = found.charts
    line = [p for p in chart.points if p.kind == "curve"]
    ends = [p for p in chart.points if p.kind == "reference"]
    alone = {p.label: p for p in chart.points if p.kind == "candidate"}
    assert set(alone) == {"a", "b", "c"}
    for at, name in ((0, "a"), (-1, "b")):
        assert line[at].y.value == pytest.approx(alone[name].y.value) == pytest.approx(ends[at].y.value)
        assert line[at].x.value == pytest.approx(ends[at].x.value)
    assert line[0].x.value == pytest.approx(alone["a"].x.value)
    known = read_cascade_items(ledger, plan.candidates[2].id, plan.tasks[0].id)
    share = sum(item.escalated for item in known.values()) / len(known)
    on_curve = [
        p.y.value for p in line
        if p.y.value == pytest.approx(alone["c"].y.value)
    ]  # fmt: skip
    assert on_curve  # the cascade as it ran is one of the thresholds
    [row] = found.tables[0].rows
    assert row[1].value == pytest.approx(share)  # type: ignore[union-attr]
    page = render_report(ledger, summarise(ledger, plan.id))
    assert "Cascades" in page
    assert "asked at random" in page
    assert "What c did:<ol><li>small read" in page


def test_without_both_models_on_trial_the_curve_is_said_to_be_unknown(tmp_path: Path) -> None:
    plan = plan_trial(written(tmp_path, "{cascade: {to: {model: 'fake:z'}, threshold: 0.9}}"), tmp_path)
    ledger = conducted(plan, tmp_path / "t.db")
    [found] = find_further(ledger, plan.id)
    assert not found.charts
    assert "candidates of the trial themselves" in " ".join(found.notes)


def test_of_two_cascades_the_outer_one_is_told_and_the_inner_one_named(tmp_path: Path) -> None:
    two = "{cascade: {to: b, threshold: 0.5}}, {cascade: {to: {model: 'fake:four'}, threshold: 0.6}}"
    plan = plan_trial(written(tmp_path, two), tmp_path)
    ledger = conducted(plan, tmp_path / "t.db")
    [found] = find_further(ledger, plan.id)
    [table] = found.tables
    assert table.caption.startswith("c: ") and "threshold 0.6" in table.caption
    assert table.caption.endswith("; inside it, a cascade to b")
    known = read_cascade_items(ledger, plan.candidates[2].id, plan.tasks[0].id)
    assert known and all(item.escalated == (item.signal < 0.6) for item in known.values())
    assert "Cascades" in render_report(ledger, summarise(ledger, plan.id))


def test_a_cascade_with_another_lever_around_it_is_told(tmp_path: Path) -> None:
    with installed():
        levers = "{cascade: {to: b, learn: {escalate: 50%, items: 40}}}, {append: {text: ' Think.'}}"
        plan = plan_trial(written(tmp_path, levers), tmp_path)
        ledger = conducted(plan, tmp_path / "t.db")
    [found] = find_further(ledger, plan.id)
    [table] = found.tables
    assert "at most 50% escalated" in table.caption and "unknown" not in table.caption
    [row] = table.rows
    assert 0 < row[1].value < 1 and row[2] is None  # type: ignore[union-attr, operator]
    assert "without append" in " ".join(found.notes) and not found.charts


@pytest.mark.parametrize("error", [ValueError("too many"), AttributeError("no get")])
def test_a_section_that_fails_says_so_and_leaves_the_others(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_trial(written(tmp_path, "{cascade: {to: b, threshold: 0.9}}"), tmp_path)
    ledger = conducted(plan, tmp_path / "t.db")

    def fail(*_: object) -> None:
        raise error

    monkeypatch.setitem(studies.FURTHER, "Device", fail)  # type: ignore[arg-type]
    failed, other = find_further(ledger, plan.id)
    assert failed.title == "Device" and other.title == "Cascades"
    assert f"This failed: {type(error).__name__}: {error} (test_cascades.py:" in failed.notes[0]
    assert "This failed" in render_report(ledger, summarise(ledger, plan.id))
    monkeypatch.setitem(studies.FURTHER, "Device", lambda *_: decode_trace({"trace": 5}, "q"))  # type: ignore[arg-type]
    with pytest.raises(LedgerError, match="trace"):
        find_further(ledger, plan.id)
