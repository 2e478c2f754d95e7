"""Files of own rows with anything in their cells: a task that keeps its promises, or one of our errors."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fairtrial.errors import FairtrialError
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.check import check_task
from fairtrial.tasks.own.saying import describe_source
from fairtrial.tasks.own.source import open_own_data
from fairtrial.tasks.own.starting import write_entry
from fairtrial.tasks.own.task import OwnTask

NAMES = [
    "question",
    "A",
    "B",
    "answer",
    "label",
    "id",
    "passage",
    "options",
    "prompt",
    "",
    "x y",
    "{{a}}",
    "distractor1",
]
TEXTS = ["A", "1", "0", "", "x", '["a", "b"]', "{'A': 1}", "A) x B) y", "a|b", "\n", '"', "\x00", "{{7*7}}", "   ", "é"]
VALUES = [*TEXTS, 1, 2.0, None, True, ["a", "b"], [1, 0], {"text": ["a", "b"]}, [[]], {"q": {"z": 1}}, float("nan")]
columns = st.lists(st.sampled_from(NAMES), min_size=1, max_size=6, unique=True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(names=columns, data=st.data(), as_json=st.booleans(), bad_rows=st.sampled_from(["refuse", "skip"]))
def test_any_file_is_a_task_or_an_error_of_ours(
    names: list[str], data: st.DataObject, as_json: bool, bad_rows: str, tmp_path: Path
) -> None:
    row = st.tuples(*[st.sampled_from(VALUES if as_json else TEXTS) for _ in names])
    rows: list[tuple[Any, ...]] = data.draw(st.lists(row, max_size=6))
    path = tmp_path / ("q.jsonl" if as_json else "q.csv")
    if as_json:
        path.write_text("\n".join(json.dumps(dict(zip(names, one, strict=True))) for one in rows))
    else:
        with path.open("w", newline="") as stream:
            csv.writer(stream).writerows([names, *rows])
    assert find_wrong(path, bad_rows) == []


def find_wrong(path: Path, bad_rows: str) -> list[str]:
    """Return what is wrong with the task of a file; nothing where the file is refused by an error that says why."""
    try:
        source = open_own_data(TaskEntry.model_validate({"file": path.name, "bad_rows": bad_rows}), path.parent)
    except FairtrialError as error:
        return [] if error.message and error.where else ["an error says neither what nor where"]
    [entry] = yaml.safe_load(write_entry(source, path.name))["tasks"]
    wrong = check_task(lambda: OwnTask(source, "q", TaskOptions()), fewest_clusters=1)
    usual = [what for what in wrong if "answer gets" not in what]  # made-up answers suit few graders
    return [*usual, *([] if describe_source(source) and TaskEntry.model_validate(entry).file else ["nothing is said"])]


def test_a_right_answer_in_a_usual_file_earns_all(tmp_path: Path) -> None:
    (tmp_path / "q.csv").write_text("question,A,B,answer\n" + "".join(f"q{n},x{n},y{n},B\n" for n in range(5)))
    source = open_own_data(TaskEntry.model_validate({"file": "q.csv"}), tmp_path)
    assert check_task(lambda: OwnTask(source, "q", TaskOptions())) == []
    with pytest.raises(FairtrialError, match="does not exist"):
        open_own_data(TaskEntry.model_validate({"file": "none.csv"}), tmp_path)
