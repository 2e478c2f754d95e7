"""Task files as YAML: includes, function tags, and hostile or broken files."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import TaskError
from fairtrial.tasks.lmeval.loading import CodeRef, load_yaml


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text)
    return folder / "a.yaml"


def test_own_keys_replace_included_ones_whole(tmp_path: Path) -> None:
    (tmp_path / "_base").write_text("x: {p: 1, q: 2}\ny: base\nz: base\n")
    path = write(tmp_path, a="include: [_base, b.yaml]\nx: {p: 3}\n", b="y: b\n")
    assert load_yaml(path, tmp_path) == {"x": {"p": 3}, "y": "b", "z": "base"}


def test_the_same_file_may_be_included_twice(tmp_path: Path) -> None:
    path = write(tmp_path, a="include: [b.yaml, c.yaml]\n", b="include: d.yaml\n", c="include: d.yaml\n", d="x: 1\n")
    assert load_yaml(path, tmp_path) == {"x": 1}


def test_function_tags_are_references_to_where_they_stand(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "b.yaml").write_text("k: 1\nf: !function pack.utils.go\n")
    path = write(tmp_path, a="include: sub/b.yaml\ng: !function fairtrial:bbq.doc_to_choice\n")
    loaded = load_yaml(path, tmp_path)
    assert loaded["f"] == CodeRef("pack.utils", "go", tmp_path / "sub" / "b.yaml", 2)
    assert loaded["f"].source == tmp_path / "sub" / "pack" / "utils.py"
    assert loaded["g"] == CodeRef("fairtrial", "bbq.doc_to_choice", path, 2)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a": "include: b.yaml\n", "b": "include: a.yaml\n"}, "includes itself: a.yaml -> b.yaml -> a.yaml"),
        ({"a": "include: ../x.yaml\n"}, "outside the task folder"),
        ({"a": "include: /etc/hostname\n"}, "outside the task folder"),
        ({"a": "include: b.yaml\n"}, "include 'b.yaml' does not exist"),
        ({"a": "include: 3\n"}, "must be a file name"),
        ({"a": "- 1\n- 2\n"}, "must hold a mapping"),
        ({"a": "1: x\n"}, "must hold a mapping"),
        ({"a": "x: 1\ny: [1\n"}, r"a\.yaml:3: is not valid YAML"),
        ({"a": "f: !function go\n"}, r"a\.yaml:1: !function 'go' is not of the form"),
        ({"a": "f: !!python/object/apply:os.system [ls]\n"}, "is not valid YAML"),
    ],
)
def test_what_is_wrong_is_said(files: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=said):
        load_yaml(write(tmp_path, **files), tmp_path)


@pytest.mark.parametrize("text", ["[" * 200_000 + "]" * 200_000, "{a: " * 200_000, "\n" + "- " * 200_000, "[" * 300])
def test_deep_nesting_is_an_error_not_a_crash(text: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="nested too deeply"):
        load_yaml(write(tmp_path, a=f"x: {text}\n"), tmp_path)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "tasks"
    inside.mkdir()
    (tmp_path / "secret.yaml").write_text("x: 1\n")
    (inside / "b.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(TaskError, match="outside"):
        load_yaml(write(inside, a="include: b.yaml\n"), inside)
