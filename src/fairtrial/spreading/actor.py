"""What an actor of Ray does with pieces.  Knows nothing of Ray itself.

What goes in and out is bytes that this project alone packs and reads, so that Ray, its logs and its errors never show
what is in them.
"""

from __future__ import annotations

import pickle
import platform
from collections.abc import Iterator, Sequence
from typing import Any

from fairtrial.machine import package_version
from fairtrial.spreading.base import PieceEnded, SpreadTool
from fairtrial.spreading.worker import do_piece, make_sendable


def list_software(packages: Sequence[str]) -> dict[str, str]:
    """Return what of this machine's software can change what comes of some work: name to version, empty if none."""
    python = ".".join(platform.python_version_tuple()[:2])
    return {"Python": python} | {name: package_version(name) or "" for name in ("fairtrial", *packages)}


class PieceActor:
    """See `fairtrial.spreading.ray`."""

    def __init__(self) -> None:
        self._tool: SpreadTool[Any, Any] | None = None

    def greet(self, packages: Sequence[str]) -> dict[str, str]:
        """Return this machine's software."""
        return list_software(packages)

    def open(self, packed: bytes, threads: int) -> bytes:
        """Open the work's tool; return `PieceEnded`."""
        try:
            self._tool = pickle.loads(packed).open(threads, elsewhere=True)
        except Exception as error:
            return pickle.dumps(PieceEnded(make_sendable(error)))
        return pickle.dumps(PieceEnded())

    def do(self, packed: bytes) -> Iterator[bytes]:
        """Yield the parts of a piece, and `PieceEnded`."""
        assert self._tool is not None
        for part in do_piece(self._tool, pickle.loads(packed)):
            yield pickle.dumps(part, pickle.HIGHEST_PROTOCOL)
