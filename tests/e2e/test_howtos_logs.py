"""The pages docs/how-to/two-logs.md and slide-and-numbers.md: their commands are run, and print what they show."""

from __future__ import annotations

import os
import re
from pathlib import Path

import openpyxl  # type: ignore[import-untyped]
import pytest

from tests.support.commands import run_fairtrial, run_line
from tests.support.logs import write_lm_eval, write_promptfoo

PAGES = Path(__file__).parents[2] / "docs" / "how-to"
RIGHT = [(i * 7) % 10 < 6 for i in range(300)]
BETTER = [right or i % 7 == 0 for i, right in enumerate(RIGHT)]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    write_lm_eval(tmp_path / "runs" / "A", RIGHT)
    write_lm_eval(tmp_path / "runs" / "B", BETTER, prompt="Question:")
    write_promptfoo(tmp_path / "results.json", {("openai:small", 0): RIGHT[:200], ("openai:small", 1): BETTER[:200]})
    rows = [f"T{i},team-{i // 5},{int(RIGHT[i])},{int(BETTER[i])}" for i in range(200)]
    (tmp_path / "scores.csv").write_text("\n".join(["ticket,team,model_a,model_b", *rows]) + "\n")
    return tmp_path


@pytest.mark.parametrize(("name", "commands"), [("two-logs.md", 3), ("slide-and-numbers.md", 4)])
def test_the_page_is_true(place: Path, name: str, commands: int) -> None:
    page = (PAGES / name).read_text()
    blocks = re.findall(r"```console\n\$ (.*?)\n(.*?)```", page, re.S)
    assert len(blocks) == commands
    for command, shown in blocks:
        ended = run_line(command, place, {**os.environ, "COLUMNS": "90"})
        assert ended.returncode == 0, ended.stderr
        printed = [line.rstrip() for line in ended.stdout.splitlines()]
        wanted = [line.rstrip() for line in shown.splitlines() if line != "..."]
        assert [line for line in wanted if line not in printed] == []


def test_the_numbers_are_there(place: Path) -> None:
    for arguments in (["compare", "runs/A", "runs/B", "-q", "--no-report"], ["export", "--out", "items.xlsx"],
                      ["export", "--out", "items.csv", "--card", "card.svg"]):  # fmt: skip
        assert run_fairtrial(*arguments, cwd=place).returncode == 0
    shown = re.search(r"```text\n(.*?)```", (PAGES / "slide-and-numbers.md").read_text(), re.S)
    assert shown is not None
    assert (place / "items.csv").read_text("utf-8-sig").startswith(shown[1])
    assert openpyxl.load_workbook(place / "items.xlsx")["verdicts"].max_row == 2
    assert (place / "card.svg").read_text().startswith("<?xml")
