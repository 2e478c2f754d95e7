"""``fairtrial`` as a command in a process of its own, without waiting for Python and its imports each time.

Where the start itself is tested, or its encoding, a test starts ``python -m fairtrial`` by itself.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from functools import cache
from pathlib import Path


@cache
def start_server() -> socket.socket:
    """Start what starts commands, once for all tests of this process; it ends with it."""
    ours, theirs = socket.socketpair()
    command = [sys.executable, "-m", "tests.support.command_server", str(theirs.fileno())]
    process = subprocess.Popen(command, pass_fds=[theirs.fileno()], cwd=Path(__file__).parents[2])
    theirs.close()
    atexit.register(process.wait)
    atexit.register(ours.close)  # comes first: then nobody asks
    return ours


def run_fairtrial(
    *arguments: object,
    cwd: Path | str | None = None,
    env: Mapping[str, str] | None = None,
    input: str = "",
    timeout: float = 600,
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as ``subprocess.run`` would; it is killed where it takes longer."""
    words = [str(word) for word in arguments]
    environment = dict(os.environ if env is None else env)
    asked = {"arguments": words, "folder": str(cwd or Path.cwd()), "environment": environment}
    with (
        tempfile.TemporaryFile("w+") as request,
        tempfile.TemporaryFile("w+") as typed,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as said,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as complained,
    ):
        json.dump(asked, request)
        typed.write(input)
        for file in (request, typed):
            file.seek(0)
        told, tells = os.pipe()
        files = [file.fileno() for file in (request, typed, said, complained)]
        socket.send_fds(start_server(), [b"."], [*files, tells])
        os.close(tells)
        code = wait_for_end(told, words, timeout)
        said.seek(0)
        complained.seek(0)
        return subprocess.CompletedProcess(["fairtrial", *words], code, said.read(), complained.read())


def run_line(line: str, cwd: Path, env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command as a page shows it, with or without the dollar before it."""
    program, *words = shlex.split(line.removeprefix("$ "))
    assert program == "fairtrial"
    return run_fairtrial(*words, cwd=cwd, env=env)


def wait_for_end(told: int, words: list[str], timeout: float) -> int:
    """Return a command's exit code."""
    with os.fdopen(told) as lines:
        process = int(lines.readline())
        if not select.select([lines], [], [], timeout)[0]:
            os.kill(process, signal.SIGKILL)
            raise subprocess.TimeoutExpired(["fairtrial", *words], timeout)
        return int(lines.readline())
