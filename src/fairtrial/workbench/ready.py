"""A process that has loaded `fairtrial` and waits to be told what to do, so that a check need not wait for that."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

NOT_ASKED = 75
"""Its exit code where it has ended before it was asked; see `fairtrial.cli.ready`."""


class ReadyCommand:
    """Runs commands in a folder, each in a process of its own that is begun before it is known what for.

    Attributes:
        folder: that they run in.
        environment: that they have.
    """

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder, self.environment = folder, environment
        self._waiting: subprocess.Popen[bytes] | None = None
        self._lock = threading.Lock()

    def prepare(self) -> None:
        """Begin a process, if none waits; left alone it ends after ten minutes."""
        with self._lock:
            if self._waiting is None or self._waiting.poll() is not None:
                self._waiting = self._begin()

    def run(self, words: Sequence[str], seconds: float) -> tuple[int | None, str]:
        """Return the exit code and the output of a command; no code if it has not ended in so many seconds."""
        with self._lock:
            process, self._waiting = self._waiting, None
        if process is not None:
            found = _tell(process, words, seconds)
            if found[0] != NOT_ASKED:
                return found
        return _tell(self._begin(), words, seconds)

    def close(self) -> None:
        """End what waits."""
        with self._lock:
            if self._waiting is not None:
                _end(self._waiting)
            self._waiting = None

    def _begin(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "fairtrial.cli.ready"],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _tell(process: subprocess.Popen[bytes], words: Sequence[str], seconds: float) -> tuple[int | None, str]:
    try:
        said, _ = process.communicate(json.dumps(list(words)).encode() + b"\n", seconds)
    except subprocess.TimeoutExpired:
        _end(process)
        return None, ""
    return process.returncode, said.decode("utf-8", "replace").strip()


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
