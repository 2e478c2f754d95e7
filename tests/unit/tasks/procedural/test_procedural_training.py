from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural import PROCEDURAL
from fairtrial.tasks.procedural.training import TrainingQuestions, build_procedural_task


@pytest.mark.parametrize("name", sorted(PROCEDURAL))
def test_rows_are_questions_of_the_task_with_their_answers(name: str) -> None:
    level = build_procedural_task(name, TaskOptions()).level
    rows = list(TrainingQuestions(name, (level,)).draw(5))
    assert len({row["id"] for row in rows}) == 5
    for row in rows:
        system, user, assistant = row["messages"]
        assert [one["role"] for one in row["messages"]] == ["system", "user", "assistant"]
        assert system["content"] == build_procedural_task(name, TaskOptions()).instruction
        assert user["content"].endswith("\nAnswer:")
        assert assistant["content"]
        assert row["source"] == {"task": name, "version": "1", "level": level, "training_seed": 0} | {
            "version": row["source"]["version"]
        }
        assert row["licence"] == "CC0-1.0"


def test_a_row_is_what_a_trial_would_ask() -> None:
    task = build_procedural_task("instructions", TaskOptions(level=2, items=1, shots=0))
    [request] = task.requests(task.items()[0])
    asked = request.prompts[0]
    [row] = TrainingQuestions("instructions", (2,)).draw(1)
    assert row["messages"][0]["content"] == asked.system.strip()
    assert row["messages"][1]["content"].partition("\n")[2] == asked.user.partition("\n")[2] == "Answer:"


def test_no_row_is_an_item_or_example_of_a_trial() -> None:
    questions = TrainingQuestions("arithmetic_open", (1,), avoided=(0, 7))
    asked = {row["messages"][1]["content"] for row in questions.draw(600)}
    for seed in (0, 7):
        task = build_procedural_task("arithmetic_open", TaskOptions(level=1, seed=seed, items=1000, shots=4))
        tested = {task.write_question(item)[0].text for item in task.items()}  # type: ignore[union-attr]
        assert len(tested) == 1000
        assert not tested & asked
    assert len(asked) == 600
    assert questions.left_out > 0


def test_levels_come_in_turn_and_seeds_give_other_rows() -> None:
    rows = list(TrainingQuestions("table", (1, 2, 5)).draw(6))
    assert [row["source"]["level"] for row in rows] == [1, 2, 5, 1, 2, 5]
    assert rows == list(TrainingQuestions("table", (1, 2, 5)).draw(6))
    other = TrainingQuestions("table", (1, 2, 5), seed=1).draw(6)
    assert {row["id"] for row in rows}.isdisjoint({row["id"] for row in other})


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'logic'"):
        TrainingQuestions("logik")
    with pytest.raises(SpecError, match="level 9 does not exist"):
        TrainingQuestions("logic", (9,))


def test_rows_are_written_whole_and_never_over_a_file(tmp_path: Path) -> None:
    out = tmp_path / "rows.jsonl"
    given = ["tasks", "--training", "logic", "--levels", "1,3", "--rows", "4", "--out", str(out)]
    done = CliRunner().invoke(app, given)
    assert done.exit_code == 0, done.output
    assert [json.loads(line)["source"]["level"] for line in out.read_text().splitlines()] == [1, 3, 1, 3]
    again = CliRunner().invoke(app, given)
    assert isinstance(again.exception, SpecError)
    wrong = CliRunner().invoke(app, [*given[:3], "--levels", "1;3", "--out", str(tmp_path / "b.jsonl")])
    assert "whole numbers with commas" in str(wrong.exception)
    wrong = CliRunner().invoke(app, ["tasks", "--training", "charts", "--out", str(tmp_path / "b.jsonl")])
    assert "shows pictures" in str(wrong.exception)
    wrong = CliRunner().invoke(app, ["tasks", "--rows", "4", "--out", str(tmp_path / "b.jsonl")])
    assert "--out is for rows of training" in str(wrong.exception) and not (tmp_path / "b.jsonl").exists()
