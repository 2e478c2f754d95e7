"""The command, loaded before it is known what it is to do: ``python -m fairtrial.cli.ready``.

One line of standard input, a JSON list, is its arguments; it does that one thing and ends.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

from fairtrial.cli.interrupts import expect_interrupt
from fairtrial.cli.main import load_parser, main

IDLE_SECONDS = 600.0
"""After which nobody is waited for any longer."""

NOT_ASKED = 75
"""Exit code of a process that was told nothing to do."""


def wait_for_words() -> list[str]:
    """Return the arguments once they come; nothing is left on standard input then."""
    timer = threading.Timer(IDLE_SECONDS, os._exit, (NOT_ASKED,))
    timer.daemon = True
    timer.start()
    line = sys.stdin.buffer.readline()
    timer.cancel()
    if not line:
        os._exit(NOT_ASKED)
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return [str(word) for word in json.loads(line)]


if __name__ == "__main__":
    expect_interrupt()
    load_parser()  # imports every verb
    sys.argv[1:] = wait_for_words()
    main()
