"""The page docs/how-to/ocr-or-eyes.md: its trial runs, with fewer items, and prints what it shows."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.support.commands import run_line
from tests.support.tiny_lmm import tiny_lmm

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "ocr-or-eyes.md").read_text()


@pytest.mark.model
def test_the_page_is_true(tmp_path: Path) -> None:
    for needed in ("torch", "transformers", "llama_cpp", "rapidocr"):
        pytest.importorskip(needed)
    [written] = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    [(command, shown)] = re.findall(r"```console\n\$ (.*?)\n(.*?)```", PAGE, re.S)
    few = written.replace("vision.gguf", str(tiny_lmm("llava").text), 1)
    for task, items in (("documents", 3), ("picture_tables", 2)):
        few = few.replace(f"{task}, limit: 100", f"{task}, limit: {items}")
    (tmp_path / "eyes.yaml").write_text(few)
    ended = run_line(command, tmp_path, {**os.environ, "COLUMNS": "100"})
    assert ended.returncode == 0, ended.stderr
    printed = iter([line.strip() for line in ended.stdout.splitlines()])
    for line in shown.splitlines():
        assert line == "..." or any(seen.startswith(line.strip()) for seen in printed), (line, ended.stdout)
    [scores] = re.findall(r"^ task .*chance\s*$", ended.stdout, re.M)
    assert scores.split() == ["task", "sees", "reads", "blind", "chance"]
    assert (tmp_path / "eyes.html").exists()
