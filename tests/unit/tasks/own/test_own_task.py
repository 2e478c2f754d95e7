"""Own rows as a task: items that only a changed row changes, requests, grades, doubts about odd rows."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairtrial import Trial, api
from fairtrial.errors import FairtrialError, SpecError, TaskError
from fairtrial.ledger import Ledger, query
from fairtrial.records import GenerateAnswer, GenerateRequest, ScoreAnswer, ScoreRequest
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.own.source import open_own_data
from fairtrial.tasks.own.task import OwnTask
from fairtrial.tasks.variants.letters import LetterTask

CHOICES = "question,A,B,C,answer,source\n" + "".join(
    f"q{n}?,red {n},blue,green,{'ABC'[n % 3]},s{n % 2}\n" for n in range(9)
)
WRITTEN = "id,question,answer\n" + "".join(f"{n},What is {n}+{n}?,{2 * n}\n" for n in range(8))


def built(folder: Path, text: str, said: str = "", **options: Any) -> OwnTask:
    (folder / "q.csv").write_text(text)
    entry = TaskEntry.model_validate({"file": "q.csv", **(yaml.safe_load(said) or {})})
    return OwnTask(open_own_data(entry, folder), "q", TaskOptions(**options))


@pytest.mark.parametrize("text", [CHOICES, WRITTEN])
@pytest.mark.parametrize("options", [{}, {"chat": True}, {"shots": 2}, {"shots": 2, "chat": True}])
def test_it_keeps_the_promises_of_a_task(text: str, options: dict[str, Any], tmp_path: Path) -> None:
    assert check_task(lambda: built(tmp_path, text, **options)) == []


def test_by_letter_it_keeps_them_too(tmp_path: Path) -> None:
    task = LetterTask(built(tmp_path, CHOICES), keep_order=True)
    [request] = task.requests(task.items()[0])
    assert "q0?\nA. red 0\nB. blue\nC. green\n" in request.prompt.user
    grades = task.grade(task.items()[0], [GenerateAnswer(text="A", tokens=1, finish="stop")])
    assert grades[0].value == 1.0


def test_items_change_only_where_rows_do(tmp_path: Path) -> None:
    before = [item.id for item in built(tmp_path, WRITTEN).items()]
    lines = WRITTEN.splitlines()
    renumbered = [lines[0], lines[1], "7,What is new?,5", *lines[2:5], lines[5].replace("?,8", "?,9"), *lines[6:]]
    after = [item.id for item in built(tmp_path, "\n".join(renumbered) + "\n").items()]
    assert [before.index(one) if one in before else None for one in after] == [0, None, 1, 2, 3, None, 5, 6, 7]
    wider = [item.id for item in built(tmp_path, WRITTEN.replace(",answer\n", ",answer,notes\n")).items()]
    assert wider == before


def test_copies_of_a_row_are_items_of_their_own(tmp_path: Path) -> None:
    ids = [item.id for item in built(tmp_path, "question,answer\nq,x\nq,x\nq,x\n").items()]
    assert len(set(ids)) == 3


def test_options_are_scored_after_the_question(tmp_path: Path) -> None:
    task = built(tmp_path, CHOICES)
    [request] = task.requests(task.items()[1])
    assert isinstance(request, ScoreRequest)
    assert [(pair.prompt.user, pair.continuation) for pair in request.pairs][:2] == [
        ("Question: q1?\nAnswer:", "red 1"), ("Question: q1?\nAnswer:", "blue"),
    ]  # fmt: skip
    grades = task.grade(task.items()[1], [ScoreAnswer((-5.0, -4.9, -9.0), (False,) * 3, (1, 1, 1))])
    assert {grade.measure: grade.value for grade in grades} == {"acc": 1.0, "acc_norm": 0.0}
    assert task.card.chance == pytest.approx(1 / 3)


def test_written_answers_are_graded(tmp_path: Path) -> None:
    task = built(tmp_path, WRITTEN)
    [request] = task.requests(task.items()[3])
    assert isinstance(request, GenerateRequest) and request.stop == ("\n",) and "row 4" in request.label
    assert task.grade(task.items()[3], [GenerateAnswer(text="It is 6.", tokens=1, finish="stop")])[0].value == 1.0
    unread = [GenerateAnswer(text="no idea", tokens=1, finish="stop")]
    assert list(task.signs(task.items()[3], unread, task.grade(task.items()[3], unread))) == ["unread"]
    [chat] = built(tmp_path, WRITTEN, chat=True).requests(task.items()[3])
    assert isinstance(chat, GenerateRequest) and chat.stop == ()


def test_examples_are_not_asked(tmp_path: Path) -> None:
    task = built(tmp_path, WRITTEN, shots=3)
    [request] = task.requests(task.items()[0])
    assert len(task.items()) == 5
    shown = request.prompts[0].user
    assert shown.count("Question: ") == 4 and not any(item.question + "\n" in shown for item in task.items()[1:])
    with pytest.raises(TaskError, match="leave none to ask"):
        built(tmp_path, WRITTEN, shots=8)


def test_rows_of_one_passage_or_cluster_belong_together(tmp_path: Path) -> None:
    text = "passage,question,answer\nOnce.,q1,a\nOnce.,q2,b\nTwice.,q3,c\n,q4,d\n"
    clusters = [item.cluster for item in built(tmp_path, text).items()]
    assert clusters[0] == clusters[1] and len(set(clusters)) == 3
    named = built(tmp_path, CHOICES, "cluster: source").items()
    assert {item.cluster for item in named} == {"s0", "s1"}
    assert built(tmp_path, text).items()[0].question == "Once.\n\nq1"


def trial(folder: Path, text: str, **entry: Any) -> api.Result:
    (folder / "q.csv").write_text(text)
    document = {
        "candidates": [{"id": "one", "model": "fake:one"}, {"id": "two", "model": "fake:two"}],
        "tasks": [{"file": str(folder / "q.csv"), **entry}],
    }
    return api.run(Trial.model_validate(document), folder / "l.db")


def doubts(result: api.Result, kind: str) -> list[str]:
    return [doubt.text for doubt in result.summary.doubts if doubt.kind == kind]


def test_a_file_stands_trial_and_odd_rows_are_said(tmp_path: Path) -> None:
    rows = [f"q{n},red,blue,A" for n in range(28)] + ["q1,red,blue,B", "q2,red,blue,", "q3,red,red,A"]
    found = trial(tmp_path, "question,A,B,answer\n" + "\n".join(rows) + "\n", bad_rows="skip")
    assert found.estimates[0].task == "q" and len(found.verdicts) == 1
    assert "1 of 31 rows of q have no right answer and were left out." in doubts(found, "no_right_answer")[0]
    assert "1 question of q stands in the file several times" in doubts(found, "contradicting_golds")[0]
    assert '28 of 29 right answers of q are "red"' in doubts(found, "one_gold")[0]
    assert "left out" in doubts(found, "bad_rows")[0]


def test_texts_that_tell_nothing_are_said_with_the_other_way(tmp_path: Path) -> None:
    rows = [f"q{n},red,blue,{'AB'[n % 2]}" for n in range(30)]
    found = trial(tmp_path, "question,A,B,answer\n" + "\n".join(rows) + "\n")
    assert "`ask: letter`" in doubts(found, "asked_by_texts")[0]


def test_letters_that_nobody_gives_are_said_with_the_other_way(tmp_path: Path) -> None:
    rows = [f"q{n},red,blue,{'AB'[n % 2]}" for n in range(30)]
    found = trial(tmp_path, "question,A,B,answer\n" + "\n".join(rows) + "\n", ask="letter")
    assert "`ask: texts`" in doubts(found, "asked_by_letter")[0]


def test_a_changed_row_alone_is_asked_again(tmp_path: Path) -> None:
    asked: list[int] = []
    text = "question,answer\n" + "".join(f"q{n},x{n}\n" for n in range(12))
    spec = Trial.model_validate(
        {"candidates": [{"id": "one", "model": "fake:one"}], "tasks": [str(tmp_path / "q.csv")]}
    )
    for written in (text, text.replace("q3,", "q33,").replace("q4,x4", "q4,y4")):
        (tmp_path / "q.csv").write_text(written)
        api.run(spec, tmp_path / "l.db")
        with Ledger.open(tmp_path / "l.db", create=False) as store:
            asked.append(query.count_rows(store)["answers"])
    assert asked == [12, 13]


def test_a_column_makes_several_tasks(tmp_path: Path) -> None:
    found = trial(tmp_path, CHOICES, group="source")
    assert list(dict.fromkeys(estimate.task for estimate in found.estimates)) == ["q-s0", "q-s1"]


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({}, "one of the two; got neither"),
        ({"task": "logic", "file": "q.csv"}, "got both"),
        ({"task": "logic", "question": "q"}, "'question' is about a file of rows: add 'file: PATH'"),
        ({"task": "logic", "ask": "texts"}, "'ask: texts' is for files of rows"),
        ({"file": "q.csv", "level": 2}, "has no levels"),
        ({"file": "q.csv", "choices": ["a", "b"], "grade": "exact"}, "'grade' is for written answers"),
        ({"file": "q.csv", "grade": "exakt"}, "Did you mean 'exact'"),
        ({"file": {"path": "q.csv", "sheets": "x"}}, "sheets"),
        ({"file": "q.csv", "prompt": {"text": "a", "file": "b"}}, "either a text or"),
    ],
)
def test_entries_that_cannot_be_meant(entry: dict[str, Any], told: str, tmp_path: Path) -> None:
    path = tmp_path / "trial.yaml"
    path.write_text(json.dumps({"candidates": [{"id": "one", "model": "fake:one"}], "tasks": [entry]}))
    with pytest.raises(SpecError) as caught:
        api.run(path, tmp_path / "l.db")
    assert told in str(caught.value) and "trial.yaml:1" in str(caught.value)


def test_asking_for_options_that_are_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text(WRITTEN)
    entry = {"file": str(tmp_path / "q.csv"), "ask": "letter"}
    spec = Trial.model_validate({"candidates": [{"id": "one", "model": "fake:one"}], "tasks": [entry]})
    with pytest.raises(FairtrialError, match="is about options"):
        api.run(spec, tmp_path / "l.db")


@pytest.mark.parametrize("said", ["prompt: 'Look at {{id}}'", "question: id", "prompt: '{{row | string}}'"])
def test_ids_that_a_question_shows_are_part_of_its_identity(said: str, tmp_path: Path) -> None:
    lines = WRITTEN.splitlines()
    before = {item.data["id"]: item.id for item in built(tmp_path, WRITTEN, said).items()}
    moved = "\n".join([lines[0], *lines[:0:-1]]) + "\n"
    assert {item.data["id"]: item.id for item in built(tmp_path, moved, said).items()} == before
    renamed = {item.id for item in built(tmp_path, WRITTEN.replace("\n7,", "\n9,"), said).items()}
    assert len(renamed - set(before.values())) == 1
    assert "id" not in built(tmp_path, WRITTEN, said).answer_columns()


def test_ids_that_no_question_shows_are_not_given_to_candidates(tmp_path: Path) -> None:
    task = built(tmp_path, WRITTEN, "prompt: 'Valid? {{row.question}}'")
    assert "id" in task.answer_columns()
    assert [one.id for one in task.items()] == [one.id for one in built(tmp_path, WRITTEN).items()]


@pytest.mark.parametrize(
    "prompt", ["{{row|string}}", "{{row.values()|list}}", "{% for k in row %}{{row[k]}}{% endfor %}"]
)
def test_the_whole_row_that_a_prompt_shows_has_no_right_answer(prompt: str, tmp_path: Path) -> None:
    [item] = built(tmp_path, "question,answer\nWhat?,secret\n", f"prompt: {json.dumps(prompt)}").items()
    assert "What?" in item.question and "secret" not in item.question
