"""Ctrl-C: the first ends a run in good order, a second one soon after changes nothing, a later one ends it at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType

PATIENCE = 2.0
"""Seconds in which answers are written down and connections closed; Ctrl-C is not heard meanwhile."""

INTERRUPTED = 130
"""Exit code."""


def expect_interrupt() -> None:
    """Let Ctrl-C while the program is still being imported end it with a line, and no traceback."""

    def tell(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            print("Interrupted. Nothing had been begun.", file=sys.stderr)
        else:
            sys.__excepthook__(kind, error, trace)

    sys.excepthook = tell


@contextmanager
def orderly_interrupts() -> Iterator[None]:
    """Let Ctrl-C raise KeyboardInterrupt once, and never show a traceback after that."""
    ours = threading.current_thread() is threading.main_thread()
    if not ours or signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
        yield
        return
    first: list[float] = []

    def hear(number: int, frame: FrameType | None) -> None:
        if not first:
            first.append(time.monotonic())
            raise KeyboardInterrupt
        if time.monotonic() - first[0] > PATIENCE:
            os._exit(INTERRUPTED)

    signal.signal(signal.SIGINT, hear)
    try:
        yield
    finally:
        # After an interrupt there is nothing left to do but to leave.
        signal.signal(signal.SIGINT, signal.SIG_IGN if first else signal.default_int_handler)
