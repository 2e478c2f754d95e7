"""Names of tasks, groups and tags, and what they stand for."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import TaskError, UnknownNameError
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.lmeval import LmEvalCatalog

TASK = """task: {name}
dataset_path: json
dataset_kwargs: {{data_files: {{test: rows.jsonl}}}}
test_split: test
output_type: multiple_choice
doc_to_text: "{{{{q}}}}"
doc_to_choice: [a, b]
doc_to_target: t
"""


def fill(folder: Path, **files: str) -> LmEvalCatalog:
    (folder / "rows.jsonl").write_text('{"q": "Which?", "t": 1}\n')
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return LmEvalCatalog([folder])


def test_tasks_groups_and_tags(tmp_path: Path) -> None:
    catalog = fill(
        tmp_path,
        base="tag: [one, 'two words']\nnum_fewshot: 0\n",
        a="include: base.yaml\ntask: a\n",
        b='"task": "b"  # the second\n"tag":\n  - one\n  # not this\n  - three\n',
        c="include: b.yaml\ntask: c\ntag: []\n",
        d="group: g\ntask:\n  - a\n  - h\nmetadata: {version: 1}\n",
        e="group: h\ntask: [one]\n",
        f="tag: &x one\ntask: 'f'\n",
    )
    names = catalog.names()
    assert {name: entry.kind for name, entry in names.items()} == {
        **dict.fromkeys("abcf", "task"),
        **dict.fromkeys("gh", "group"),
        **dict.fromkeys(("one", "two words", "three"), "tag"),
    }
    assert names["one"].members == ("a", "b", "f")
    assert catalog.expand("g") == ["a", "b", "f"]
    assert catalog.expand("three") == ["b"]
    assert catalog.expand("c") == ["c"]


def test_groups_that_change_their_members(tmp_path: Path) -> None:
    group = "group: g\nnum_fewshot: 1\ntask:\n  - a\n  - task: a\n    num_fewshot: 3\n  - group: inner\n    task: [b]\n"
    own = group + "  - task: new\n    include: nothing\n    doc_to_text: hm\n"
    catalog = fill(tmp_path, a=TASK.format(name="a"), b=TASK.format(name="b"), g=own)
    assert catalog.expand("g") == ["g::a", "g::a::2", "g::b", "g::new"]
    assert [catalog.mapping(name)[0].get("num_fewshot") for name in ("g::a", "g::a::2", "a")] == [1, 3, None]
    assert catalog.mapping("g::new")[0]["doc_to_text"] == "hm"
    fresh = LmEvalCatalog([tmp_path])
    assert fresh.mapping("g::b")[0]["num_fewshot"] == 1
    assert fresh.expand("g::b") == ["g::b"]


def test_first_folder_wins_and_a_single_file_is_enough(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        fill(tmp_path / name, a=TASK.format(name="a"), other=TASK.format(name=f"only_{name}"))
    catalog = LmEvalCatalog([tmp_path / "y" / "a.yaml", tmp_path / "x"])
    assert catalog.names()["a"].path == tmp_path / "y" / "a.yaml"
    assert set(catalog.names()) == {"a", "only_x"}
    assert catalog.build("a", TaskOptions()).items()[0].gold == ("b",)


def test_a_python_task_is_listed_under_its_own_name(tmp_path: Path) -> None:
    catalog = fill(tmp_path, a="group: g\ntask: a\nclass: !function task.A\n")
    assert catalog.names()["a"].kind == "task"
    with pytest.raises(TaskError, match=r"class needs the Python function task\.A"):
        catalog.config("a")


def test_unknown_names_and_groups_where_a_task_is_wanted(tmp_path: Path) -> None:
    catalog = fill(
        tmp_path, a=TASK.format(name="colours"), g="group: g\ntask: [colours, colour]\n", h="group: h\ntask: h\n"
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'colours'"):
        catalog.expand("colour")
    with pytest.raises(UnknownNameError, match="group g: task 'colour'"):
        catalog.expand("g")
    with pytest.raises(TaskError, match="contains itself: h -> h"):
        catalog.expand("h")
    with pytest.raises(UnknownNameError):
        catalog.build("g::nothing", TaskOptions())
    with pytest.raises(UnknownNameError):
        catalog.build("colours::nothing", TaskOptions())


def test_a_group_is_not_one_task(tmp_path: Path) -> None:
    catalog = fill(tmp_path, a=TASK.format(name="a"), g="group: g\ntask: [a]\n")
    with pytest.raises(TaskError, match="'g' is a group of 1 tasks"):
        catalog.build("g", TaskOptions())


def test_broken_files_define_no_name(tmp_path: Path) -> None:
    catalog = fill(tmp_path, a="task: [1\n", b="task: {x\n", c="include: c.yaml\ntask: c\n")
    assert list(catalog.names()) == ["c"]
    with pytest.raises(TaskError, match="includes itself"):
        catalog.build("c", TaskOptions())


def test_no_folders_no_names() -> None:
    assert not LmEvalCatalog([]).names()
