"""A worker that is a program of its own: ``python -m fairtrial.running.runners.serving``.

It reads work from its input and writes messages to its output.  It ends when its input does, so that none is left
behind when whoever conducts the trial is killed.
"""

from __future__ import annotations

import os
import pickle
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import IO, Any

from fairtrial.machine import describe_machine
from fairtrial.running.runners.base import RunnerWork
from fairtrial.running.runners.worker import EngineWorker, Greeting, WorkerMessage, WorkerSetup


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Do what is read from ``source`` until it ends, and write what comes of it to ``target``."""
    setup: WorkerSetup = pickle.load(source)  # from our own process
    writing = threading.Lock()

    def tell(message: WorkerMessage) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with writing:
            target.write(data)
            target.flush()

    coming: SimpleQueue[RunnerWork[Any]] = SimpleQueue()

    def read() -> None:
        try:
            while True:
                coming.put(pickle.load(source))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)  # whoever conducts the trial is gone, or wants no more
        except Exception:
            traceback.print_exc()
            os._exit(8)  # work that cannot be read here: better lost than waited for

    worker = EngineWorker(setup, tell)
    tell(Greeting(describe_machine()))
    threading.Thread(target=read, daemon=True).start()
    while True:
        tell(worker.do(coming.get()))


def main() -> None:
    """Serve through this process's own input and output; whatever else is printed goes to its standard error."""
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    serve(sys.stdin.buffer, target)


if __name__ == "__main__":
    main()
