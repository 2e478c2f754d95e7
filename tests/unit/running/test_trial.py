"""Planning and conducting: who is asked what, in which order, and what ends up in the ledger.  Fake engine."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import fairtrial.running.answering as answering
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.engines import EngineSettings
from fairtrial.errors import FairtrialError, SpecError, TooLongError, UnknownNameError
from fairtrial.ledger import Ledger, query
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.planning.requests import CHUNK_ITEMS, settle_request
from fairtrial.records import Answer, GenerateRequest, Item, Observation, Prompt, ScoreRequest
from fairtrial.running.conductor import run
from fairtrial.running.progress import Progress
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.source import load_trial
from fairtrial.spec.trial import Decide, TaskEntry, Trial


def trial(**changes: object) -> Trial:
    base: dict[str, object] = {
        "candidates": (Candidate(id="a", model="fake:a"), Candidate(id="b", model="fake:b")),
        "tasks": (TaskEntry(task="table", level=1, limit=120, shots=1),),
    }
    return Trial.model_validate({**base, **changes})


def conducted(plan: Plan, ledger: Ledger) -> list[Progress]:
    steps: list[Progress] = []
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings(), steps.append)
    return steps


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open(tmp_path / "t.db")


def test_all_candidates_get_the_same_items_in_the_same_random_order(tmp_path: Path, ledger: Ledger) -> None:
    plan = plan_trial(trial(), tmp_path)
    [task] = plan.tasks
    assert [i.doc_id for i in task.items] != sorted(i.doc_id for i in task.items)
    assert sorted(i.doc_id for i in task.items) == list(range(120))
    conducted(plan, ledger)
    found = query.read_paired_values(ledger, plan.id, plan.candidates[0].id, plan.candidates[1].id, task.id, "acc")
    assert list(found.item_ids) == [item.id for item in task.items]
    assert plan_trial(trial(), tmp_path).id == plan.id
    other = plan_trial(trial(seed=2), tmp_path)
    assert other.id != plan.id
    assert {i.id for i in other.tasks[0].items} != {i.id for i in task.items}  # procedural: new items


def test_what_is_asked_again_is_not_paid_for_again(
    tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    conducted(plan_trial(trial(), tmp_path), ledger)
    wider = plan_trial(trial(tasks=(TaskEntry(task="table", level=1, limit=150, shots=1),)), tmp_path)
    paid: list[int] = []
    real = answering.answer_requests

    def counting(engine: object, requests: Sequence[ScoreRequest], name: str, *more: object) -> dict[str, Answer]:
        paid.append(len(requests))
        return real(engine, requests, name)  # type: ignore[arg-type]

    monkeypatch.setattr(answering, "answer_requests", counting)
    steps = conducted(wider, ledger)
    assert sum(paid) == 2 * 30
    assert sum(step.reused for step in steps if step.stage == "ask") == 2 * 120


def test_a_grade_that_fails_loses_no_answer(tmp_path: Path, ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = plan_trial(trial(), tmp_path)
    task_class = type(plan.tasks[0].plain)
    real = task_class.grade

    def failing(self: object, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        raise RuntimeError("this grader is broken")

    monkeypatch.setattr(task_class, "grade", failing)
    with pytest.raises(RuntimeError):
        conducted(plan, ledger)
    assert query.count_rows(ledger)["answers"] == CHUNK_ITEMS
    assert list(ledger.read("SELECT 1 FROM observations WHERE item_id <> ''")) == []
    assert "load_seconds" in {row.measure for row in query.read_whole_rows(ledger, plan.id)}
    monkeypatch.setattr(task_class, "grade", real)
    conducted(plan, ledger)
    assert query.count_rows(ledger)["answers"] == 2 * 120
    values = query.read_values(ledger, plan.id, plan.candidates[0].id, plan.tasks[0].id, "acc")
    assert values.values.size == 120
    assert [s.outcome for s in query.read_sessions(ledger, plan.id)] == ["failed", "finished"]


def test_a_trial_that_may_stop_early_stops_when_all_is_settled(tmp_path: Path, ledger: Ledger) -> None:
    decide = Decide(margin=0.45, stop_early=True)
    plan = plan_trial(trial(decide=decide, tasks=(TaskEntry(task="table", level=1, limit=2000),)), tmp_path)
    steps = conducted(plan, ledger)
    looks = [step.look for step in steps if step.look]
    assert looks[-1].verdict == "tied"
    assert all(look.verdict == "undecided" for look in looks[:-1])
    assert looks[-1].items_used < 600
    assert [look.items for look in query.read_looks(ledger, plan.id)] == [look.items_used for look in looks]
    before = query.count_rows(ledger)
    conducted(plan, ledger)  # again: nothing new is asked or looked at
    assert query.count_rows(ledger) == before
    assert len(query.read_looks(ledger, plan.id)) == len(looks)


def test_seconds_hold_up_no_trial_that_may_stop_early(tmp_path: Path, ledger: Ledger) -> None:
    decide = Decide(margin=0.45, stop_early=True)
    entries = (TaskEntry(task="table", level=1, limit=2000),)
    plan = plan_trial(trial(decide=decide, tasks=entries, measures=("seconds", "acc")), tmp_path)
    looks = [step.look for step in conducted(plan, ledger) if step.look]
    assert [look.measure for look in looks[-2:]] == ["acc", "seconds"]
    assert [look.measure for look in looks].count("seconds") == 1
    assert looks[-1].items_used < 600
    found = next(v for v in find_verdicts(ledger, plan.id) if v.measure == "seconds")
    assert (looks[-1].verdict, looks[-1].items_used) == (found.verdict, found.items_used)
    assert (looks[-1].difference, looks[-1].confidence) == (found.difference, 0.975)  # two questions
    assert found.confidence == 0.95


def test_whole_clusters_are_asked_together_where_early_stopping_needs_it(tmp_path: Path) -> None:
    entry = (TaskEntry(task="reading", level=1, limit=60),)
    plan = plan_trial(trial(decide=Decide(stop_early=True), tasks=entry), tmp_path)
    [task] = plan.tasks
    assert task.largest_cluster > 1
    names = [item.cluster for item in task.items]
    changes = sum(a != b for a, b in pairwise(names))
    assert changes == len(set(names)) - 1
    assert task.order == "clusters"


def asked_with(**decoding: Any) -> Candidate:
    return Candidate(id="a", model="fake:a", decoding=Decoding(**decoding))


def test_settings_of_the_candidate_win_and_seeds_follow_the_request() -> None:
    request = GenerateRequest(Prompt("2 + 2 ="), max_tokens=32, stop=("\n",), temperature=0.0, seed=9)
    greedy = settle_request(request, asked_with(), 0)
    assert greedy == settle_request(request, asked_with(), 5)
    assert isinstance(greedy, GenerateRequest)
    assert greedy.seed == 0
    sampled = settle_request(request, asked_with(temperature=0.7, max_tokens=4, stop=("END",)), 0)
    assert isinstance(sampled, GenerateRequest)
    assert (sampled.temperature, sampled.max_tokens, sampled.stop) == (0.7, 4, ("\n", "END"))
    seeds = {settle_request(request, asked_with(temperature=0.7), r).seed for r in range(4)}  # type: ignore[union-attr]
    assert len(seeds) == 4
    assert all(0 < seed < 2**63 for seed in seeds)


def test_repeats_of_sampled_answers_are_asked_apart_and_greedy_ones_once(tmp_path: Path, ledger: Ledger) -> None:
    warm = Candidate(id="warm", model="fake:a", decoding=Decoding(temperature=1.0))
    cold = Candidate(id="cold", model="fake:a")
    entries = (TaskEntry(task="arithmetic_open", level=1, limit=10, repeats=3),)
    plan = plan_trial(trial(candidates=(warm, cold), tasks=entries), tmp_path)
    conducted(plan, ledger)
    counted = dict(ledger.connection.execute("SELECT candidate_id, count(*) FROM answers GROUP BY 1").fetchall())
    assert counted == {plan.candidates[0].id: 30, plan.candidates[1].id: 10}
    found = query.read_values(ledger, plan.id, plan.candidates[0].id, plan.tasks[0].id, "exact_match")
    assert found.values.size == 10  # repeats are averaged within the item


def test_too_long_requests_are_found_before_anything_is_asked(tmp_path: Path, ledger: Ledger) -> None:
    small = Candidate(id="small", model="fake:a", context=64)
    plan = plan_trial(trial(candidates=(Candidate(id="b", model="fake:b"), small)), tmp_path)
    with pytest.raises(TooLongError, match="table item"):
        conducted(plan, ledger)
    assert query.count_rows(ledger)["answers"] == 0


def test_mistakes_that_only_the_plan_can_find(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'acc'"):
        plan_trial(trial(measures=("accc",)), tmp_path)
    entry = TaskEntry(task="table", level=1, measures=("accc",))
    with pytest.raises(UnknownNameError, match="measure of task table"):
        plan_trial(trial(tasks=(entry,)), tmp_path)
    twice = (TaskEntry(task="table", id="x"), TaskEntry(task="reading", id="x"))
    with pytest.raises(SpecError, match="two tasks named 'x'"):
        plan_trial(trial(tasks=twice), tmp_path)


@pytest.mark.parametrize(
    ("line", "text", "told"),
    [
        (3, "  - {id: b, model: 'gguf:none.gguf'}", ":3: model 'gguf:none.gguf'"),
        (5, "  - {task: tabel}", ":5: task 'tabel' does not exist. Did you mean 'table'"),
        (5, "  - {task: arithmetic, level: 77}", ":5: task arithmetic: level 77 does not exist"),
        (5, "  - {task: arithmetic, measures: [accc]}", ":5: measure of task arithmetic 'accc'"),
        (6, "measures: [accc]", ":6: measure 'accc' does not exist"),
        (7, "task_paths: [nowhere]", ":7: "),
    ],
)
def test_what_planning_finds_has_its_line(tmp_path: Path, line: int, text: str, told: str) -> None:
    lines = ["candidates:", "  - {id: a, model: 'fake:a'}", "  - {id: b, model: 'fake:b'}", "tasks:", "  - table"]
    lines += ["measures: [acc]", "seed: 3"]
    path = tmp_path / "t.yaml"
    path.write_text("\n".join([*lines[: line - 1], text, *lines[line:]]))
    loaded = load_trial(path)
    with pytest.raises(FairtrialError) as caught:
        plan_trial(loaded.trial, tmp_path, where=loaded.where)
    assert f"{path}{told}" in str(caught.value)


def test_the_same_task_under_two_names_is_refused(tmp_path: Path) -> None:
    same = (TaskEntry(task="table", id="x", level=1, limit=10), TaskEntry(task="table", id="y", level=1, limit=20))
    with pytest.raises(SpecError, match="'x' and 'y' ask the same questions"):
        plan_trial(trial(tasks=same), tmp_path)
    apart = (TaskEntry(task="table", level=1), TaskEntry(task="table", level=2))
    assert [t.name for t in plan_trial(trial(tasks=apart), tmp_path).tasks] == ["table-l1", "table-l2"]


def test_costs_are_measures_like_others(tmp_path: Path, ledger: Ledger) -> None:
    plan = plan_trial(trial(measures=("acc", "tokens_in", "seconds")), tmp_path)
    conducted(plan, ledger)
    assert plan.tasks[0].measures == ("acc", "tokens_in", "seconds")
    found = query.read_paired_values(
        ledger, plan.id, plan.candidates[0].id, plan.candidates[1].id, plan.tasks[0].id, "tokens_in"
    )
    assert (found.a_values > 0).all()
    assert (found.a_values == found.b_values).all()  # the same questions, the same tokenizer


def test_too_few_items_for_any_verdict_are_told_before_the_first_is_asked(tmp_path: Path, ledger: Ledger) -> None:
    steps = conducted(plan_trial(trial(tasks=(TaskEntry(task="table", level=1, limit=3),)), tmp_path), ledger)
    stages = [step.stage for step in steps]
    told = steps[stages.index("few")].note
    assert "table (acc) has 1 cluster of items, too few for any verdict" in told
    assert stages.index("few") < stages.index("ask")
