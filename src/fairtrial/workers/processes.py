"""Workers that are processes of this machine: programs of their own that know nothing of the one that started them.

So a script without ``if __name__ == "__main__"`` can start them, and one with threads may.
"""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

try:
    import fcntl
except ImportError:  # another system
    fcntl = None  # type: ignore[assignment]

from fairtrial.workers.base import LostWorkerError, OpenService, WorkEnded

PIPE = 1 << 18
"""Bytes that wait for a process to read them: those of a few pieces of work."""
LAST_WORDS = 300
"""Characters of what a process said last that are told when it is lost."""


class WorkerProcess:
    """See `fairtrial.workers.base.WorkerLink`."""

    def __init__(self, opens: OpenService) -> None:
        """Start a process and wait until its service is open.

        Raises what prevents that, LostWorkerError if the process ended.
        """
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed with this)
        found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fairtrial.workers.serving"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=found,
            start_new_session=True,  # Ctrl-C is for whoever started it
        )
        assert self._process.stdin is not None and self._process.stdout is not None
        self._input, self._output = self._process.stdin, self._process.stdout
        if hasattr(fcntl, "F_SETPIPE_SZ"):
            with suppress(OSError):  # the system gives no more
                fcntl.fcntl(self._input, fcntl.F_SETPIPE_SZ, PIPE)
        try:
            self.send(opens)
            ready = self.receive()
            assert isinstance(ready, WorkEnded)
            ready.result()
        except BaseException:
            self.close()
            raise

    def send(self, work: Any) -> None:
        """Write work to the process, which reads it at once."""
        data = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
        with suppress(OSError, ValueError):  # it has ended: `receive` says so
            self._input.write(data)
            self._input.flush()

    def receive(self) -> Any:
        """Return what the process writes next."""
        try:
            return pickle.load(self._output)  # from our own process
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise LostWorkerError(self._explain_end()) from error

    def kill(self) -> None:
        """End the process."""
        self._process.kill()

    def close(self) -> None:
        """End the process, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._input, self._output, self._said):
            with suppress(OSError):
                pipe.close()

    def _explain_end(self) -> str:
        self._process.kill()  # it may have spoilt its output and live on
        code = self._process.wait()
        how = f"was ended by signal {-code}" if code < 0 else f"ended with exit code {code}"
        with suppress(OSError, ValueError):
            self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - LAST_WORDS))
            words = " ".join(self._said.read().decode("utf-8", "replace").split())
            return f"{how} (it said: {words!r})" if words else how
        return how
