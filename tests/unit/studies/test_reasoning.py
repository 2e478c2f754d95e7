"""The study reasoning-per-token on systems whose curves are known exactly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

import fairtrial as ft
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.stats.token_curves import CurveSample, compute_curve
from fairtrial.studies import Findings, Interval, Table, find_findings
from fairtrial.studies.reasoning.families import TaskCurve, find_families, read_curve
from fairtrial.studies.reasoning.figures import describe_curves, make_need_table
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
    gains, per_hundred = ([row[at].value for row in points if isinstance(row[at], Interval)] for at in (4, 5))
    assert gains == pytest.approx([0.2, 0.7, 0.0, 0.2])
    assert per_hundred == pytest.approx([1.0, 20 / 70])  # none between 3 and 23 tokens
    assert any("50 tokens or more apart" in note for note in found.notes)


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


def test_one_length_does_not_narrow_the_curves_of_others(found: Findings, ledger: Path) -> None:
    with Ledger.open(ledger) as opened:
        rows = TrialValues(opened, query.find_trial(opened).id, query.find_trial(opened).plan)
        [task], [quick_family, slow_family] = rows.plan.tasks, find_families(rows.plan)
        curve = read_curve(rows, quick_family, task)
        last = replace(slow_family, members=slow_family.members[-1:], lengths=slow_family.lengths[-1:])
        point = read_curve(rows, last, task)
        assert curve is not None and point is not None
        first, second = make_need_table([curve, point], rows, ()).rows
    assert first[2:4] == table(found, "Areas").rows[0][2:4]
    assert second[2:4] == (None, "")


@pytest.mark.parametrize(
    ("times", "begins", "ends"),
    [
        (5, "smol fell by thinking", "; not certain."),
        (
            1,
            "smol perhaps falls by thinking",
            "from 4 clusters of items, too few, so that this interval is too narrow.",
        ),
    ],
)
def test_a_fall_is_told_as_one(times: int, begins: str, ends: str) -> None:
    first, last = np.repeat([1.0, 1.0, 0.0, 0.0], times), np.repeat([0.0, 0.0, 0.0, 1.0], times)
    count = 4 * times
    sample = CurveSample(np.array([first, last]), np.array([[5.0] * count, [18.0] * count]), np.arange(count))
    one = SimpleNamespace(
        family="smol",
        task=SimpleNamespace(name="sums"),
        lengths=("0", "20"),
        sample=sample,
        curve=compute_curve(sample),
    )
    rows = SimpleNamespace(plan=SimpleNamespace(seed=1), confidence=0.95)
    [told] = describe_curves([cast("TaskCurve", one)], cast("TrialValues", rows))
    assert told.startswith(f"On sums, {begins}, from 50.0% with 5 tokens to 25.0% with 18 tokens: −25.0")
    assert told.endswith(ends)


def test_charts_have_a_curve_for_each_system(found: Findings) -> None:
    [chart] = found.charts
    assert [(curve.label, len(curve.points)) for curve in chart.curves] == [("quick", 3), ("slow", 3)]
    assert chart.x.log
    json.dumps(found.document(), allow_nan=False)
