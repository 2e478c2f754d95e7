"""The page docs/how-to/every-answer.md: its commands are run, and print what it shows."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import pytest

from tests.support.commands import run_line

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "every-answer.md"


def read_commands() -> list[tuple[str, list[str]]]:
    """Return the commands of the page, each with the lines that it is shown to print."""
    blocks = re.findall(r"```console\n\$ (.*?)\n(.*?)```", PAGE.read_text(), re.S)
    return [(command, shown.splitlines()) for command, shown in blocks]


def make_pattern(line: str) -> str:
    """Return what a line that is shown stands for: other ids and sizes are the same to a reader."""
    parts = re.split(r"(\.\.\.|\b[0-9a-f]{8}\b|\d\.\d MB)", line)
    free = {"...": ".*", "MB": r"[\d.]+ MB"}
    return "".join(
        free.get(part.rpartition(" ")[2], "[0-9a-f]{8}") if at % 2 else re.escape(part) for at, part in enumerate(parts)
    )


@pytest.mark.model
def test_the_page_is_true(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    commands = read_commands()
    assert len(commands) == 3
    for command, shown in commands:
        ended = run_line(command, tmp_path, {**os.environ, "COLUMNS": "100"})
        assert ended.returncode == 0, ended.stderr
        lines = ended.stdout.splitlines()[-len([line for line in shown if line != "..."]) :]
        for line, pattern in zip(lines, [one for one in shown if one != "..."], strict=True):
            assert re.fullmatch(make_pattern(pattern), line), (line, pattern)
    told = json.loads(ended.stdout)
    assert (tmp_path / told["path"]).stat().st_size == told["bytes"]
    assert (tmp_path / "compare-items.html").read_text().startswith("<!doctype html>")
