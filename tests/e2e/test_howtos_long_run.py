"""The page docs/how-to/long-run.md: its trial is interrupted, resumed and shown in a narrow terminal."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = (Path(__file__).parents[2] / "docs" / "how-to" / "long-run.md").read_text()
WIDTH = 60


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """Start a command of the page in a narrow terminal's width."""
    words = [sys.executable, "-m", "fairtrial", *arguments]
    environment = {**os.environ, "COLUMNS": str(WIDTH)}
    return subprocess.Popen(
        words, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


@pytest.mark.model
def test_the_page_is_true(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    [trial] = re.findall(r"```yaml\n(.*?)```", PAGE, re.S)
    (tmp_path / "nightly.yaml").write_text(trial)
    with start(tmp_path, "run", "nightly.yaml") as run:
        assert run.stderr is not None
        assert run.stderr.readline() == "200 answers to ask\n"
        first = run.stderr.readline()
        run.send_signal(signal.SIGINT)
        run.communicate(timeout=600)
    assert re.fullmatch(r"table  plain  50/50  0\.\d+  \(50 of 200 in all, at most .* left\)\n", first)
    assert run.returncode == 130
    with start(tmp_path, "run", "nightly.yaml") as run:
        shown, progress = run.communicate(timeout=900)
    assert run.returncode == 0, progress
    resumed = re.match(r"resuming: (\d+) of 200 answers are in the ledger, (\d+) are to be asked\n", progress)
    assert resumed is not None
    assert int(resumed[1]) >= 50 and int(resumed[1]) + int(resumed[2]) == 200
    lines = [line.rstrip() for line in shown.splitlines()]
    assert max(map(len, lines[: lines.index("What differs")])) <= WIDTH
    verdicts = re.findall(
        r"^(table|reading)\n  verdict . [a-z ]+  ·  difference [+−]\d+\.\d \[[+−]\d+\.\d, [+−]\d+\.\d\]"
        r"\n  fixed \d+  ·  broke \d+  ·  items 50$",
        "\n".join(lines),
        re.M,
    )
    assert verdicts == ["table", "reading"]
