"""Copies of one question are one cluster, whatever their ids: in plan, ledger and verdicts; and it is said."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.analysis.doubts import find_doubts
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.engines import EngineSettings
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import Item, Observation, content_hash
from fairtrial.records.duplicates import count_copies, find_duplicates, make_key, put_copies_together, unite_clusters
from fairtrial.report.summary import summarise
from fairtrial.running.conductor import run
from fairtrial.running.storing import write_plan
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import Decide, TaskEntry, Trial


def item(i: int, question: str, cluster: str = "", choices: tuple[str, ...] = (), gold: tuple[str, ...] = ()) -> Item:
    return Item(content_hash(i), i, question, choices, gold, cluster or f"own {i}", {"n": i})


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("Who?", ("a", "b"), ("a",)), ("Who?", ("a", "b"), ("a",)), True),
        (("Who  is\nit?", (), ("Ann",)), ("who is it?", (), (" ann ",)), True),
        (("Who?", ("a", "b"), ("a",)), ("Who?", ("b", "a"), ("a",)), True),
        (("Caf\u00e9?", (), ()), ("cafe\u0301?", (), ()), True),
        (("Who?", ("a", "b"), ("a",)), ("Who?", ("a", "b"), ("b",)), False),
        (("Who?", ("a", "b"), ("a",)), ("Who?", ("a", "c"), ("a",)), False),
        (("2 + 2", (), ("4",)), ("2 +2", (), ("4",)), False),
        (("x\u00b2", (), ()), ("x2", (), ()), False),
    ],
)
def test_what_asks_the_same_thing(one: Any, other: Any, same: bool) -> None:
    assert (make_key(*one) == make_key(*other)) == same


def test_items_without_any_text_are_not_copies_of_one_another() -> None:
    assert find_duplicates([item(0, ""), item(1, " ")]) == []


def test_copies_and_the_tasks_own_clusters_are_united() -> None:
    made = [item(0, "A", "p"), item(1, "B", "p"), item(2, "b", "q"), item(3, "C", "q"), item(4, "D", "r")]
    assert [one.cluster for one in put_copies_together(made)] == ["p", "p", "p", "p", "r"]
    assert count_copies(made) == (2, 1)
    assert put_copies_together(made[:1] + made[3:]) == (made[0], made[3], made[4])


def test_uniting_ignores_what_is_not_there() -> None:
    assert unite_clusters([("1", "a"), ("2", "b")], [["1", "9"], ["8"]]) == ["a", "b"]


QUESTIONS, TIMES = 25, 12


def task_folder(place: Path, name: str = "copied") -> Path:
    """A task with 25 questions, each 12 times, in other cases and with other white space; every row has its own id."""
    rows = [
        {
            "id": f"{copy}-{i}",
            "q": f"{'What' if copy % 2 else 'WHAT'} is{'  ' * (copy % 3) or ' '}number {i}?",
            "a": str(i),
        }
        for copy in range(TIMES)
        for i in range(QUESTIONS)
    ]
    (place / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (place / f"{name}.yaml").write_text(
        f"task: {name}\ndataset_path: json\ndataset_kwargs: {{data_files: {{test: {name}.jsonl}}}}\ntest_split: test\n"
        "output_type: generate_until\ndoc_to_text: '{{q}}'\ndoc_to_target: '{{a}}'\n"
        'generation_kwargs: {until: ["\\n"], max_gen_toks: 8}\nmetric_list: [{metric: exact_match}]\n'
    )
    return place


def planned(place: Path, **decide: Any) -> Plan:
    made = Trial(
        candidates=(Candidate(id="a", model="fake:a"), Candidate(id="b", model="fake:b")),
        tasks=(TaskEntry(task="copied"),),
        task_paths=(".",),
        decide=Decide(**decide),
    )
    return plan_trial(made, task_folder(place))


def filled(plan: Plan, ledger: Ledger, document: dict[str, Any] | None = None) -> None:
    """Enter a plan (or one as an older version wrote it) and answers: four questions, with all copies, go one way."""
    task = plan.tasks[0]
    write_plan(plan, "text", ledger)
    if document is not None:
        with ledger.transaction() as db:
            db.execute("UPDATE trials SET plan = ?", (json.dumps(document),))
    lost = np.random.default_rng(3).permutation(QUESTIONS)[:4]
    for candidate in plan.candidates:
        seen = [
            (
                task.id,
                one.id,
                0,
                Observation("exact_match", 0.0 if candidate.name == "b" and one.doc_id % QUESTIONS in lost else 1.0),
            )
            for one in task.items
        ]
        ledger.commit(candidate.id, Chunk(observations=seen))


def test_ids_and_requests_stay_as_they_are(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    task = plan.tasks[0]
    assert {one.id for one in task.items} == {one.id for one in task.plain.items()}
    assert len({one.cluster for one in task.items}) == QUESTIONS
    assert (task.copies, task.largest_cluster) == ((QUESTIONS * TIMES, QUESTIONS), TIMES)


def test_three_hundred_rows_of_25_questions_are_25_clusters(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    with Ledger.open(tmp_path / "l.db") as ledger:
        filled(plan, ledger)
        [found] = find_verdicts(ledger, plan.id)
        summary = summarise(ledger, plan.id)
        assert (found.items_used, found.clusters_used) == (300, QUESTIONS)
        assert all(one.clusters == QUESTIONS for one in summary.estimates)
        [doubt] = [doubt for doubt in find_doubts(ledger, plan.id) if doubt.kind == "duplicates"]
    assert (doubt.count, doubt.of, doubt.headline) == (275, 300, True)
    assert "275 of 300 items repeat the question of another one" in doubt.text
    assert "it has 25 questions; copies count as one" in doubt.text
    # four of 25 lost is undecided (p = 0.125); forty-eight of 300 would be worse beyond doubt
    assert found.verdict == "undecided"
    assert "clusters" in found.method


def test_a_trial_that_was_planned_before_is_read_the_same_way(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    document = json.loads(json.dumps(plan.document()))
    for task in document["tasks"]:
        del task["united"], task["copies"]
    with Ledger.open(tmp_path / "l.db") as ledger:
        # as it was entered then: each item in a cluster of its own
        ledger.add_task(plan.tasks[0].id, "copied", document["tasks"][0]["card"])
        own = {one.id: one.cluster for one in plan.tasks[0].plain.items()}
        ledger.add_items(plan.tasks[0].id, [replace(one, cluster=own[one.id]) for one in plan.tasks[0].items])
        filled(plan, ledger, document)
        [found] = find_verdicts(ledger, plan.id)
        assert found.clusters_used == QUESTIONS
        assert any(doubt.kind == "duplicates" for doubt in find_doubts(ledger, plan.id))


def test_items_that_an_older_trial_entered_are_united_in_a_newer_one(tmp_path: Path) -> None:
    plan = planned(tmp_path)
    with Ledger.open(tmp_path / "l.db") as ledger:
        ledger.add_task(plan.tasks[0].id, "copied", plan.document()["tasks"][0]["card"])
        ledger.add_items(plan.tasks[0].id, plan.tasks[0].plain.items())
        filled(plan, ledger)
        assert len(set(query.read_order(ledger, plan.id, plan.tasks[0].id).clusters.tolist())) == QUESTIONS


@pytest.mark.parametrize("target", ["population", "benchmark"])
def test_a_trial_that_stops_early_asks_copies_in_one_piece(tmp_path: Path, target: str) -> None:
    plan = planned(tmp_path, stop_early=True, target=target)
    names = [one.cluster for one in plan.tasks[0].items]
    pieces = sum(x != y for x, y in itertools.pairwise(names)) + 1
    assert (pieces == QUESTIONS) == (target == "population")
    with Ledger.open(tmp_path / "l.db") as ledger, ledger.writing():
        run(plan, "text", ledger, EngineSettings())
        [found] = find_verdicts(ledger, plan.id)
        assert found.clusters_used <= QUESTIONS
        before = query.count_rows(ledger)
        run(planned(tmp_path, stop_early=True, target=target), "text", ledger, EngineSettings())
        assert query.count_rows(ledger) == before
