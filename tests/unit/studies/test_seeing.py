"""The cost of seeing, the worth of a picture, and what is doubted where nobody needs it."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fairtrial.running.pool as bench
from fairtrial.analysis.forms import compare_forms
from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.planning.plan import plan_trial
from fairtrial.report.html import slopes as drawing
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import Summary, summarise
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial
from fairtrial.stats.paired import PairedSample
from fairtrial.studies import Findings, Interval, SlopeLine, Slopes
from tests.support.seeing import CANNOT, SEES, Seer, list_golds

SHARES = {
    "large": {"text": 0.9, "image": 0.8, "blind": 0.3},
    "small": {"text": 0.8, "image": 0.4, "blind": 0.4},
    "reads": {"text": 0.9, "image": 0.0, "blind": 0.35},
    "never": {"text": 0.0, "image": 0.0, "blind": 0.0},
}


def conduct(folder: Path, patch: pytest.MonkeyPatch, task: Any, names: tuple[str, ...], **more: Any) -> Ledger:
    candidates = [{"id": n, "model": f"fake:{n}", **({"blind": True} if n == "reads" else {})} for n in names]
    plan = plan_trial(Trial.model_validate({"candidates": candidates, "tasks": [task], **more}), folder)
    golds = list_golds(plan)
    patch.setattr(bench, "open_engine", lambda c, *_: Seer(golds, SHARES[c.id], CANNOT if c.blind else SEES))
    ledger = Ledger.open(folder / "t.db")
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    return ledger


@pytest.fixture(scope="module")
def charts(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    task = {"task": "charts", "limit": 120, "shots": 0, "forms": ["swapped"]}
    with pytest.MonkeyPatch.context() as patch:
        return conduct(tmp_path_factory.mktemp("charts"), patch, task, ("large", "small", "reads"))


def tell(ledger: Ledger) -> tuple[Summary, Findings]:
    summary = summarise(ledger, "")
    [found] = [one for one in (summary.study, *summary.further) if one and one.title == "What does seeing cost?"]
    return summary, found


def test_the_picture_is_worth_points_to_who_uses_it(charts: Ledger) -> None:
    _, found = tell(charts)
    assert re.fullmatch(
        r"charts: large \d\d\.\d% with the picture, \d\d\.\d% without: the picture is worth \d\d points "
        r"\(\d\d to \d\d\)\.",
        found.sentences[0],
    )
    assert "is not shown" in found.sentences[1]
    worth = {row[1]: row[4] for row in found.tables[0].rows}
    assert {*worth} == {"large", "small"}  # who is shown no images has no picture to lose
    assert isinstance(worth["large"], Interval)
    assert worth["large"].low > 0.1
    assert found.tables[1].caption == "With the picture of another item"
    assert any("reads" in note for note in found.notes)
    json.dumps(found.document())


def test_who_does_not_use_the_picture_is_doubted_in_the_headline(charts: Ledger) -> None:
    summary, _ = tell(charts)
    told = {doubt.kind: doubt for doubt in summary.doubts}
    assert told["picture_not_used"].headline
    assert "small" in told["picture_not_used"].text
    assert "large" not in told["picture_not_used"].text
    assert "reads is shown no images" in told["shown_no_images"].text
    assert not [d for d in summary.doubts if d.task in ("charts-blind", "charts-swapped")]


def test_a_picture_that_nobody_needs_is_doubted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = conduct(tmp_path, monkeypatch, {"task": "charts", "limit": 240, "shots": 0}, ("never", "reads"))
    summary, found = tell(ledger)
    assert not any("is not shown" in note for note in found.notes)
    [doubt] = [doubt for doubt in summary.doubts if doubt.kind == "picture_not_needed"]
    assert doubt.headline
    assert doubt.text.startswith(
        "The picture is not needed on charts, or nobody uses it: never 0.0% with it and 0.0% without"
    )


def test_few_pictures_show_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = conduct(tmp_path, monkeypatch, {"task": "charts", "limit": 36, "shots": 0}, ("small",))
    summary, found = tell(ledger)
    assert not [doubt for doubt in summary.doubts if doubt.kind == "picture_not_needed"]
    [note] = [note for note in found.notes if "is not shown" in note]
    assert re.fullmatch(r"Whether the picture is used on charts is not shown \(36 items in \d+ clusters\)\.", note)


def test_the_cost_of_seeing_is_paired_and_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = {"task": "table", "limit": 60, "shots": 0, "forms": ["grid"]}
    ledger = conduct(tmp_path, monkeypatch, task, ("large", "small"), study="seeing")
    summary, found = tell(ledger)
    assert summary.study == found
    assert found.sentences[1].startswith("table: small as picture of the table: ")
    assert "costs" in found.sentences[1]
    [chart] = found.slopes
    assert chart.stages == ("text", "picture of the table")
    page = render_report(ledger, summary)
    assert 'class="slopes"' in page
    assert "blind guessing" in page
    assert page.count('class="series s1 d1"') == 2  # the line, and its key


def test_a_trial_without_such_forms_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ledger = conduct(tmp_path, monkeypatch, {"task": "table", "limit": 10, "shots": 0}, ("large", "small"))
    assert summarise(ledger, "").further == ()


def make_slopes(lines: int, stages: int, bounds: tuple[float, float] | None = (0.0, 1.0)) -> Slopes:
    value = Interval(0.5, 0.4, 0.6)
    return Slopes(
        "table",
        tuple(f"stage {n}" for n in range(stages)),
        "acc",
        "1",
        bounds,
        tuple(SlopeLine(f"c{n}", (value,) * stages) for n in range(lines)),
        0.25,
    )


@pytest.mark.parametrize(("lines", "stages"), [(1, 2), (3, 5), (8, 6), (20, 4)])
def test_marks_of_one_stage_never_meet_those_of_the_next(lines: int, stages: int) -> None:
    layout = drawing.lay_out_slopes(make_slopes(lines, stages))
    assert layout is not None
    at = [[path.marks[stage].x for path in layout.paths] for stage in range(stages)]
    assert all(max(one) < min(other) for one, other in itertools.pairwise(at))
    assert all(0 <= x <= 100 for one in at for x in one)
    assert len({(p.shape, p.colour, p.dash) for p in layout.paths}) == len(layout.paths)
    assert layout.chance == 75.0


def test_a_line_with_a_gap_is_joined_over_it_and_one_alone_is_not_drawn() -> None:
    value = Interval(1.5, 1.0, 2.0)
    lines = (SlopeLine("a", (value, None, value)), SlopeLine("b", (value, None, None)))
    layout = drawing.lay_out_slopes(Slopes("t", ("x", "y", "z"), "bits", "", None, lines))
    assert layout is not None
    [path] = layout.paths
    assert (len(path.marks), len(path.strokes)) == (2, 1)
    assert layout.chance is None
    assert drawing.lay_out_slopes(Slopes("t", ("x",), "bits", "", None, lines)) is None


@pytest.mark.slow
@pytest.mark.parametrize(("cost", "clusters"), [(0.0, 40), (0.15, 40), (0.02, 20)])
def test_the_interval_of_a_cost_covers_it(cost: float, clusters: int) -> None:
    """Items of a cluster share luck in both forms; most answers do not change: as with real twins."""
    rng = np.random.default_rng(7)
    measure = MeasureRecord("acc", "1", True, (0.0, 1.0), "identity")
    missed, trials, size = 0, 400, 4
    for _ in range(trials):
        level = np.repeat(rng.beta(6, 3, clusters), size)
        luck = rng.random(clusters * size)
        first = (luck < level).astype(float)
        stays = rng.random(clusters * size) < 0.85
        again = np.where(stays, luck, rng.random(clusters * size))
        second = (again < level).astype(float) * (rng.random(clusters * size) >= cost)
        ones = np.ones(clusters * size)
        sample = PairedSample(second, ones, first, ones, np.repeat(np.arange(clusters), size))
        found = compare_forms(sample, measure, 0.95)
        truth = -cost * 6 / 9
        missed += not found.low <= truth <= found.high
    assert missed / trials <= 0.05 + 2 * (0.05 * 0.95 / trials) ** 0.5
