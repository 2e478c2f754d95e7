"""Studies: what a trial file may say, how findings are shown, and that a chart's labels do not cover each other."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from fairtrial import studies
from fairtrial.errors import SpecError
from fairtrial.ledger import Ledger
from fairtrial.report import study
from fairtrial.report.html import scatter
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.report.terminal import describe_study
from fairtrial.spec.source import load_trial
from fairtrial.studies import Axis, Chart, Column, Findings, Interval, Point, Table
from tests.support.standing_ledger import ACC, TRIAL, trial_ledger

TRIAL_TEXT = "candidates: [{id: a, model: 'gguf:a.gguf'}]\ntasks: [arithmetic]\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "trial.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("said", ["small-models", "{name: small-models}"])
def test_a_study_is_named_in_short_or_in_full(tmp_path: Path, said: str) -> None:
    trial = load_trial(written(tmp_path, f"{TRIAL_TEXT}study: {said}\n")).trial
    assert trial.study is not None
    assert trial.study.name == "small-models"


@pytest.mark.parametrize(
    ("said", "told"),
    [("smal-models", "Did you mean 'small-models'"), ("{nam: x}", "takes a name"), ("[1]", "takes a name")],
)
def test_a_wrong_study_is_told_with_its_line(tmp_path: Path, said: str, told: str) -> None:
    with pytest.raises(SpecError, match="study") as caught:
        load_trial(written(tmp_path, f"{TRIAL_TEXT}study: {said}\n"))
    assert told in str(caught.value)
    assert "trial.yaml:3" in str(caught.value)


def exact(value: float) -> Interval:
    return Interval(value, value, value)


CHART = Chart(
    "Accuracy against size",
    Axis("file", "B", log=True, less_is_better=True),
    Axis("accuracy", "1"),
    (
        Point("small", exact(9e7), Interval(0.4, 0.35, 0.45), on_frontier=True),
        Point("<b>large</b>", exact(4e8), Interval(0.6, 0.55, 0.65), on_frontier=True),
        Point("beaten", exact(4.1e8), Interval(0.59, 0.5, 0.64)),
    ),
)
FINDINGS = Findings(
    "What does it cost?",
    ("small is enough.",),
    (Table("Levels", (Column("who"), Column("size", "B"), Column("gap", "1", True)), (("a", 9e7, -0.051),)),),
    (CHART,),
    ("One thing was not measured.",),
)


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ledger:
    values = {"a": [1.0] * 20 + [0.0] * 20, "b": [0.0] * 30 + [1.0] * 10}
    made = trial_ledger(tmp_path / "l.db", ["a", "b"], {"t": {ACC["name"]: values}})
    monkeypatch.setattr("fairtrial.report.summary.find_findings", lambda *_: FINDINGS)
    return made


def test_findings_are_in_the_page_the_terminal_and_the_document(ledger: Ledger) -> None:
    summary = summarise(ledger, TRIAL)
    page = render_report(ledger, summary)
    assert "What does it cost?" in page
    assert "&lt;b&gt;large&lt;/b&gt;" in page
    assert "<b>large" not in page
    assert "90.0 MB" in page
    assert "gap (points)" in page
    console = Console(record=True, width=100)
    for line in describe_study(summary):
        console.print(line)
    shown = console.export_text()
    assert "small is enough." in shown
    assert "−5.1" in shown
    document = json.loads(json.dumps(summary.document()))["study"]
    assert document["tables"][0]["rows"] == [["a", 9e7, -0.051]]


def test_a_trial_that_is_no_study_has_no_findings(tmp_path: Path) -> None:
    made = trial_ledger(tmp_path / "l.db", ["a"], {"t": {ACC["name"]: {"a": [1.0]}}})
    assert studies.find_findings(made, TRIAL) is None
    assert summarise(made, TRIAL).study is None


def test_cells_say_their_unit() -> None:
    assert study.format_cell(None, Column("x")) == "–"
    assert study.format_cell(Interval(0.5, 0.4, 0.6), Column("x", "1")) == "50.0% [40.0, 60.0]"
    assert study.format_cell(2.5e9, Column("x", "B")) == "2.50 GB"
    assert study.format_cell(0.031, Column("x", "1", difference=True)) == "+3.1"


points = st.tuples(st.floats(1e-3, 1e9), st.floats(0, 1), st.text("abcdefgh", min_size=1, max_size=20))


@given(st.lists(points, min_size=1, max_size=6), st.booleans())
def test_everything_of_a_chart_is_inside_its_box(made: list[tuple[float, float, str]], log: bool) -> None:
    chart = Chart(
        "t", Axis("x", "s", log=log), Axis("y", "1"), tuple(Point(label, exact(x), exact(y)) for x, y, label in made)
    )
    drawn = scatter.lay_out_chart(chart)
    assert drawn is not None
    assert len(drawn.dots) == len(made)
    assert all(0 <= place <= 100 for dot in drawn.dots for place in (dot.x, dot.y, dot.left, dot.right))
    assert all(0 <= tick.at <= 100 for tick in (*drawn.x, *drawn.y))
    assert len({dot.label_y for dot in drawn.dots if dot.anchor == "start" and dot.x == drawn.dots[0].x}) == len(
        [dot for dot in drawn.dots if dot.anchor == "start" and dot.x == drawn.dots[0].x]
    )


def test_the_frontier_joins_its_points_only() -> None:
    drawn = scatter.lay_out_chart(CHART)
    assert drawn is not None
    assert [stroke.kind for stroke in drawn.strokes] == ["frontier"]
    assert "on the frontier" in drawn.description
    assert scatter.lay_out_chart(Chart("t", Axis("x", ""), Axis("y", ""), ())) is None


def test_a_terminal_says_how_much_of_a_long_study_it_leaves_to_the_report(ledger: Ledger) -> None:
    rows = tuple((f"row {at}", float(at)) for at in range(66))
    tables = tuple(Table(f"table {at}", (Column("what"), Column("value")), rows) for at in range(10))
    found = Findings("A long study", ("One.",), tables, (), tuple(f"note {at}" for at in range(20)))
    summary = replace(summarise(ledger, TRIAL), study=found, further=())
    console = Console(record=True, width=100)
    for line in describe_study(summary):
        console.print(line)
    shown = console.export_text()
    assert "row 59" in shown and "row 60" not in shown and "6 more rows are in the report and in --json." in shown
    assert "table 7" in shown and "table 8" not in shown and "2 more tables are in the report and in --json." in shown
    assert "note 11" in shown and "note 12" not in shown and "8 more notes are in the report and in --json." in shown
