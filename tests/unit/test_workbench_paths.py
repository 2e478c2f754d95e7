"""Files that are dropped on the workbench, and paths in trial files: none leads out of its folder."""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.workbench.paths import check_paths
from fairtrial.workbench.runs import RunTable
from fairtrial.workbench.starting import write_trial


@pytest.mark.parametrize(
    "name", ["../x.yaml", "/etc/x.yaml", ".x.yaml", "a/b.yaml", "x.py", "x.db", "", "x" * 99 + ".yaml"]
)
def test_no_name_of_a_file_leaves_the_folder(tmp_path: Path, name: str) -> None:
    with pytest.raises(SpecError, match="no name for a file here"):
        RunTable(tmp_path).save(name, "text")
    assert list(tmp_path.iterdir()) == []


def test_files_of_others_and_links_are_left_alone(tmp_path: Path) -> None:
    table = RunTable(tmp_path)
    (tmp_path / "theirs.yaml").write_text("theirs")
    (tmp_path / "link.yaml").symlink_to(tmp_path.parent / "outside.yaml")
    with pytest.raises(SpecError, match="there already"):
        table.save("theirs.yaml", "mine")
    with pytest.raises(SpecError, match="leads out"):
        table.save("link.yaml", "mine")
    assert table.save("mine.yaml", "one").read_text() == "one"
    assert table.save("mine.yaml", "two").read_text() == "two"


def test_an_excel_file_becomes_a_file_of_the_folder_or_says_how_to_save_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    openpyxl = pytest.importorskip("openpyxl")
    book = openpyxl.Workbook()
    book.active.append(["question", "answer"])
    book.active.append(["What is 1+1?", 2])
    book.save(tmp_path / "dropped.xlsx")
    content = (tmp_path / "dropped.xlsx").read_bytes()
    table = RunTable(tmp_path)
    assert table.save("mine.xlsx", b64encode(content).decode()).read_bytes() == content
    assert table.list_data() == ["dropped.xlsx", "mine.xlsx"]
    assert "{file: mine.xlsx" in write_trial({"model": ["x"], "task": ["mine.xlsx"]})[1]
    for text in ("%%%", b64encode(b"\xd0\xcf\x11\xe0").decode()):
        with pytest.raises(SpecError, match=r"no Excel workbook, or is locked(?s:.*)Save as, CSV UTF-8"):
            table.save("locked.xlsx", text)
    monkeypatch.setattr("fairtrial.workbench.runs.find_spec", lambda _: None)
    with pytest.raises(SpecError, match=r"fairtrial\[excel\](?s:.*)CSV UTF-8"):
        table.save("other.xlsx", b64encode(content).decode())
    assert not {"locked.xlsx", "other.xlsx"} & {path.name for path in tmp_path.iterdir()}


@pytest.mark.parametrize(
    "path",
    [
        "/etc/passwd",
        "~/x.csv",
        "../x.csv",
        "a/../../x.csv",
        "gguf:/x.gguf",
        "import:../log",
        "file:///x",
        "http://a/../x",
    ],
)
def test_no_path_in_a_trial_file_leaves_the_folder(path: str, tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="leads out of the folder"):
        check_paths(f"tasks: [{{file: {path}}}]", set(), tmp_path)
    known = "tasks: [{file: data/x.csv}]\ncandidates: [{model: 'gguf:/known.gguf', base_url: 'http://127.0.0.1:9/v1'}]"
    check_paths(known, {"gguf:/known.gguf"}, tmp_path)
    check_paths("a: &a [x]\nb: [*a, *a]\n{", set(), tmp_path)


def test_no_link_and_no_file_that_a_trial_names_leads_out_of_the_folder(tmp_path: Path) -> None:
    folder, secret = tmp_path / "space", tmp_path / "secret.txt"
    folder.mkdir()
    secret.write_text("secret")
    (folder / "link.txt").symlink_to(secret)
    (folder / "up").symlink_to(tmp_path)
    (folder / "one.yaml").write_text(f"system: {{file: {secret}}}")
    (folder / "fine.txt").write_text("fine")
    for path in ("link.txt", "up/secret.txt", "import:link.txt", "one.yaml"):
        with pytest.raises(SpecError, match="out of the folder"):
            check_paths(f"candidates: ['{path}']", set(), folder)
    check_paths("candidates: [{system: {file: fine.txt}}, {system: {file: missing.txt}}]", set(), folder)
