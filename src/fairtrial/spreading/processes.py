"""Workers that are processes of this machine: programs of their own that know nothing of the one that started them."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import tempfile
from contextlib import suppress
from typing import Any

from fairtrial.machine import count_cores
from fairtrial.spreading.base import LostHandError, PieceEnded, SpreadWork

LAST_WORDS = 300
"""Characters of what a process said last that are told when it is lost."""


class SpreadProcessHost:
    """See `fairtrial.spreading.base.HandHost`."""

    kind = "processes"

    def __init__(self, workers: int | None = None) -> None:
        """Start so many workers at most; None: one for each core."""
        self.most = workers or count_cores()
        self.threads = max(1, count_cores() // self.most)

    def start(self, work: SpreadWork[Any, Any], packed: bytes) -> ProcessHand:
        """Start a process, and wait until it is ready."""
        hand = ProcessHand(self.threads)
        try:
            hand.send(packed)
            ready = hand.receive()
            assert isinstance(ready, PieceEnded)
            if ready.error is not None:
                raise ready.error
        except BaseException:
            hand.close()
            raise
        return hand

    def close(self) -> None:
        """Do nothing: whoever started processes has ended them."""


class ProcessHand:
    """See `fairtrial.spreading.base.HandLink`."""

    def __init__(self, threads: int) -> None:
        self._said = tempfile.TemporaryFile()  # noqa: SIM115 (closed when the process is lost, or with this)
        found = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fairtrial.spreading.worker", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._said,
            env=found,
            start_new_session=True,  # Ctrl-C is for whoever started it
        )

    def send(self, packed: bytes) -> None:
        """Write a piece to the process."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(packed)
            self._process.stdin.flush()
        except (OSError, ValueError) as error:
            raise LostHandError(self._explain_end()) from error

    def receive(self) -> Any:
        """Return what the process writes next."""
        assert self._process.stdout is not None
        try:
            return pickle.load(self._process.stdout)  # from our own process
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            raise LostHandError(self._explain_end()) from error

    def kill(self) -> None:
        """End the process."""
        self._process.kill()

    def close(self) -> None:
        """End the process, and let go of its pipes."""
        self._process.kill()
        self._process.wait()
        self._said.close()
        for pipe in (self._process.stdin, self._process.stdout):
            with suppress(OSError):
                if pipe is not None:
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
