"""The few-shot examples of a trial's tasks as a text to calibrate on: what is in it, and what must not be."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from fairtrial import cache
from fairtrial.errors import SpecError
from fairtrial.models import hashes
from fairtrial.planning.plan import plan_trial
from fairtrial.planning.shots import join_shots
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.source import load_candidate, load_trial
from fairtrial.spec.trial import TaskEntry, Trial
from fairtrial.tasks.base import ShowsExamples, Task, TaskOptions
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.lmeval import LmEvalCatalog
from fairtrial.tasks.procedural import PROCEDURAL
from tests.support.small_gguf import write_model

FILE: dict[str, Any] = {
    "task": "t",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"train": "train.jsonl", "test": "test.jsonl"}},
    "training_split": "train",
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "{{q}}",
    "doc_to_choice": "opts",
    "doc_to_target": "t",
}


def lmeval(folder: Path, train: Sequence[str], test: Sequence[str], **changes: Any) -> Task:
    for name, questions in (("train", train), ("test", test)):
        rows = [{"q": question, "opts": ["x", "yy"], "t": n % 2} for n, question in enumerate(questions)]
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (folder / "t.yaml").write_text(yaml.safe_dump({k: v for k, v in {**FILE, **changes}.items() if v is not None}))
    return LmEvalCatalog([folder], False).build("t", TaskOptions())


@pytest.mark.parametrize("name", sorted(PROCEDURAL))
def test_no_item_of_ours_is_in_the_text(name: str) -> None:
    task = TaskFinder([], installed=False).build(name, TaskOptions(items=150, seed=3))
    assert isinstance(task, ShowsExamples)
    text = join_shots([task])
    assert len(text) > 500
    assert not [item.id for item in task.items() if item.question in text]
    assert all(example in text for example in task.examples())


def test_examples_come_from_the_few_shot_split(tmp_path: Path) -> None:
    train, test = [f"Learn {n}?" for n in range(300)], [f"Number {n}?" for n in range(9)]
    text = join_shots([lmeval(tmp_path, train, [*test, "Learn 6?"])])
    found = text.split("\n\n")
    assert found[0] == "Learn 0? x"
    assert found[-1].startswith("Learn 29")
    assert 90 < len(found) <= 128
    assert "Number" not in text
    assert "Learn 6?" not in text  # it is asked, too
    assert "Learn 60? x" in found


def test_examples_that_would_be_items_are_none(tmp_path: Path) -> None:
    test = [f"Number {n}?" for n in range(9)]
    for changes in ({"training_split": None}, {"fewshot_split": "test"}):
        with pytest.raises(SpecError, match=r"(?s)needs few-shot examples.*calibrate: FILE"):
            join_shots([lmeval(tmp_path, ["Learn?"], test, **changes)])


def test_tasks_take_turns(tmp_path: Path) -> None:
    ours = TaskFinder([], installed=False).build("table", TaskOptions(items=5))
    theirs = lmeval(tmp_path, ["Learn 1?", "Learn 2?"], ["Number 1?"])
    assert isinstance(ours, ShowsExamples)
    text = join_shots([ours, theirs])
    assert text.startswith(f"{ours.examples()[0]}\n\nLearn 1? x\n\n{ours.examples()[1]}\n\nLearn 2? yy\n\n")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    pytest.importorskip("llama_cpp")
    for module in (hashes, cache):
        monkeypatch.setattr(module, "user_cache_path", lambda _name: tmp_path / "cache")
    write_model(tmp_path / "tiny.gguf")
    return tmp_path


def test_a_trial_calibrates_on_its_tasks(place: Path) -> None:
    lever = {"quantize": {"type": "q2_k_s", "calibrate": "shots"}}
    trial = Trial(
        name="t",
        candidates=(
            Candidate(id="a", model="gguf:tiny.gguf"),
            Candidate(id="b", model="gguf:tiny.gguf", levers=(lever,)),
        ),
        tasks=(TaskEntry(task="arithmetic_open", limit=6), TaskEntry(task="patterns", limit=6)),
    )
    plan = plan_trial(trial, place)
    made = plan.candidates[1]
    [text] = (place / "cache" / "calibration").glob("shots-*.txt")
    assert text.read_text() == join_shots([task.plain for task in plan.tasks])
    assert made.model.notes["calibrated_on"] == text.name
    assert made.spec.levers == (lever,)  # as the user wrote it
    assert plan_trial(trial, place).id == plan.id


def test_paths_are_relative_to_the_file_that_names_them(place: Path) -> None:
    (place / "far").mkdir()
    (place / "far" / "text.txt").write_text("Seven boats left the harbour at dawn. " * 9)
    (place / "far" / "c.yaml").write_text(
        "id: b\nmodel: gguf:../tiny.gguf\nlevers: [{quantize: {type: q2_k_s, calibrate: text.txt}}]\n"
    )
    loaded = load_candidate(place / "far" / "c.yaml")
    assert loaded.levers[0]["quantize"]["calibrate"] == str(place / "far" / "text.txt")
    (place / "t.yaml").write_text(
        "fairtrial: 1\nname: t\ncandidates:\n  - far/c.yaml\n  - id: d\n    model: gguf:tiny.gguf\n"
        "    levers: [{quantize: {type: q2_k_s, calibrate: far/text.txt}}]\ntasks: [table]\n"
    )
    plan = plan_trial(load_trial(place / "t.yaml").trial, place)
    assert plan.candidates[0].model.sha256 == plan.candidates[1].model.sha256
    assert plan.candidates[0].model.notes["calibrated_on"] == "text.txt"
