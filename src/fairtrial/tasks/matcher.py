"""A small program that applies regular expressions, one a line, for a parent that may kill it when one takes too long.

It is started by `fairtrial.tasks.patterns` in an interpreter of its own, reads JSON lines
``[operation, pattern, text, replacement, count]`` and writes one JSON line for each: ``{"found": ...}`` or
``{"error": ...}``.  It uses nothing but Python itself.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any

MEMORY = 1 << 30

SECONDS = 30
"""Seconds of processor time for one line; the parent kills earlier, unless it is gone."""


def apply(operation: str, pattern: str, text: str, replacement: str, count: int) -> Any:
    """Return what ``re.findall`` or ``re.sub`` returns."""
    if operation == "sub":
        return re.sub(pattern, replacement, text, count=count)
    return re.findall(pattern, text)


def limit_time() -> None:
    """Let the system end this process if the next line takes too long: a parent that was killed cannot."""
    try:
        import resource

        used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
        hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
        resource.setrlimit(resource.RLIMIT_CPU, (int(used) + SECONDS, hard))
    except (ImportError, ValueError, OSError):
        pass


def main() -> None:
    """Serve until the input ends."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    except (ImportError, ValueError, OSError):
        pass  # not every system has such limits; the parent's limit of time holds anyway
    for line in sys.stdin:
        limit_time()
        try:
            said = {"found": apply(*json.loads(line))}
        except Exception as error:  # whatever it is, the parent is to hear of it
            said = {"error": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
