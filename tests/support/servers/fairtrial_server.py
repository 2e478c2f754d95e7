"""``fairtrial serve`` in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Running:
    """A server.

    Attributes:
        url: with ``/v1``.
        process: its own.
        lines: what it has said on standard error so far.
    """

    url: str
    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def root(self) -> str:
        """The address without ``/v1``."""
        return self.url.removesuffix("/v1")

    def stop(self) -> int:
        """Tell it to stop, as Ctrl-C does, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(600)


@contextmanager
def fairtrial_server(*arguments: str, env: dict[str, str] | None = None) -> Iterator[Running]:
    """Yield a server that listens; it is killed at the end."""
    command = [sys.executable, "-m", "fairtrial", "serve", *arguments, "--port", "0", "--threads", "1"]
    told = {**os.environ, **(env or {})}
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=told)
    lines: list[str] = []
    assert process.stderr is not None and process.stdout is not None
    reader = threading.Thread(target=lambda: lines.extend(process.stderr or ()), daemon=True)
    reader.start()
    try:
        said = process.stdout.readline()
        if not said.startswith("Listening on "):
            process.wait(600)
            reader.join(600)
            raise RuntimeError("".join(lines) or said)
        yield Running(said.split()[2], process, lines)
    finally:
        process.kill()
        process.wait()
