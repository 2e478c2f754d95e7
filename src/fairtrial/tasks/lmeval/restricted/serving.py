"""The program itself: loads a task's functions within limits, and calls them for the parent.

Started by `fairtrial.tasks.lmeval.functions` as ``serving.py PACKAGE_FOLDER [IMPORT_FOLDER ...]``.  It reads JSON lines
and answers each with one: ``{"value": ...}`` or ``{"error": ..., "kind": ...}``.  Libraries are imported first, then
the limits are set, and only then is the task's code looked at.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import types
from typing import Any

MEMORY = 4 << 30
SECONDS = 90


def _make_packages(folder: str) -> None:
    """Make fairtrial's packages known without running what they run when imported."""
    for name in ("", "sandbox", "tasks", "tasks.lmeval"):
        package = types.ModuleType(f"fairtrial.{name}".rstrip("."))
        package.__path__ = [os.path.join(folder, *name.split("."))]  # noqa: PTH118
        sys.modules[package.__name__] = package


class _Channel:
    """The two pipes, kept away from whatever else writes to the usual places."""

    def __init__(self) -> None:
        self._in = os.fdopen(os.dup(0), "rb")
        self._out = os.fdopen(os.dup(1), "wb")
        nowhere = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nowhere, number)
        os.close(nowhere)

    def receive(self) -> Any:
        """Return the next message, or None at the end."""
        line = self._in.readline()
        return json.loads(line) if line else None

    def send(self, message: Any) -> None:
        """Send a message."""
        self._out.write(json.dumps(message).encode() + b"\n")
        self._out.flush()


def _limit() -> None:
    limits = importlib.import_module("fairtrial.sandbox.limits")
    limits.set_limits(memory=MEMORY)
    limits.allow_only(limits.NEEDED)


def main() -> None:
    """Serve until the input ends."""
    _make_packages(sys.argv[1])
    sys.path += sys.argv[2:]
    channel = _Channel()
    first = channel.receive()
    loading = importlib.import_module("fairtrial.tasks.lmeval.restricted.loading")
    limits = importlib.import_module("fairtrial.sandbox.limits")
    try:
        modules = loading.TaskModules(first, channel)
    except Exception as error:  # a library that is not as it should be
        channel.send({"error": str(error)[:400], "kind": type(error).__name__})
        return
    _limit()
    message: Any = {"op": "load"}
    while message is not None:
        limits.limit_time(SECONDS)
        channel.send(modules.answer(message))
        message = channel.receive()


if __name__ == "__main__":
    main()
