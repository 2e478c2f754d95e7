"""A run that stands still in the middle, so that a test can end it there, however fast the machine is.

``python -m tests.support.pausing COMMITS ARGUMENTS...`` is ``fairtrial ARGUMENTS...`` that says ``paused`` on standard
output once it has written so many times, and does nothing more.
"""

from __future__ import annotations

import runpy
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fairtrial.ledger import Ledger

ROOT = Path(__file__).parents[2]


def pause_after(commits: int, tell: Callable[[], object]) -> None:
    """Have this process stand still after so many transactions with answers, all of them on disk, and tell of it."""
    commit, left = Ledger.commit, [commits]

    def pause(ledger: Ledger, *given: Any, **more: Any) -> None:
        commit(ledger, *given, **more)
        left[0] -= 1
        if left[0] == 0:
            ledger.settle()
            tell()
            time.sleep(3600)

    Ledger.commit = pause  # type: ignore[method-assign]


def start_paused(commits: int, *arguments: str) -> subprocess.Popen[str]:
    """Start ``fairtrial`` and return when it stands still."""
    command = [sys.executable, "-m", "tests.support.pausing", str(commits), *arguments]
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True)
    assert process.stdout is not None
    said = process.stdout.readline()
    assert said == "paused\n", said + process.communicate()[1]
    return process


if __name__ == "__main__":
    pause_after(int(sys.argv.pop(1)), lambda: print("paused", flush=True))
    runpy.run_module("fairtrial", run_name="__main__", alter_sys=True)
