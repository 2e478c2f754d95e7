"""The page docs/how-to/own-csv.md: its commands are run on its file, and print and write what it shows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.support.commands import run_line

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "own-csv.md").read_text()


def blocks(kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", PAGE, re.S)


def called(command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_line(command, folder)


@pytest.mark.model
def test_the_page_is_true(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    [rows] = blocks("csv")
    (tmp_path / "questions.csv").write_text(rows)
    compare, init = ([line for line in block.splitlines() if line != "..."] for block in blocks("console"))
    ended = called(compare[0], tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr.splitlines()[0] == compare[1] and "8 rows" in compare[1]
    assert re.search(r"questions +\S+% .*25\.0%", ended.stdout)
    ended = called(init[0], tmp_path)
    assert ended.stdout.splitlines() == init[1:]
    written = yaml.safe_load((tmp_path / "trial.yaml").read_text())
    assert written["tasks"] == yaml.safe_load(blocks("yaml")[0])["tasks"]
    (tmp_path / "questions.csv").write_text(rows.replace("Madrid,B", "Madrid,E"))
    ended = called("fairtrial plan trial.yaml", tmp_path)
    assert ended.returncode == 2 and all(line in ended.stderr for line in blocks("text")[0].splitlines())
