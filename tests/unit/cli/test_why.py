"""``fairtrial tasks --why``: what keeps a task from being asked, of one task and of a group."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.tasks.explaining import explain_name
from fairtrial.tasks.find import TaskFinder

GOOD: dict[str, Any] = {
    "dataset_path": "json", "test_split": "test", "output_type": "multiple_choice", "doc_to_text": "q",
    "doc_to_target": 0, "doc_to_choice": ["a", "b"],
}  # fmt: skip
CODE = "process_docs: !function utils.go\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    odd = {"metric_list": [{"metric": "meteor"}]}
    files = {
        "good": (GOOD, ""),
        "coded": (GOOD, CODE),
        "both": ({**GOOD, **odd}, CODE),
        "sounds": ({**GOOD, "doc_to_audio": "sound"}, ""),
        "partly": (GOOD, "metric_list:\n- {metric: acc}\n- metric: f1\n  aggregation: !function utils.odd\n"),
    }
    for name, (task, more) in files.items():
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump({"task": name, **task}) + more)
    (tmp_path / "all.yaml").write_text(yaml.safe_dump({"group": "all", "task": [*files]}))
    return tmp_path


def test_all_reasons_of_a_task_are_told_at_once(folder: Path) -> None:
    told = explain_name(TaskFinder([folder], installed=False), "both")
    assert (told.tasks, told.accepted, told.only_code) == (1, [], 0)
    found = {one.reason.key: one.reason for one in told.reasons}
    assert {key: (reason.kind, reason.what) for key, reason in found.items()} == {
        "process_docs": ("function", "utils.go"),
        "metric_list": ("unsupported", "meteor"),
    }
    assert found["process_docs"].where == f"{folder / 'both.yaml'}:12"
    assert "Supported for multiple_choice: acc" in found["metric_list"].fix


def test_a_group_is_gathered_by_reason(folder: Path) -> None:
    told = explain_name(TaskFinder([folder], installed=False), "all")
    assert (told.tasks, told.accepted, told.left_out) == (5, ["good", "partly"], {"partly": ("f1",)})
    assert [(one.reason.key, list(one.tasks), one.alone) for one in told.reasons] == [
        ("process_docs", ["coded", "both"], 1),
        ("metric_list", ["both"], 0),
        ("doc_to_audio", ["sounds"], 1),
    ]
    assert told.only_code == 1


def run(folder: Path, *more: str) -> str:
    found = CliRunner().invoke(app, ["tasks", "--task-path", str(folder), *more], env={"COLUMNS": "80"})
    assert found.exit_code == 0
    return found.output


def test_the_verb_says_it_in_words(folder: Path) -> None:
    assert run(folder, "--why", "good") == "good can be asked.\n"
    text = run(folder, "--why", "all")
    assert "all: 2 of 5 tasks can be asked. Of the other 3, 1 lack nothing but Python" in text
    assert "process_docs: Python function utils.go" in text
    assert "2 tasks: coded, both; 1 of them lack nothing else." in text
    assert "partly: not computed: f1" in text
    assert text.count("--trust-task-code") == 1


def test_the_verb_says_it_in_json(folder: Path) -> None:
    document = json.loads(run(folder, "--why", "sounds", "--json"))
    assert document["accepted"] == []
    assert document["reasons"][0]["key"] == "doc_to_audio"
    assert document["reasons"][0]["tasks"] == ["sounds"]


def test_an_unknown_name_is_an_error(folder: Path) -> None:
    found = CliRunner().invoke(app, ["tasks", "--task-path", str(folder), "--why", "goood"])
    assert found.exit_code != 0
