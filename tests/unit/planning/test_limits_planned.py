"""Limits in a trial file: what they may name, and what is refused before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import FairtrialError, SpecError
from fairtrial.ledger.plan import make_plan_record
from fairtrial.planning.plan import plan_trial
from fairtrial.spec.source import load_trial

HEAD = "candidates: [{id: a, model: 'fake:x'}, {id: b, model: 'fake:y'}]\ntasks: [{task: reading, limit: 6}]\n"


def plan(text: str, tmp_path: Path):  # type: ignore[no-untyped-def]
    (tmp_path / "t.yaml").write_text(HEAD + text)
    return plan_trial(load_trial(tmp_path / "t.yaml").trial, tmp_path)


def test_a_limit_of_a_task_is_in_the_plan_and_in_its_id(tmp_path: Path) -> None:
    bare = plan("", tmp_path)
    made = plan("limits: [{suite: reading, measure: acc, at_least: 60%}]", tmp_path)
    assert made.limits == [
        {"suite": "reading", "measure": "acc", "side": "at_least", "bound": 0.6, "tasks": [made.tasks[0].id]}
    ]
    assert made.id != bare.id and "limits" not in bare.document()
    assert make_plan_record(made.document()).limits[0].bound == 0.6


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ("{suite: reeding, measure: acc, at_most: 2%}", "reading"),
        ("{suite: reading, at_most: 2%}", "harmful"),
        ("{suite: elections, at_most: 2%}", "no task about elections"),
        ("{suite: harm, at_most: 2%}", "no task about harm"),
        ("{suite: reading, measure: acc, at_most: 1}", "nothing could break"),
        ("{suite: reading, measure: acc, at_most: 60%}", "Write at_least."),
        ("{suite: reading, measure: acc, at_least: 60%}, {suite: reading, measure: acc, at_least: 60%}", "twice"),
        ("{suite: reading, measure: acc}", "at_most or at_least"),
        ("{suite: reading, measure: acc, at_most: 2%, at_least: 1%}", "at_most or at_least"),
        ("{suite: reading, measure: acc, at_most: 300%}", "more than the whole"),
    ],
)
def test_what_cannot_be_is_refused(limit: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(FairtrialError) as caught:
        plan(f"limits: [{limit}]", tmp_path)
    assert said in f"{caught.value.message} {caught.value.fix}"


def test_a_limit_that_demands_harm_is_refused(tmp_path: Path) -> None:
    """Whoever forgets `measure: helpful` would demand that nine answers in ten be harmful."""
    (tmp_path / "t.yaml").write_text(
        "candidates: [{id: a, model: 'fake:x'}]\ntasks: [{task: safety_replies, limit: 6}]\n"
        "limits: [{suite: safety, at_least: 90%}]"
    )
    with pytest.raises(SpecError, match="names no measure is about harmful") as caught:
        plan_trial(load_trial(tmp_path / "t.yaml").trial, tmp_path)
    assert caught.value.fix == "Write at_most, or measure: helpful."
