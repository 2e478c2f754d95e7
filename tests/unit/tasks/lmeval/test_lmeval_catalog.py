"""Names of tasks, groups and tags, and what they stand for."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fairtrial.errors import TaskError, UnknownNameError
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.find import TaskFinder
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
    names = catalog.list_names()
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
    assert [catalog.read_mapping(name)[0].get("num_fewshot") for name in ("g::a", "g::a::2", "a")] == [1, 3, None]
    assert catalog.read_mapping("g::new")[0]["doc_to_text"] == "hm"
    fresh = LmEvalCatalog([tmp_path])
    assert fresh.read_mapping("g::b")[0]["num_fewshot"] == 1
    assert fresh.expand("g::b") == ["g::b"]


def test_first_folder_wins_and_a_single_file_is_enough(tmp_path: Path) -> None:
    for name in ("x", "y"):
        (tmp_path / name).mkdir()
        fill(tmp_path / name, a=TASK.format(name="a"), other=TASK.format(name=f"only_{name}"))
    catalog = LmEvalCatalog([tmp_path / "y" / "a.yaml", tmp_path / "x"])
    assert catalog.list_names()["a"].path == tmp_path / "y" / "a.yaml"
    assert set(catalog.list_names()) == {"a", "only_x"}
    assert catalog.build("a", TaskOptions()).items()[0].gold == ("b",)


def test_a_python_task_is_listed_under_its_own_name(tmp_path: Path) -> None:
    catalog = fill(tmp_path, a="group: g\ntask: a\nclass: !function task.A\n")
    assert catalog.list_names()["a"].kind == "task"
    with pytest.raises(TaskError, match=r"class needs the Python function task\.A"):
        catalog.read_config("a")


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
    with pytest.raises(UnknownNameError, match="group g: task 'colour' does not exist"):
        catalog.build("g::nothing", TaskOptions())
    with pytest.raises(UnknownNameError, match="task 'colours::nothing' does not exist"):
        catalog.build("colours::nothing", TaskOptions())


def test_a_group_is_not_one_task(tmp_path: Path) -> None:
    catalog = fill(tmp_path, a=TASK.format(name="a"), g="group: g\ntask: [a]\n")
    with pytest.raises(TaskError, match="'g' is a group of 1 tasks"):
        catalog.build("g", TaskOptions())


def test_broken_files_define_no_name(tmp_path: Path) -> None:
    catalog = fill(tmp_path, a="task: [1\n", b="task: {x\n", c="include: c.yaml\ntask: c\n")
    assert list(catalog.list_names()) == ["c"]
    with pytest.raises(TaskError, match="includes itself"):
        catalog.build("c", TaskOptions())


def test_a_bad_file_is_named_and_hides_no_other(tmp_path: Path) -> None:
    catalog = fill(
        tmp_path, good=TASK.format(name="good"), tagged="task: &x y\nd: !!bool abc\n",
        spaces=f"task: a{' ' * 50_000}b: c\n",
        late=TASK.format(name="late") + "metadata: {d: !!timestamp abc}\n",
    )  # fmt: skip
    os.mkfifo(tmp_path / "pipe.yaml")
    (tmp_path / "device.yaml").symlink_to("/dev/zero")
    (tmp_path / "bom.yaml").write_bytes(("\ufeff" + TASK.format(name="bom")).encode())
    (tmp_path / "latin.yaml").write_bytes(TASK.format(name="latin").encode() + "description: é\n".encode("latin-1"))
    (tmp_path / "wide.yaml").write_bytes(TASK.format(name="wide").encode("utf-16"))
    begun = time.process_time()
    assert {"good", "bom", "latin", "late"} <= set(catalog.list_names())
    assert time.process_time() - begun < 5
    broken = {Path(file).name: why for file, why in catalog.list_broken().items()}
    assert "it is a named pipe" in broken["pipe.yaml"] and "it is a device" in broken["device.yaml"]
    assert broken["tagged.yaml"].startswith("line 2: ") and "not UTF-8" in broken["wide.yaml"]
    assert catalog.read_config("bom").name == "bom"
    for name, said in (("latin", "is not UTF-8 text"), ("late", "'abc' is no valid date")):
        with pytest.raises(TaskError, match=said):
            catalog.read_config(name)
    finder = TaskFinder([tmp_path], installed=False)
    with pytest.raises(TaskError, match=r"'wide' may be in this file, which cannot be used: is not UTF-8 text"):
        finder.expand("wide")
    with pytest.raises(UnknownNameError, match=r"may be in a file that could not be read: .*device\.yaml \(cannot be"):
        finder.expand("elsewhere")


def test_groups_that_multiply(tmp_path: Path) -> None:
    chain = {f"g{n}": f"group: g{n}\ntask: [g{n + 1}]\n" for n in range(40)}
    with pytest.raises(TaskError, match="more than 30 levels"):
        fill(tmp_path, **chain, g40=TASK.format(name="g40")).expand("g0")
    wide = {f"w{n}": f"group: w{n}\ntask: [{', '.join([f'w{n + 1}'] * 9)}]\n" for n in range(8)}
    with pytest.raises(TaskError, match="over and over"):
        fill(tmp_path, **wide, w8=TASK.format(name="w8")).expand("w0")
    with pytest.raises(TaskError, match="must have a list of tasks; got 3"):
        fill(tmp_path, h="group: h\ntask: 3\n").expand("h")


def test_no_folders_no_names() -> None:
    assert not LmEvalCatalog([]).list_names()
