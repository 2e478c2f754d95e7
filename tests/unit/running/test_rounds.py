"""Where the next round goes, and who is dropped."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import fairtrial.running.conductor as conductor
import fairtrial.running.pool as bench
from fairtrial.analysis.elimination import find_eliminated
from fairtrial.analysis.verdicts import iterate_questions, judge_question
from fairtrial.engines import EngineSettings
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.plan import make_plan_record
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import Observation
from fairtrial.report.summary import summarise
from fairtrial.running.budget import BudgetTracker
from fairtrial.running.progress import Progress
from fairtrial.running.rounds import TURN, TaskRounds, choose_task, make_task_rounds
from fairtrial.running.storing import write_plan
from fairtrial.spec.trial import Trial
from tests.support.knowing import opener


def plan_of(names: tuple[str, ...], folder: Path, tasks: tuple[str, ...] = ("table", "reading", "logic")) -> Plan:
    trial = {
        "candidates": [{"id": name, "model": f"fake:{name}"} for name in names],
        "tasks": [{"task": task, "level": 1, "limit": 500} for task in tasks],
        "decide": {"stop_early": True, "eliminate": True},
    }
    return plan_trial(Trial.model_validate(trial), folder)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "t.db")


def begun(plan: Plan) -> list[TaskRounds]:
    return make_task_rounds(plan, list(iterate_questions(make_plan_record(plan.document()))))


def test_all_tasks_get_a_first_round_then_the_one_nearest_to_a_verdict_and_none_starves(
    tmp_path: Path, ledger: Ledger
) -> None:
    plan = plan_of(("a", "b"), tmp_path)
    first, second, third = started = begun(plan)
    tracker = BudgetTracker({})
    for candidate in plan.candidates:
        for task_rounds, seconds in ((first, 50.0), (second, 5.0), (third, 5.0)):
            tracker.pay(
                replace(task_rounds.next_round(ledger)[0].owed, key=(candidate.id, task_rounds.task.id)),
                {"seconds": seconds},
            )
    for expected in started:
        assert choose_task(started, ledger, tracker, True, 0) is expected
        expected.round_is_over([])
    for task_rounds, needed in ((first, 20), (second, 150), (third, 300)):
        [question] = task_rounds.questions
        look = looked(ledger, plan, question, needed)
        task_rounds.looks[look.a, look.measure] = look
    assert choose_task(started, ledger, tracker, True, 0) is second  # 150 items at a tenth of the price of 20
    second.rounds += 5
    assert choose_task(started, ledger, tracker, True, 1) is second
    assert choose_task(started, ledger, tracker, True, TURN - 1) is first  # asked least, and the first of the plan
    assert (
        choose_task(started, ledger, BudgetTracker({"items": 500.0}), True, 0) is first
    )  # items are scarce, not seconds


def looked(ledger: Ledger, plan: Plan, question: object, needed: int) -> object:
    """A look that wants so many more items."""
    write_plan(plan, "text", ledger)
    task = next(t for t in plan.tasks if t.id == question.task.id)  # type: ignore[attr-defined]
    for i, candidate in enumerate(plan.candidates):
        seen = [
            (task.id, item.id, 0, Observation("acc", float((at + i) % 2))) for at, item in enumerate(task.items[:4])
        ]
        ledger.commit(candidate.id, Chunk(observations=seen))
    found = judge_question(ledger, plan.id, question)  # type: ignore[arg-type]
    assert found is not None
    return replace(found, items_needed=needed)


def test_what_the_ledger_has_comes_before_what_must_be_paid_for(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    plan = plan_of(("a", "b"), tmp_path, ("table", "reading"))
    open_engine, _ = opener(plan, {"a": 0.5, "b": 0.5})
    monkeypatch.setattr(bench, "open_engine", open_engine)
    with ledger.writing():
        conductor.run(plan, "text", ledger, EngineSettings(), rounds=3)
    assert query.read_sessions(ledger, plan.id)[-1].outcome == "asked 3 rounds of each task"
    assert query.count_rows(ledger)["answers"] == 2 * 2 * 150
    started = begun(plan)
    for task_rounds in started:
        task_rounds.next_round(ledger)
        task_rounds.round_is_over([])
    started[0].rounds = 9
    assert choose_task(started, ledger, BudgetTracker({}), True, TURN - 1) is started[0]


def test_a_beaten_candidate_is_asked_no_more_and_the_report_says_so(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares = {"base": 0.55, "best": 0.95, "beaten": 0.5}
    plan = plan_of(tuple(shares), tmp_path, ("table",))
    open_engine, engines = opener(plan, shares)
    monkeypatch.setattr(bench, "open_engine", open_engine)
    steps: list[Progress] = []
    with ledger.writing():
        conductor.run(plan, "text", ledger, EngineSettings(), steps.append)
    [dropped] = [step for step in steps if step.stage == "drop"]
    assert dropped.candidate == "beaten"
    assert dropped.note == "dropped on table: certainly not the best, by the evidence of best"
    assert sum(len(chunk) for chunk in engines["beaten"].asked) == dropped.done < 300
    found = summarise(ledger, plan.id)
    assert [(v.a, v.verdict) for v in found.verdicts] == [("best", "better"), ("beaten", "undecided")]
    [line] = found.endings
    assert line.startswith(f"beaten is asked no more on table after {dropped.done} items: it is certainly not the best")
    [look] = [look for look in query.read_looks(ledger, plan.id) if look.verdict == "dropped"]
    assert (look.a, look.b) == ("beaten", "best")
    assert look.document["evidence"] >= 40
    assert look.difference is not None and look.difference < 0


def test_the_best_is_seldom_dropped_and_the_baseline_never(tmp_path: Path) -> None:
    plan = plan_of(("base", "one", "two"), tmp_path, ("table",))
    document = make_plan_record(plan.document())
    [task] = document.tasks
    rng = np.random.default_rng(7)
    wrong = 0
    for trial in range(40):
        with Ledger.open(tmp_path / f"{trial}.db") as ledger:
            write_plan(plan, "text", ledger)
            for candidate, share in zip(plan.candidates, (0.2, 0.5, 0.5), strict=True):
                right = rng.random(120) < share
                seen = [
                    (plan.tasks[0].id, item.id, 0, Observation("acc", float(r)))
                    for item, r in zip(plan.tasks[0].items, right, strict=False)
                ]
                ledger.commit(candidate.id, Chunk(observations=seen))
            found = find_eliminated(ledger, plan.id, document, task, ("one", "two"))
            wrong += bool(found)
            assert "base" not in {b.candidate for b in found}
    assert wrong <= 5  # both are the best: 5% at most, and less by design


def test_two_candidates_are_left_to_their_verdict(tmp_path: Path, ledger: Ledger) -> None:
    plan = plan_of(("a", "b"), tmp_path, ("table",))
    document = make_plan_record(plan.document())
    assert find_eliminated(ledger, plan.id, document, document.tasks[0], ("b",)) == []
