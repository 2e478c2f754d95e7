"""Hostile inputs, one reader at a time, each in a forked process with a limit of time and memory.

A reader may return anything or raise a FairtrialError.  Whatever else happens is a finding: another exception, a
process that dies, more than `SECONDS` or `PATIENCE`, more than `MEMORY`.  ``FAIRTRIAL_FUZZ=2000`` tries so many inputs
a reader; the default suits every run of the tests.
"""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import multiprocessing
import os
import resource
import sys
import time
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

from hypothesis import HealthCheck, settings

from fairtrial.errors import FairtrialError

SECONDS = 10
"""Longest time of the processor for one input."""

PATIENCE = 600
"""Longest time by the clock: a busy machine is not the reader's fault, waiting without end is."""

MEMORY = 1 << 30
"""Bytes that the process may take beyond what it had when it was forked."""

EXAMPLES = int(os.environ.get("FAIRTRIAL_FUZZ", "40"))
"""Inputs tried for each reader."""

bounded = settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize="FAIRTRIAL_FUZZ" not in os.environ,
    suppress_health_check=list(HealthCheck),
)
"""Decorates a test with ``@given``."""


def survives(reader: Callable[[], object]) -> str:
    """Run a reader in a forked process and return what went wrong, or an empty string.

    The process prints nothing; its memory is limited, and it is killed when its time is over.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    child = context.Process(target=_read, args=(reader, theirs), daemon=True)
    begun = time.monotonic()
    child.start()
    theirs.close()
    said = "died"
    if ours.poll(PATIENCE):
        with contextlib.suppress(EOFError):
            said = ours.recv()
    else:
        said = f"still running after {PATIENCE} s"
        child.kill()
    child.join()
    ours.close()
    if said == "died":
        return f"the process ended with code {child.exitcode} after {time.monotonic() - begun:.1f} s"
    return "" if said == "well" else said


def _read(reader: Callable[[], object], told: Connection) -> None:
    limit = _address_space() + MEMORY
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS + 1))
    faulthandler.disable()
    sys.settrace(None)  # a measure of coverage costs several times the reader's own time
    gc.freeze()  # nor does the reader pay for copying what this process was forked with
    with (
        Path(os.devnull).open("w") as nowhere,
        contextlib.redirect_stdout(nowhere),
        contextlib.redirect_stderr(nowhere),
    ):
        try:
            reader()
            said = "well"
        except FairtrialError as error:
            said = "well" if str(error).strip() else f"{type(error).__name__} without a message"
        except BaseException:
            said = traceback.format_exc(limit=-6)
    told.send(said)
    told.close()
    os._exit(0)


def _address_space() -> int:
    """Return the bytes of address space that this process has now."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
