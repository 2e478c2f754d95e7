"""Rows of verdicts, scores and answers; frames of the library that the user has."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairtrial import api
from fairtrial.errors import FairtrialError, UnknownNameError
from fairtrial.report import rows
from tests.support.report_ledger import report_ledger


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    path = tmp_path_factory.mktemp("rows") / "report.db"
    report_ledger(path).close()
    yield api.result(path)


def test_a_frame_has_a_row_a_verdict_with_the_numbers_of_the_trial(found: Any) -> None:
    for library in ("pandas", "polars"):
        frame = found.frame(library)
        assert type(frame).__module__.startswith(library)
        assert list(frame["difference"]) == [verdict.difference for verdict in found.verdicts]
        assert list(frame["verdict"]) == [verdict.label for verdict in found.verdicts]
    assert {row["candidate"] for row in found.scores()} == {c.name for c in found.summary.candidates}


def test_items_are_every_answer_with_its_question(found: Any) -> None:
    every = found.items()
    task, candidate = found.summary.tasks[0].name, found.summary.candidates[0].name
    one = found.items(task, candidate)
    assert 0 < len(one) < len(every)
    assert {(row["task"], row["candidate"]) for row in one} == {(task, candidate)}
    row = one[0]
    assert row["question"] and row["prompt"] and isinstance(row["correct"], float)
    means = {(e.candidate, e.task, e.measure): e.mean for e in found.estimates}
    main = found.summary.tasks[0].main_measure
    assert sum(r["correct"] for r in one) / len(one) == pytest.approx(means[candidate, task, main])
    assert len(every.frame("pandas")) == len(every[:]) == len(every)
    with pytest.raises(UnknownNameError, match="task 'x' does not exist"):
        found.items("x")


def test_the_library_is_the_one_that_is_imported_else_one_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in rows.LIBRARIES:
        monkeypatch.delitem(sys.modules, name, raising=False)
    there = {"pandas", "polars"}
    monkeypatch.setattr(rows, "find_spec", lambda name: name if name in there else None)
    assert rows.choose_library() == "pandas"
    monkeypatch.setitem(sys.modules, "polars", sys)
    assert rows.choose_library() == "polars"
    monkeypatch.delitem(sys.modules, "polars")
    there.clear()
    with pytest.raises(FairtrialError, match="neither is installed"):
        rows.choose_library()
    with pytest.raises(FairtrialError, match="pandas is not installed"):
        rows.choose_library("pandas")
    with pytest.raises(UnknownNameError, match="Did you mean 'pandas'"):
        rows.choose_library("pandsa")


def test_a_notebook_shows_tables_without_what_others_wrote_as_markup(found: Any) -> None:
    page = found._repr_html_()
    assert "<table" in page and "Scores" in page and "Verdicts" in page
    assert found.verdicts and all(verdict.label in page for verdict in found.verdicts)
    nasty = rows.Rows(("a",), ({"a": "<script>x</script>"},) * 30)
    assert "<script>" not in nasty._repr_html_() and "and 10 more rows" in nasty._repr_html_()
    assert "30 rows of a" in repr(nasty)


def test_printed_it_is_its_verdicts_in_words(found: Any) -> None:
    assert found.verdicts and all(verdict.a in str(found) for verdict in found.verdicts)
    assert repr(found).startswith("<Result of trial")


def test_a_plot_has_a_row_a_verdict(found: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    figure = found.plot()
    shown = [label.get_text() for axes in figure.axes for label in axes.get_yticklabels()]
    assert len(shown) >= len(found.verdicts)
    assert any(found.summary.tasks[0].name in name for name in shown)
    figure.savefig(tmp_path / "plot.svg")
    assert found.plot(found.verdicts[0].measure, figure.axes[0]) is figure
    with pytest.raises(FairtrialError, match="whose units differ"):
        found.plot(ax=figure.axes[0])
    assert (tmp_path / "plot.svg").stat().st_size > 1000
    with pytest.raises(UnknownNameError, match="measure 'x' does not exist"):
        found.plot("x")
