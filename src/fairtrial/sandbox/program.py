"""Runs one Python program that a model wrote, within limits, for `fairtrial.sandbox.programs`; a process of its own.

It reads a JSON line with ``source``, ``token``, ``seconds``, ``folders`` and ``beside``, and, when the program has come
to its end without an error, writes the token; else the error, in a line.  Standing in a scratch folder is its parent's
business.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any

MEMORY = 2 << 30
FILES = 64
FILE_SIZE = 16 << 20


def main() -> None:
    """Run the program that stands on the input."""
    said = json.loads(sys.stdin.buffer.readline())
    out = os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    limits = importlib.import_module("limits")  # beside this file, without the rest of the package
    sys.path[:] = [path for path in sys.path if path != said["beside"]] + said["folders"]
    sys.modules.pop("limits")
    limits.limit_time(said["seconds"])
    limits.set_limits(memory=MEMORY, files=FILES, file_size=FILE_SIZE)
    closed = limits.refuse_calls((*limits.NETWORK, *limits.PROCESSES, *limits.SIGNALS, *limits.LIMITS, *limits.FOREIGN))
    if not closed:
        sys.modules["socket"] = None  # type: ignore[assignment]
    os.write(out, (_run(said["source"], said["token"]) + "\n").encode("utf-8", "replace"))
    os._exit(0)  # whatever the program has left running


def _run(source: str, token: str) -> str:
    names: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
    try:
        exec(compile(source, "<program>", "exec"), names)
    except BaseException as error:
        return f"{type(error).__name__}: {str(error)[:200]}".replace("\n", " ")
    return token


if __name__ == "__main__":
    main()
