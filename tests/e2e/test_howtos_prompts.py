"""The pages on prompts and repeats: their files are written, their commands run, and what they show is printed."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support.commands import run_line

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
NUMBER = re.compile(r"[+−]?\d[\d.,]*")


def write_files(text: str, folder: Path) -> None:
    """Write the files that a page shows: those of its blocks that are no commands, under the names beside them."""
    blocks = re.findall(r"```(?:yaml|text)\n(.*?)```", text, re.S)
    names = re.findall(r"[Ss]ave it as `([\w.]+)`|beside it as `([\w.]+)`", text)
    assert len(blocks) == len(names)
    for body, name in zip(blocks, names, strict=True):
        (folder / "".join(name)).write_text(body)


def shape(line: str) -> str:
    """Return a line without its numbers and its spaces, which the machine and its figures decide."""
    return " ".join(NUMBER.sub("#", line).split())


@pytest.mark.model
@pytest.mark.parametrize("page", ["three-prompts.md", "temperature-repeats.md"])
def test_the_page_is_true(tmp_path: Path, page: str) -> None:
    pytest.importorskip("llama_cpp")
    text = (PAGES / page).read_text()
    write_files(text, tmp_path)
    [(command, shown)] = re.findall(r"```console\n\$ (.*?)\n(.*?)```", text, re.S)
    ended = run_line(command, tmp_path, {**os.environ, "COLUMNS": "100"})
    assert ended.returncode == 0, ended.stderr
    printed = iter([shape(line) for line in ended.stdout.splitlines()])
    for line in shown.splitlines():
        assert line == "..." or shape(line) in printed, (line, ended.stdout)
    assert list(tmp_path.glob("*.html"))
