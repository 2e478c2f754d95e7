"""The process that has loaded everything before a trial file is checked."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fairtrial.cli import ready as child
from fairtrial.workbench import ready
from fairtrial.workbench.ready import ReadyCommand

ECHO = "import json, sys; print(json.loads(sys.stdin.readline()))"


def start(code: str) -> subprocess.Popen[bytes]:
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", code], stdin=pipe, stdout=pipe, start_new_session=True)


def test_a_command_runs_in_a_process_that_was_there_before(tmp_path: Path) -> None:
    command = ReadyCommand(tmp_path, os.environ)
    command.prepare()
    waiting = command._waiting
    command.prepare()
    assert command._waiting is waiting and waiting is not None
    code, said = command.run(["plan", "nowhere.yaml", "--quiet"], 600)
    assert waiting.returncode == code == 2
    assert "nowhere.yaml" in said and "Traceback" not in said
    assert command._waiting is None


def test_one_that_has_ended_unasked_is_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready.NOT_ASKED == child.NOT_ASKED
    codes = iter([f"exit({ready.NOT_ASKED})", ECHO, "import time; time.sleep(600)", "import time; time.sleep(600)"])
    monkeypatch.setattr(ReadyCommand, "_begin", lambda _: start(next(codes)))
    command = ReadyCommand(tmp_path, {})
    command.prepare()
    assert command._waiting is not None and command._waiting.wait(600) == ready.NOT_ASKED
    assert command.run(["a", "b"], 600) == (0, "['a', 'b']")
    assert command.run(["a"], 0.2) == (None, "")
    command.prepare()
    waiting = command._waiting
    command.close()
    assert waiting is not None and waiting.returncode == -9
