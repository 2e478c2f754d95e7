"""Bodies of requests on their way in: how much of them is held at once, and that their memory goes back."""

from __future__ import annotations

import asyncio
import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from fairtrial.serve.errors import ApiError

LARGE = 1 << 20
"""Bytes of a body after which memory is given back."""
PAUSE = 1.0
"""Seconds until that is done, once for all bodies of the time."""


@dataclass
class Incoming:
    """Counts the bytes of bodies that are being read.

    Attributes:
        most: at once.
        held: now.
    """

    most: int = 256 << 20
    held: int = 0
    _trimming: asyncio.TimerHandle | None = field(default=None, repr=False)

    @contextmanager
    def reading(self) -> Iterator[list[bytes]]:
        """Let a body be read into the list; `take` counts its parts."""
        parts: list[bytes] = []
        try:
            yield parts
        finally:
            size = sum(map(len, parts))
            self.held -= size
            parts.clear()
            if size > LARGE and self._trimming is None:
                self._trimming = asyncio.get_running_loop().call_later(PAUSE, self._trim)

    def take(self, parts: list[bytes], part: bytes) -> None:
        """Add a part to a body.  Raises ApiError if all bodies together have become too large."""
        if self.held + len(part) > self.most:
            told = "too many large requests come in at once; try again in 2 s."
            raise ApiError(503, told, code="bodies_full", headers={"Retry-After": "2", "Connection": "close"})
        self.held += len(part)
        parts.append(part)

    def _trim(self) -> None:
        self._trimming = None
        trim_memory()


def trim_memory() -> None:
    """Give memory back that the C library keeps for later; it does so by itself only at the end of its heap."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
    if trim is not None:
        trim(0)
