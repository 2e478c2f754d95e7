"""A trial of twins and blind forms with a real network that sees, and with the same one shown no images."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger, query
from fairtrial.planning.plan import plan_trial
from fairtrial.report.html.page import render_report
from fairtrial.report.summary import summarise
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial
from tests.support.tiny_lmm import tiny_lmm


@pytest.mark.model
def test_twins_of_a_real_model(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    model = f"gguf:{tiny_lmm('llava').text}"
    candidates = [{"id": "sees", "model": model}, {"id": "reads", "model": model, "blind": True}]
    tasks = [
        {"task": "table", "limit": 6, "shots": 1, "forms": ["grid"]},
        {"task": "charts", "limit": 6, "shots": 1, "forms": ["swapped"]},
    ]
    plan = plan_trial(Trial.model_validate({"candidates": candidates, "tasks": tasks}), tmp_path)
    named = {task.name: task for task in plan.tasks}
    assert [*named] == ["table", "table-grid", "charts", "charts-blind", "charts-swapped"]
    ledger = Ledger.open(tmp_path / "t.db")
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings(threads=1))
    sees, reads = (candidate.id for candidate in plan.candidates)
    item = named["charts"].items[0].id

    def scores(candidate: str, task: str) -> list[float]:
        answers = query.read_item_answers(ledger, candidate, named[task].id, item)
        return [score for _, answer in answers for score in answer["logprobs"]]

    assert scores(reads, "charts") == scores(reads, "charts-blind")
    assert scores(sees, "charts-blind") == pytest.approx(scores(reads, "charts"), abs=1e-2)
    assert scores(sees, "charts") != pytest.approx(scores(sees, "charts-blind"), abs=1e-2)
    assert scores(sees, "charts") != pytest.approx(scores(sees, "charts-swapped"), abs=1e-2)
    assert not scores(reads, "charts-swapped")
    summary = summarise(ledger, plan.id)
    [found] = [one for one in summary.further if one.title == "What does seeing cost?"]
    assert [row[-1] for table in found.tables for row in table.rows] == [6.0, 6.0, 6.0]
    assert 'class="slopes"' in render_report(ledger, summary)
