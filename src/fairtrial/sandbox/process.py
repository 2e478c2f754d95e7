"""A process of its own for somebody else's code: asked in JSON lines, and killed when it takes too long.

The program that is started sets its own limits (`fairtrial.sandbox.limits`).  What is done here: no environment, an
interpreter that reads no user's settings, a limit of time by the clock, and of the size of an answer.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

MOST_BYTES = 64 << 20
"""Longest answer that is read."""

MOST_VALUES = 4_000_000
"""Most values in an answer, by its commas and brackets: a short text can hold values that fill the memory."""

_ENVIRONMENT = {"PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1",
                "LC_ALL": "C.UTF-8"}  # fmt: skip


class ProcessEndedError(Exception):
    """The process did not answer: it took too long, used too much memory, wrote too much, or ended itself."""


def make_command(program: Path, *arguments: str) -> list[str]:
    """Return the command for a Python program: without site packages, the user's settings and the current folder."""
    return [sys.executable, "-s", "-P", "-S", "-X", "utf8", "-B", str(program), *arguments]


def make_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the few variables that such a process gets: sets keep their order, libraries use one thread."""
    return {**_ENVIRONMENT, **(extra or {})}


class LimitedProcess:
    """A child that answers JSON lines with JSON lines; started when first asked, ended with its owner.

    Args:
        command: see `make_command`.
        serve: answers what the child asks while it works on a question: a line ``{"ask": ...}`` gets ``serve`` of it.
    """

    def __init__(self, command: Sequence[str], serve: Callable[[Any], Any] = lambda _: None) -> None:
        self._command = list(command)
        self._serve = serve
        self._lock = threading.RLock()
        self._process: subprocess.Popen[bytes] | None = None
        self._owner = 0
        self._end: Callable[[], object] = lambda: None

    @property
    def running(self) -> bool:
        """Whether the child has been started, by this process, and has not ended."""
        return self._process is not None and self._owner == os.getpid() and self._process.poll() is None

    def ask(self, question: Any, seconds: float) -> Any:
        """Return the answer to a question.

        Raises ProcessEndedError if it does not come within so many seconds, or the child has ended; it is started anew
        for the next question.
        """
        with self._lock:
            process = self._start_process()
            assert process.stdin is not None and process.stdout is not None
            watch = threading.Timer(seconds, process.kill)
            watch.daemon = True
            watch.start()
            begun = time.monotonic()
            try:
                self._send(question)
                while isinstance(said := self._receive(), dict) and "ask" in said:
                    self._send({"told": self._serve(said["ask"])})
                return said
            except (OSError, ValueError, EOFError) as error:
                took = time.monotonic() - begun
                code = self._close()
                raise ProcessEndedError(_explain(error, took, seconds, code)) from error
            finally:
                watch.cancel()

    def _send(self, message: Any) -> None:
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write(json.dumps(message).encode() + b"\n")
        self._process.stdin.flush()

    def _receive(self) -> Any:
        assert self._process is not None and self._process.stdout is not None
        line = self._process.stdout.readline(MOST_BYTES + 1)
        if len(line) > MOST_BYTES:
            raise ValueError(f"it writes more than {MOST_BYTES >> 20} MiB")
        if not line.endswith(b"\n"):
            raise EOFError
        if sum(map(line.count, (b",", b"[", b"{"))) > MOST_VALUES:
            raise ValueError(f"it answers with more than {MOST_VALUES:,} values")
        try:
            return json.loads(line)
        except RecursionError as error:
            raise ValueError("its answer is nested too deeply") from error

    def _start_process(self) -> subprocess.Popen[bytes]:
        if not self.running:
            self._end()
            self._owner = os.getpid()
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd="/",
                env=make_environment(), start_new_session=True,
            )  # fmt: skip
            self._end = weakref.finalize(self, _end_process, self._process, self._owner)
        assert self._process is not None
        return self._process

    def _close(self) -> int | None:
        process = self._process
        self._end()
        self._process = None
        return process.returncode if process else None

    def close(self) -> None:
        """End the child."""
        with self._lock:
            self._close()


def _explain(error: Exception, took: float, seconds: float, code: int | None) -> str:
    if took >= 0.95 * seconds:
        return f"it takes more than {seconds:g} s"
    if isinstance(error, ValueError):
        return str(error)
    if code is not None and code < 0:
        reasons = {24: "it takes more processor time than it may have", 9: "it was killed", 11: "it crashed",
                   25: "it writes to a file", 31: "it made a system call that is not allowed"}  # fmt: skip
        return reasons.get(-code, f"it was ended by signal {-code}")
    return "its process ended"


def _end_process(process: subprocess.Popen[bytes], owner: int) -> None:
    if owner != os.getpid():  # a copy of ours: the child is not its own
        return
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            with contextlib.suppress(OSError):  # what was still to be written has no reader any more
                stream.close()
