"""A worker that is a program of its own: ``python -m fairtrial.workers.serving``.

It reads from its input what opens its service, then work, and writes messages to its output.  It ends when its input
does, so that none is left behind when whoever started it is killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
import traceback
from queue import SimpleQueue
from typing import IO, Any

from fairtrial.workers.base import OpenService, WorkerService, end_work


def serve(source: IO[bytes], target: IO[bytes]) -> None:
    """Do what is read from ``source`` until it ends, and write what comes of it to ``target``."""
    opens: OpenService = pickle.load(source)  # in the main thread, for the sake of what it imports
    coming: SimpleQueue[Any] = SimpleQueue()
    writing = threading.Lock()

    def read() -> None:
        try:
            while True:
                coming.put(pickle.load(source))
        except (EOFError, OSError, pickle.UnpicklingError):
            os._exit(0)  # whoever started this is gone, or wants no more
        except Exception:
            traceback.print_exc()
            os._exit(8)  # work that cannot be read here: better lost than waited for

    def tell(message: Any) -> None:
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        with writing:
            target.write(data)
            target.flush()

    service: WorkerService | None = None

    def open_service() -> None:
        nonlocal service
        service = opens(tell)

    threading.Thread(target=read, daemon=True).start()
    tell(end_work(open_service))
    while service is not None:
        tell(end_work(service.do, coming.get()))


def main() -> None:
    """Serve through this process's own input and output; whatever else is printed goes to its standard error."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this ends it
    target = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    try:
        serve(sys.stdin.buffer, target)
    except BrokenPipeError:
        os._exit(1)


if __name__ == "__main__":
    main()
