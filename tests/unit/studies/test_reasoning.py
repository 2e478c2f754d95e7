"""The study reasoning-per-token on systems whose curves are known exactly."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import fairtrial as ft
from fairtrial.ledger import Ledger, query
from fairtrial.studies import Findings, Interval, Table, find_findings
from tests.support.reasoning_models import quick, slow, write_questions

BUDGETS = [0, 20, 90]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reasoning")
    trial = ft.Trial.model_validate(
        {
            "name": "tokens",
            "candidates": [{"id": "quick", "model": quick}, {"id": "slow", "model": slow}],
            "tasks": [{"file": str(write_questions(folder / "sums.csv", 100)), "id": "sums"}],
            "decide": {"margin": 0.05},
            "study": {
                "name": "reasoning-per-token",
                "budgets": BUDGETS,
                "think": {"by": "steps"},
                "contrasts": [["slow", "quick"], ["quick", "slow"]],
                "accuracy": [0.2, 0.9],
            },
        }
    )
    ft.run(trial, ledger=folder / "l.db", progress=False)
    return folder / "l.db"


@pytest.fixture(scope="module")
def found(ledger: Path) -> Findings:
    with Ledger.open(ledger) as opened:
        told = find_findings(opened, query.find_trial(opened).id)
    assert told is not None
    return told


def table(found: Findings, begins: str) -> Table:
    return next(table for table in found.tables if table.caption.startswith(begins))


def test_points_are_known_exactly(found: Findings) -> None:
    points = table(found, "sums").rows
    shown = [(row[0], row[1], row[3].value if isinstance(row[3], Interval) else None) for row in points]
    assert shown == [
        ("quick, 0", 3.0, pytest.approx(0.1)),
        ("quick, 20", 23.0, pytest.approx(0.3)),
        ("quick, 90", 93.0, pytest.approx(1.0)),
        ("slow, 0", 3.0, pytest.approx(0.1)),
        ("slow, 20", 23.0, pytest.approx(0.1)),
        ("slow, 90", 93.0, pytest.approx(0.3)),
    ]
    per_hundred = [row[4].value for row in points if isinstance(row[4], Interval)]
    assert per_hundred == pytest.approx([1.0, 1.0, 0.0, 20 / 70])


def test_tokens_needed(found: Findings) -> None:
    needs = {str(row[1]): str(row[4]) for row in table(found, "Areas").rows}
    assert needs["quick"].startswith("20%: 8 [")  # half-way from 3 to 23 on the logarithm
    assert needs["slow"].endswith("90%: never")


def test_the_claim_is_supported_one_way_and_refuted_the_other(found: Findings) -> None:
    claims = table(found, "Less per token").rows
    assert [(row[0], row[2]) for row in claims] == [
        ("slow less than quick", "supported"),
        ("quick less than slow", "refuted"),
    ]
    at_once, by_thinking = claims[0][4], claims[0][5]
    assert isinstance(at_once, Interval) and isinstance(by_thinking, Interval)
    assert at_once.value == pytest.approx(0, abs=1e-6)
    assert by_thinking.high < 0
    assert found.sentences[0].startswith("“slow reasons less per token than quick”: supported on sums (−")
    assert any("thinking lifts quick from 10.0% with 3 tokens to 100.0% with 93 tokens" in s for s in found.sentences)


def test_charts_have_a_curve_for_each_system(found: Findings) -> None:
    [chart] = found.charts
    assert [(curve.label, len(curve.points)) for curve in chart.curves] == [("quick", 3), ("slow", 3)]
    assert chart.x.log
    json.dumps(found.document(), allow_nan=False)
