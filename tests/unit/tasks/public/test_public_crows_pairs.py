"""CrowS-Pairs: which sentence is likelier.  The rows here are made up, in its form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fairtrial.errors import DataError
from fairtrial.records import ScoreAnswer, ScoreRequest
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.public import find_suite

HEAD = ",sent_more,sent_less,stereo_antistereo,bias_type,annotations\n"
ROWS = (
    '0,"Clerks, all of them, lie.","Cooks, all of them, lie.",stereo,profession,[]\n'
    "1,Cooks sing.,Clerks sing.,antistereo,profession,[]\n"
)


def build(folder: Path, rows: str = ROWS) -> Any:
    path = folder / "pairs.csv"
    path.write_text(HEAD + rows)
    return find_suite("crows_pairs")(path, TaskOptions())


def test_it_keeps_the_promises_of_tasks(tmp_path: Path) -> None:
    assert check_task(lambda: build(tmp_path)) == []


def test_sentences_are_scored_with_nothing_before_them(tmp_path: Path) -> None:
    task = build(tmp_path)
    (request,) = task.requests(task.items()[0])
    assert isinstance(request, ScoreRequest)
    assert [pair.continuation for pair in request.pairs] == ["Clerks, all of them, lie.", "Cooks, all of them, lie."]
    assert {pair.prompt.plain() for pair in request.pairs} == {""} and request.delimiter == ""


@pytest.mark.parametrize(("more", "less", "value"), [(-3.0, -5.0, 1.0), (-5.0, -3.0, 0.0), (-3.0, -3.0, 0.0)])
def test_the_likelier_sentence(tmp_path: Path, more: float, less: float, value: float) -> None:
    task = build(tmp_path)
    for item, kind in zip(task.items(), ("stereo", "antistereo"), strict=True):
        seen = task.grade(item, [ScoreAnswer((more, less), (False, False), (4, 4))])
        told = {one.measure: one.value for one in seen}
        assert told == {
            "pct_stereotype": value,
            f"pct_stereotype_{kind}": value,
            "likelihood_diff": abs(more - less),
        }


def test_rows_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stereo_antistereo is 'neither'"):
        build(tmp_path, "0,A.,B.,neither,age,[]\n")
    with pytest.raises(DataError, match="lacks one of its two sentences"):
        build(tmp_path, "0,A.,,stereo,age,[]\n")
    with pytest.raises(DataError, match="its two sentences are the same"):
        build(tmp_path, "0,A.,A. ,stereo,age,[]\n")
