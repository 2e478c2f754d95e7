"""Task files as YAML: includes, function tags, and hostile or broken files."""

from __future__ import annotations

import os
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
        ({"a": "x: 1\nd: !!timestamp abc\n"}, r"a\.yaml:2: is not valid YAML: 'abc' is no valid date"),
        ({"a": "x: 1\nd: 2024-13-45\n"}, r"a\.yaml:2: .*'2024-13-45' is no valid date"),
        ({"a": "x: {y: !!bool abc}\n"}, r"a\.yaml:1: .*'abc' is no valid truth value"),
        ({"a": "x: !!int ''\n"}, r"a\.yaml:1: .*'' is no valid whole number"),
        ({"a": "x: !!float abc\n"}, r"a\.yaml:1: .*'abc' is no valid number"),
        ({"a": "x: !!binary \u00e9\n"}, r"a\.yaml:1: is not valid YAML"),
        ({"a": "x: " + "9" * 500 + "\n"}, r"a\.yaml:1: '9+\.\.\.' is too long for a number"),
        ({"a": "x: 1" + ":59" * 200_000 + "\n"}, r"a\.yaml:1: .* is too long for a number"),
        ({"a": "x: &a [*a]\n"}, r"a\.yaml:1: an alias refers to something that holds it"),
        ({"a": "x: &a {<<: *a}\n"}, r"a\.yaml:1: an alias refers to something that holds it"),
        ({"a": "x: 1\ny: 2\nx: 3\n"}, r"a\.yaml:3: the key 'x' is written twice .* first in line 1"),
        ({"a": "x:\n  y: 1\n  y: [1]\n"}, r"a\.yaml:3: the key 'y' is written twice .* first in line 2"),
        ({"a": 'include: "b\\0.yaml"\n'}, r"include 'b\\x00.yaml' cannot be found: embedded null"),
        ({"a": f"include: {'b' * 4000}\n"}, r"include 'b+\.\.\.' cannot be found: File name too long"),
        ({"a": f"f: !function {'b' * 4000}.c\n"}, r"a\.yaml:1: !function 'b+\.\.\.' is not of the form"),
        ({"a": "x: a\x07b\n"}, r"a\.yaml:1: the character U\+0007 is not allowed"),
        ({"a": "#" * 2_000_001}, "cannot be read: it has more than 2,000,000 bytes"),
        ({"a": ""}, "is empty"),
    ],
)
def test_what_is_wrong_is_said(files: dict[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=said):
        load_yaml(write(tmp_path, **files), tmp_path)


@pytest.mark.parametrize("text", ["[" * 200_000 + "]" * 200_000, "{a: " * 200_000, "\n" + "- " * 200_000, "[" * 300])
def test_deep_nesting_is_an_error_not_a_crash(text: str, tmp_path: Path) -> None:
    with pytest.raises(TaskError, match="nested too deeply"):
        load_yaml(write(tmp_path, a=f"x: {text}\n"), tmp_path)


def test_aliases_that_multiply_are_an_error_before_they_do(tmp_path: Path) -> None:
    bomb = "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
    merged = "a: &a {x: 1}\n"
    chain = "a0: &a0 [x]\n"
    for new, old in zip("bcdefgh", "abcdefg", strict=True):
        bomb += f"{new}: &{new} [{','.join([f'*{old}'] * 10)}]\n"
        merged += f"{new}: &{new} {{<<: [{','.join([f'*{old}'] * 10)}]}}\n"
    for n in range(1000):
        chain += f"a{n + 1}: &a{n + 1} [*a{n}]\n"
    for text, said in ((bomb, "100,000 values"), (merged, "100,000 values"), (chain, "100 levels")):
        with pytest.raises(TaskError, match=f"more than {said}"):
            load_yaml(write(tmp_path, a="dataset_kwargs:\n  " + text.replace("\n", "\n  ")), tmp_path)


def test_includes_that_multiply(tmp_path: Path) -> None:
    deep = {f"d{n}": f"include: d{n + 1}.yaml\n" for n in range(500)}
    with pytest.raises(TaskError, match="is included through more than 20 other files"):
        load_yaml(write(tmp_path, a="include: d0.yaml\n", **deep), tmp_path)
    wide = {f"w{n}": f"include: [{', '.join([f'w{n + 1}.yaml'] * 30)}]\n" for n in range(15)}
    with pytest.raises(TaskError, match="includes more than 200 files"):
        load_yaml(write(tmp_path, a="include: w0.yaml\n", **wide, w15="x: 1\n"), tmp_path)
    doubling = {f"t{n}": f"include: [t{n + 1}.yaml, t{n + 1}.yaml]\n" for n in range(15)}
    assert load_yaml(write(tmp_path, a="include: t0.yaml\n", **doubling, t15="x: 1\n"), tmp_path) == {"x": 1}


def test_a_key_written_twice_with_one_value_is_no_question(tmp_path: Path) -> None:
    assert load_yaml(write(tmp_path, a="x: 1\ny: 2\nx: 1\n"), tmp_path) == {"x": 1, "y": 2}


def test_a_byte_order_mark_is_no_part_of_a_key_and_other_encodings_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes("\ufeffx: é\n".encode())
    assert load_yaml(path, tmp_path) == {"x": "é"}
    for encoding in ("latin-1", "utf-16"):
        path.write_bytes("y: 1\nx: é\n".encode(encoding))
        with pytest.raises(TaskError, match="is not UTF-8 text"):
            load_yaml(path, tmp_path)


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "b.yaml")
    (tmp_path / "c.yaml").symlink_to("/dev/zero")
    with pytest.raises(TaskError, match="it is a named pipe"):
        load_yaml(write(tmp_path, a="include: b.yaml\n"), tmp_path)
    with pytest.raises(TaskError, match="it is a device"):
        load_yaml(tmp_path / "c.yaml", tmp_path)


def test_a_link_does_not_lead_out_of_the_folder(tmp_path: Path) -> None:
    inside = tmp_path / "tasks"
    inside.mkdir()
    (tmp_path / "secret.yaml").write_text("x: 1\n")
    (inside / "b.yaml").symlink_to(tmp_path / "secret.yaml")
    with pytest.raises(TaskError, match="outside"):
        load_yaml(write(inside, a="include: b.yaml\n"), inside)
