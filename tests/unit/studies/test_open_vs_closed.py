"""The study open-vs-closed: who is on which side, what is claimed with how many questions, costs and what is sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.errors import SpecError
from fairtrial.ledger.plan import TrialRecord, make_plan_record
from fairtrial.spec.source import load_trial
from fairtrial.stats.paired import PairedSample, Rule, compare
from fairtrial.studies import Interval
from fairtrial.studies.open_vs_closed import compute_p_above, study_open_vs_closed
from fairtrial.studies.sides import split_sides
from tests.support.standing_ledger import TRIAL, coins, trial_ledger

SIDES = {"name": "open-vs-closed", "open": ["a"], "closed": ["b"]}


def flipped(values: list[float], right: int, wrong: int) -> list[float]:
    """The same answers with so many gained and so many lost."""
    made, zeros, ones = list(values), [i for i, v in enumerate(values) if not v], [i for i, v in enumerate(values) if v]
    for i in zeros[:right] + ones[:wrong]:
        made[i] = 1.0 - made[i]
    return made


def plan_of(*models: tuple[str, str, Mapping[str, Any]], parts: Sequence[str] = ()) -> TrialRecord:
    """A plan without tasks; ``parts``: names of the candidates that others answer for."""
    made = [{"name": n, "id": n, "spec": {"model": m}, "record": r} for n, m, r in models]
    asked = [{**one, "parts": [{"name": "small", "id": "1"}] if one["name"] in parts else []} for one in made]
    decide = {"margin": 0.02, "confidence": 0.95, "target": "population"}
    rest = {"name": "t", "seed": 1, "baseline": made[0]["name"], "decide": decide, "tasks": []}
    return make_plan_record({"candidates": asked, **rest})


def test_sides_are_told_by_the_kind_of_model() -> None:
    plan = plan_of(
        ("mine", "gguf:x.gguf", {}),
        ("theirs", "openai:big", {"host": "api.example.com", "elsewhere": True}),
        ("old", "import:log.json", {"elsewhere": True}),
        ("own-server", "openai:mine", {"host": "127.0.0.1"}),
        ("again", "replay:x.db#big", {}),
    )
    found = split_sides(plan, {})
    assert found.open == ("mine",)
    assert found.closed == ("theirs", "old", "again")
    assert "own-server, again" in found.notes[0]
    assert found.told["theirs"].host == "api.example.com"
    assert found.told["own-server"].where == "here"
    told = split_sides(plan, {"open": ["own-server", "again"]})
    assert told.open == ("mine", "own-server", "again")
    assert told.notes == ()


def test_a_cascade_is_neither_unless_it_is_told() -> None:
    plan = plan_of(("mine", "gguf:x", {}), ("both", "gguf:x", {}), parts=["both"])
    assert split_sides(plan, {}).open == ("mine",)
    assert "counts as neither" in split_sides(plan, {}).notes[0]
    assert split_sides(plan, {"open": ["both"]}).open == ("mine", "both")


def test_the_p_value_agrees_with_the_one_sided_interval() -> None:
    rng = np.random.default_rng(3)
    a, b = (np.array(coins(rng, share, 200)) for share in (0.7, 0.72))
    ones = np.ones(200)
    sample = PairedSample(a, ones, b, ones, np.arange(200))
    for margin in (0.02, 0.06, 0.1, 0.2):
        rule = Rule(margin=margin)
        p = compute_p_above(sample, rule, -margin, early=False)
        assert (p <= 0.05) == compare(sample, rule).not_inferior
    early = compute_p_above(sample, Rule(margin=0.2), -0.2, early=True)
    assert compute_p_above(sample, Rule(margin=0.2), -0.2, early=False) <= early <= 1


def three_tasks(path: Path) -> Any:
    rng = np.random.default_rng(1)
    base = coins(rng, 0.8, 400)
    same, worse, unsure = flipped(base, 4, 4), flipped(base, 0, 120), flipped(base, 30, 50)
    seconds = [1.0] * 400
    return trial_ledger(
        path,
        ("b", "a"),
        {
            "same": {"acc": {"a": same, "b": base}, "seconds": {"a": seconds}},
            "worse": {"acc": {"a": worse, "b": base}},
            "unsure": {"acc": {"a": unsure, "b": base}},
        },
        decide={"margin": 0.05},
    )


def test_each_task_gets_its_claim(tmp_path: Path) -> None:
    ledger = three_tasks(tmp_path / "t.db")
    found = study_open_vs_closed(ledger, TRIAL, SIDES)
    said = {row[0]: row[1] for row in found.tables[0].rows}
    assert said == {"same": "yes", "worse": "no", "unsure": "open"}
    text = " ".join(found.sentences)
    assert text.startswith("No: a is not certainly within")
    assert "on worse." in text
    assert "Too few items to say on unsure." in text
    costs = next(table for table in found.tables if table.caption == "Cost per right answer")
    [row] = costs.rows
    assert row[:2] == ("same", "a")
    assert isinstance(row[2], Interval)
    assert row[2].value == pytest.approx(400 / 320)


def test_with_no_side_filled_it_is_said(tmp_path: Path) -> None:
    ledger = three_tasks(tmp_path / "t.db")
    assert "No candidate is" in study_open_vs_closed(ledger, TRIAL, {"open": ["a", "b"]}).sentences[0]


def test_wrong_names_are_told_with_their_line(tmp_path: Path) -> None:
    text = "candidates: [{id: abc, model: 'gguf:a.gguf'}]\ntasks: [table]\nstudy: {name: open-vs-closed, open: [abd]}\n"
    (tmp_path / "t.yaml").write_text(text)
    with pytest.raises(SpecError, match="Did you mean 'abc'") as caught:
        load_trial(tmp_path / "t.yaml")
    assert "t.yaml:3" in str(caught.value)
    (tmp_path / "t.yaml").write_text(text.replace("open: [abd]", "open: [abc], closed: [abc]"))
    with pytest.raises(SpecError, match="both open and closed"):
        load_trial(tmp_path / "t.yaml")
