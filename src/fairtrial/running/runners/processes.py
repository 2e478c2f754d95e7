"""Several engines side by side on this machine, each in a process of its own, as many as memory and threads allow.

The processes are programs of their own (`fairtrial.running.runners.serving`) and know nothing of the program that
started them, so that a script without ``if __name__ == "__main__"`` can start them, and one with threads may.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil

try:
    import fcntl
except ImportError:  # another system
    fcntl = None  # type: ignore[assignment]

from fairtrial.machine import count_cores
from fairtrial.running.runners.base import RunnerWork
from fairtrial.running.runners.jobs import LostWorkerError
from fairtrial.running.runners.machines import name_machine
from fairtrial.running.runners.worker import Greeting, WorkerMessage, WorkerSetup

SPARE = 0.9
"""Share of the memory that is free at the beginning that workers may take."""

PIPE = 1 << 18
"""Bytes that wait for a process to read them: those of a few pieces of work."""

LAST_WORDS = 300
"""Characters of what a process said last that are told when it is lost."""


class ProcessHost:
    """See `fairtrial.running.runners.jobs.WorkerHost`."""

    kind = "processes"

    def __init__(self, ledger: Path, workers: int | None, threads: int | None) -> None:
        """Start as many workers as there are cores for, and memory.

        Args:
            ledger: that has the images.
            workers: at the same time, at most; None: one for each core, or for so many cores as each has threads.
            threads: of each; None divides the cores.
        """
        cores = count_cores()
        self.most = workers or max(1, cores // (threads or 1))
        self.threads: int | None = threads or max(1, cores // self.most)
        self.ledger = ledger
        self.free = round(SPARE * psutil.virtual_memory().available)

    def has_room(self, needs: int, taken: int) -> bool:
        """Return whether the memory that was free at the beginning has room for one more."""
        return taken + needs <= self.free

    def start(self, setup: WorkerSetup, needs: int, alone: bool) -> ProcessLink:
        """Start a process and wait for its greeting."""
        return ProcessLink(replace(setup, ledger=self.ledger))

    def close(self) -> None:
        """Do nothing: whoever started processes has ended them."""


class ProcessLink:
    """See `fairtrial.running.runners.jobs.WorkerLink`."""

    def __init__(self, setup: WorkerSetup) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the link)
        found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fairtrial.running.runners.serving"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=found,
            start_new_session=True,  # Ctrl-C is for whoever conducts the trial
        )
        assert self._process.stdin is not None
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # the system gives no more
                fcntl.fcntl(self._process.stdin, fcntl.F_SETPIPE_SZ, PIPE)
        self._sending = threading.Lock()
        self.machine = name_machine()
        self.facts: Mapping[str, Any] = {}
        try:
            self._write(setup)
        except OSError as error:
            raise LostWorkerError(self._explain_end()) from error
        greeting = self.receive()
        assert isinstance(greeting, Greeting)
        self.facts = greeting.facts

    def send(self, work: RunnerWork[Any]) -> None:
        """Send work; the process takes it at once, whatever it is doing."""
        self._write(work)

    def _write(self, value: object) -> None:
        data = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
        assert self._process.stdin is not None
        with self._sending:
            self._process.stdin.write(data)
            self._process.stdin.flush()

    def receive(self) -> WorkerMessage:
        """Return the next message.  Raises LostWorkerError when the process has ended."""
        assert self._process.stdout is not None
        try:
            found: WorkerMessage = pickle.load(self._process.stdout)  # from our own process
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise LostWorkerError(self._explain_end()) from error
        return found

    def kill(self) -> None:
        """End the process."""
        self._process.kill()

    def _explain_end(self) -> str:
        self._process.kill()  # it may have spoilt its output and live on
        code = self._process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
                    pipe.close()
        with suppress(OSError, ValueError), self._said as said:
            said.seek(max(0, said.seek(0, os.SEEK_END) - LAST_WORDS))
            words = " ".join(said.read().decode("utf-8", "replace").split())
            return f"{how} (it said: {words!r})" if words else how
        return how
