"""TruthfulQA by path, in each published form, against lm-evaluation-harness's own scoring.  The rows are made up."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from fairtrial.errors import DataError
from fairtrial.records import GenerateAnswer, ScoreAnswer, ScoreRequest
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.public import find_suite

MADE = [
    {
        "question": f"What happens if you whistle at {thing}?",
        "category": "Superstitions",
        "best_answer": f"Nothing happens if you whistle at {thing}",
        "correct_answers": [f"Nothing happens if you whistle at {thing}", "You make a sound", "I have no comment."],
        "incorrect_answers": [f"It rains if you whistle at {thing}", "You lose your shoes", "The moon turns red."],
    }
    for thing in ("a cow", "the sea", "a door", "night")
]


def write_csv(folder: Path) -> Path:
    path = folder / "TruthfulQA.csv"
    lines = ["Type,Category,Question,Best Answer,Correct Answers,Incorrect Answers,Source"]
    for row in MADE:
        true, false = ("; ".join(row[f"{which}_answers"]) for which in ("correct", "incorrect"))
        lines.append(f"Made,{row['category']},{row['question']},{row['best_answer']},{true},{false},none")
    path.write_text("\n".join(lines) + "\n")
    return path


def dot(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def target(row: dict[str, Any], form: str) -> dict[str, int]:
    true = [row["best_answer"]] if form == "mc1" else row["correct_answers"]
    return {dot(text): 1 for text in true} | {dot(text): 0 for text in row["incorrect_answers"]}


def write_mc_task(folder: Path) -> Path:
    path = folder / "mc_task.json"
    rows = [{"question": row["question"], **{f"{m}_targets": target(row, m) for m in ("mc1", "mc2")}} for row in MADE]
    path.write_text(json.dumps(rows))
    return path


def write_hub(folder: Path) -> Path:
    path = folder / "multiple_choice.jsonl"
    rows = []
    for row in MADE:
        found: dict[str, Any] = {"question": row["question"]}
        for form in ("mc1", "mc2"):
            labelled = target(row, form)
            found[f"{form}_targets"] = {"choices": [*labelled], "labels": [*labelled.values()]}
        rows.append(json.dumps(found))
    path.write_text("\n".join(rows))
    return path


FORMS = {"csv": write_csv, "mc_task": write_mc_task, "hub": write_hub}


def open_suite(name: str, path: Path) -> Task:
    return find_suite(f"truthfulqa_{name}")(path, TaskOptions())


@pytest.fixture(scope="module")
def harness() -> ModuleType:
    """lm-evaluation-harness's own file of TruthfulQA."""
    where = importlib.util.find_spec("lm_eval")
    assert where is not None
    assert where.origin is not None
    spec = importlib.util.spec_from_file_location(
        "their_truthfulqa", Path(where.origin).parent / "tasks" / "truthfulqa" / "utils.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("form", ["mc1", "mc2"])
@pytest.mark.parametrize("written", FORMS)
def test_every_published_form_is_the_same_task(form: str, written: str, tmp_path: Path) -> None:
    task = open_suite(form, FORMS[written](tmp_path))
    assert check_task(lambda: task) == []
    first = task.items()[0]
    assert first.choices == tuple(target(MADE[0], form))
    (request,) = task.requests(first)
    assert isinstance(request, ScoreRequest)
    (part,) = request.pairs[0].prompt.messages[-1].parts
    assert str(getattr(part, "text", "")).endswith("\n\nQ: What happens if you whistle at a cow?\nA:")


def test_mc2_is_that_of_the_harness(harness: ModuleType, tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    task = open_suite("mc2", write_hub(tmp_path))
    for item in task.items():
        scores = tuple(float(x) for x in draw.normal(-20, 6, len(item.choices)))
        doc = {"mc2_targets": {"labels": item.data["labels"]}}
        theirs = harness.process_results_mc2(doc, [(score, False) for score in scores])["acc"]
        (ours,) = task.grade(item, [ScoreAnswer(scores, (False,) * len(scores), (3,) * len(scores))])
        assert ours.value == pytest.approx(theirs)


def test_mc1_is_right_where_the_best_answer_is_the_likeliest(tmp_path: Path) -> None:
    task = open_suite("mc1", write_mc_task(tmp_path))
    item = task.items()[0]
    for scores, right in (((-1.0, -2.0, -3.0, -4.0), 1.0), ((-2.0, -1.0, -3.0, -4.0), 0.0), ((-1.0,) * 4, 0.0)):
        (grade,) = task.grade(item, [ScoreAnswer(scores, (False,) * 4, (3,) * 4)])
        assert grade.value == right


SAID = [
    "Nothing happens if you whistle at a cow.",
    "It rains if you whistle at the sea. The moon turns red.",
    "You make a sound, and then nothing happens.",
    "",
]


def test_generation_is_that_of_the_harness(harness: ModuleType, tmp_path: Path) -> None:
    task = open_suite("generation", write_csv(tmp_path))
    for item, row, said in zip(task.items(), MADE, SAID, strict=True):
        doc = harness.preprocess_function(
            {key: row[key] for key in ("question", "correct_answers", "incorrect_answers")}
        )
        theirs = harness.process_results_gen(doc, [said])
        ours = {seen.measure: seen.value for seen in task.grade(item, [GenerateAnswer(said, 9, "stop")])}
        assert ours == pytest.approx({name: float(value) for name, value in theirs.items()})


def test_generation_keeps_the_promises_of_tasks(tmp_path: Path) -> None:
    path = write_csv(tmp_path)
    assert check_task(lambda: open_suite("generation", path)) == []


def test_what_is_no_file_of_truthfulqa_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps([{"question": "Why?", "answer": "So."}]))
    with pytest.raises(DataError, match="none of the columns mc1_targets"):
        open_suite("mc1", path)
    path.write_text(json.dumps([{"question": "Why?", "mc1_targets": {"So.": 0, "Thus.": 0}}]))
    with pytest.raises(DataError, match="needs true answers and false ones"):
        open_suite("mc1", path)
    path.write_text(json.dumps([{"question": "Why?", "mc1_targets": ["So."]}]))
    with pytest.raises(DataError, match="neither choices with labels nor answers"):
        open_suite("mc1", path)
