"""The program of a process that does jobs for another one: ``python -m fairtrial.curation.worker``.

Jobs come on standard input, and what became of each goes to standard output: None, or the error.  It ends when nothing
more can come, so that it outlives whoever started it by no more than one job.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import IO

from fairtrial.curation.jobs import CurationJob, send
from fairtrial.errors import FairtrialError


def do_jobs(jobs: IO[bytes], outcomes: IO[bytes]) -> None:
    """Do jobs until no more come."""
    while True:
        try:
            job: CurationJob = pickle.load(jobs)  # from our own process
        except EOFError:
            return
        error: Exception | None = None
        try:
            job.run()
        except FairtrialError as known:
            error = known
        except Exception as unknown:
            error = _copy_error(unknown)
        send(outcomes, error)


def _copy_error(error: Exception) -> Exception:
    """Return an error that can be sent, with its words."""
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")


def main() -> None:
    """Serve standard input; what a job prints goes to standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    outcomes = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        do_jobs(sys.stdin.buffer, outcomes)
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
