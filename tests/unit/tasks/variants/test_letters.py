"""Choices asked by letter: what is shown, what is read, and that every candidate is asked alike."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

import fairtrial.running.pool as bench
from fairtrial.engines import EngineSettings
from fairtrial.errors import CapabilityError, TaskError
from fairtrial.ledger import Ledger, query
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.records import GenerateAnswer, GenerateRequest
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.variants.circular import build_task
from fairtrial.tasks.variants.letters import ASK, LetterTask, read_letter

CITIES = ("Paris", "London", "car", "4")

LETTERED = r"""
task: lettered
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{q}}\nA. {{a}}\nB. {{b}}\nAnswer:"
doc_to_choice: ["A", "B"]
doc_to_target: gold
"""

ONE_FIRST = r"""
task: first
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{q}}"
doc_to_choice: "{{[a, b]}}"
doc_to_target: 0
"""


def answered(task: Task, text: str, at: int = 0) -> dict[str, float]:
    item = task.items()[at]
    return {o.measure: o.value for o in task.grade(item, [GenerateAnswer(text, 1, "stop")])}


def from_file(folder: Path, text: str, name: str) -> Task:
    rows = [{"q": f"Question {i}?", "a": f"yes {i}", "b": f"no {i}", "gold": i % 2} for i in range(40)]
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    (folder / f"{name}.yaml").write_text(text)
    return build_task(TaskFinder([folder], installed=False), name, TaskOptions(data_dir=folder), "letter")


@pytest.mark.parametrize("name", ["arithmetic", "patterns", "logic", "reading", "table"])
def test_our_tasks_of_choices_can_be_asked_by_letter(name: str) -> None:
    def build() -> Task:
        return build_task(TaskFinder(installed=False), name, TaskOptions(items=30), "letter")

    assert check_task(build) == []
    task = build()
    places = Counter()
    for at, item in enumerate(task.items()):
        [request] = task.requests(item)
        text = request.prompt.plain()
        assert text.endswith(f"\n{ASK}\nAnswer:")
        assert text.count("Answer:") == 1, "no examples"
        shown = {letter: text.split(f"\n{letter}. ")[1].split("\n")[0] for letter in "ABCD"}
        assert sorted(shown.values()) == sorted(item.choices)
        [right] = [letter for letter, option in shown.items() if option in item.gold]
        places[right] += 1
        assert answered(task, f" {right}", at) == {"acc": 1.0, "unread": 0.0}
        wrong = "A" if right != "A" else "B"
        assert answered(task, f"{wrong}. because", at) == {"acc": 0.0, "unread": 0.0}
        assert answered(task, "I do not know", at) == {"acc": 0.0, "unread": 1.0}
    assert max(places.values()) < 20


def test_where_the_right_option_stands_gives_nothing_away(tmp_path: Path) -> None:
    task = from_file(tmp_path, ONE_FIRST, "first")
    assert 10 < sum(answered(task, "A", at)["acc"] for at in range(40)) < 30


def test_options_that_are_shown_already_stay_as_they_are(tmp_path: Path) -> None:
    task = from_file(tmp_path, LETTERED, "lettered")
    [request] = task.requests(task.items()[0])
    assert request.prompt.plain() == f"Question 0?\nA. yes 0\nB. no 0\n{ASK}\nAnswer:"
    assert [answered(task, "B.", at)["acc"] for at in range(4)] == [0, 1, 0, 1]


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        (" B", "B"),
        ("B) London", "B"),
        ("B London", "B"),
        ("\nB\n\nQuestion: A", "B"),
        ("The answer is B.", "B"),
        ("I first thought the answer is B. No: the correct answer is **C**.", "C"),
        ("A car is fast, so (C)", "C"),
        ("**B**", "B"),
        ("Option D", "D"),
        ("Option D: 4", "D"),
        ("london.", "B"),
        ("The answer is a car", "C"),
        ("The answer is a bus", ""),
        ("A and B", ""),
        ("E", ""),
        ("Apple", ""),
        ("a", "A"),
        ("", ""),
    ],
)
def test_letters_are_read(text: str, letter: str) -> None:
    assert read_letter(text, CITIES) == letter


def test_what_has_no_choices_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="by a letter"):
        build_task(TaskFinder(installed=False), "arithmetic_open", TaskOptions(items=5), "letter")
    with pytest.raises(ValueError, match="takes no examples"):
        Trial.model_validate(
            {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": [{"task": "table", "ask": "letter", "shots": 2}]}
        )


def test_both_ways_of_asking_are_two_tasks_over_the_same_items(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    entries = [{"task": "table", "limit": 20}, {"task": "table", "limit": 20, "ask": "letter"}]
    trial = Trial.model_validate({"candidates": [{"id": n, "model": f"fake:{n}"} for n in "ab"], "tasks": entries})
    plan: Plan = plan_trial(trial, tmp_path)
    scored, written = plan.tasks
    assert (scored.name, written.name) == ("table", "table-letter")
    assert scored.id != written.id
    assert {item.id for item in scored.plain.items()} == {item.id for item in written.plain.items()}
    with Ledger.open(tmp_path / "l.db") as ledger, ledger.writing():
        run(plan, "", ledger, EngineSettings())
        for candidate in plan.candidates:
            for item in written.items:
                [(request, _)] = query.read_item_answers(ledger, candidate.id, written.id, item.id)
                assert isinstance(request, GenerateRequest)
            values = query.read_values(ledger, plan.id, candidate.id, written.id, "unread")
            assert len(values.values) == 20


def test_a_candidate_without_scores_is_told_of_letters(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = bench.open_engine

    def mute(*given):
        engine = real(*given)
        object.__setattr__(engine.can, "score", False)
        return engine

    monkeypatch.setattr(bench, "open_engine", mute)
    plans = [
        plan_trial(
            Trial.model_validate(
                {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": [{"task": "table", "limit": 5, "ask": ask}]}
            ),
            tmp_path,
        )
        for ask in ("own", "letter")
    ]
    with Ledger.open(tmp_path / "l.db") as ledger, ledger.writing():
        with pytest.raises(CapabilityError, match="token scores") as refused:
            run(plans[0], "", ledger, EngineSettings())
        assert "ask: letter" in refused.value.fix
        run(plans[1], "", ledger, EngineSettings())


def test_permuted_letters_are_mapped_back(tmp_path: Path) -> None:
    trial = {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": [{"task": "table", "limit": 10, "ask": "letter"}]}
    trial["tasks"][0]["forms"] = ["permuted"]
    task, form = plan_trial(Trial.model_validate(trial), tmp_path).tasks
    assert isinstance(task.plain, LetterTask)
    [item] = task.items[:1]
    [before], [after] = task.plain.requests(item), form.plain.requests(item)
    assert isinstance(after, GenerateRequest)
    assert after.prompt != before.prompt
    [right] = [x for x in "ABCD" if f"\n{x}. {item.gold[0]}\n" in after.prompt.plain()]
    grades = {o.measure: o.value for o in form.plain.grade(item, [GenerateAnswer(right, 1, "stop")])}
    assert grades["acc"] == 1.0
