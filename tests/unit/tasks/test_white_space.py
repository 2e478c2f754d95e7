"""White space round written answers: taken off where a task is people's own or answers were recorded, else counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairtrial.errors import TaskError
from fairtrial.planning.plan import plan_trial
from fairtrial.records import GenerateAnswer
from fairtrial.spec.trial import Trial
from fairtrial.tasks.base import Task, TaskOptions
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.signs import find_signs

ROWS = [{"q": f"What is the capital of land {i}?", "a": f"Town {i}"} for i in range(6)]

CAPITALS = """
task: capitals
dataset_path: json
dataset_kwargs: {data_files: {test: rows.jsonl}}
test_split: test
output_type: generate_until
doc_to_text: "{{q}}"
doc_to_target: "{{a}}"
"""


def built(folder: Path, more: str = "", options: TaskOptions | None = None) -> Task:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rows.jsonl").write_text("\n".join(map(json.dumps, ROWS)))
    (folder / "capitals.yaml").write_text(CAPITALS + more)
    return TaskFinder([folder], installed=False).build("capitals", options or TaskOptions())


def judged(task: Task, text: str) -> tuple[float, list[str]]:
    item, answers = task.items()[0], [GenerateAnswer(text, 1, "stop")]
    grades = task.grade(item, answers)
    return grades[0].value, [sign.measure.removeprefix("sign:") for sign in find_signs(task, item, answers, grades)]


def test_peoples_own_tasks_take_white_space_off(tmp_path: Path) -> None:
    task = built(tmp_path)
    assert task.card.settings["clean"] is True
    for text in ("Town 0", " Town 0", "\u00a0Town 0\n", "\u200bTown 0\ufeff"):
        assert judged(task, text) == (1.0, [])
    assert judged(task, "town 0.") == (0.0, ["near_miss"])
    assert judged(task, "Town 1") == (0.0, [])


def test_the_harness_own_tasks_are_graded_as_it_does_and_near_misses_are_counted(tmp_path: Path) -> None:
    task = built(tmp_path / "lm_eval" / "tasks" / "capitals")
    assert "clean" not in task.card.settings
    assert judged(task, "Town 0") == (1.0, [])
    assert judged(task, " Town 0") == (0.0, ["near_miss"])
    assert judged(task, "elsewhere") == (0.0, [])


@pytest.mark.parametrize(
    ("more", "value"),
    [
        ("metadata: {strip: false}\n", 0.0),
        ("metadata: {strip: true}\nfilter_list: [{name: f, filter: [{function: take_first}]}]\n", 1.0),
        ("filter_list: [{name: f, filter: [{function: take_first}]}]\n", 0.0),
        ("filter_list: [{name: f, filter: [{function: remove_whitespace}, {function: take_first}]}]\n", 1.0),
    ],
)
def test_a_task_file_may_say_how_answers_are_read(tmp_path: Path, more: str, value: float) -> None:
    assert judged(built(tmp_path, more), " Town 0") == (value, [] if value else ["near_miss"])


def test_strip_is_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="strip: 'yes please'; write true or false"):
        built(tmp_path, "metadata: {strip: 'yes please'}\n")


def test_a_filter_that_finds_nothing_is_an_unread_answer(tmp_path: Path) -> None:
    filters = "[{function: regex, regex_pattern: 'Town (\\d)'}, {function: take_first}]"
    task = built(tmp_path, f"filter_list: [{{name: f, filter: {filters}}}]\n")
    assert judged(task, "I do not know") == (0.0, ["unread"])
    assert judged(task, "Town 3") == (0.0, [])


@pytest.mark.parametrize("recorded", [True, False])
def test_live_and_recorded_answers_are_cleaned_alike(tmp_path: Path, recorded: bool) -> None:
    folder = tmp_path / "lm_eval" / "tasks" / "capitals"
    built(folder)
    (tmp_path / "said.jsonl").write_text("\n".join(json.dumps({"asked": r["q"], "said": r["a"]}) for r in ROWS))
    table = {"format": "table", "key": "asked", "answer": "said"}
    other = (
        {"id": "log", "model": "import:said.jsonl", "recorded": table} if recorded else {"id": "b", "model": "fake:b"}
    )
    candidates = [{"id": "live", "model": "fake:a"}, other]
    trial = {"candidates": candidates, "tasks": ["capitals"], "task_paths": [str(folder)]}
    [task] = plan_trial(Trial.model_validate(trial), tmp_path).tasks
    assert judged(task.plain, " Town 0")[0] == (1.0 if recorded else 0.0)
