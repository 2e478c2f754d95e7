"""The server process: uvicorn with limits, until it is told to stop; then answers may end, and it leaves."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from fairtrial.serve.app import make_app
from fairtrial.serve.hall import Hall

HEAD_SECONDS = 15.0
"""In which the head of a request must have come."""
IDLE_SECONDS = 30
"""After which a connection on which nothing is asked is closed."""


class LimitedProtocol(H11Protocol):
    """Closes connections on which the head of a request, the first or a later one, does not come in time."""

    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._watch()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait for the rest of a head that is not whole, from its first byte on."""
        before = self.cycle
        heading = before is None or before.response_complete
        super().data_received(data)
        if heading and self.cycle is not before:  # the head is whole
            self._forget()
        elif heading and self._timer is None:
            self._watch()

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: who asks for a WebSocket is answered like anybody, and nothing is missing."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._forget()
        super().connection_lost(exc)

    def _watch(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self._close_slow, self.cycle)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _close_slow(self, before: object) -> None:
        self._timer = None
        if self.cycle is before and not self.transport.is_closing():
            self.transport.close()


class _Server(uvicorn.Server):
    """Takes no more requests once it is told to stop, and lets the others end."""

    def __init__(self, config: uvicorn.Config, hall: Hall) -> None:
        super().__init__(config)
        self.hall = hall

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take signals to stop as what was asked for, and not as an interruption of the program."""
        with super().capture_signals():
            yield
            self._captured_signals.clear()  # else they are raised again, before what is left is written

    def handle_exit(self, sig: int, frame: Any) -> None:
        self.hall.refuse_more()
        super().handle_exit(sig, frame)


def run_server(hall: Hall, listening: socket.socket) -> None:
    """Serve until the process is told to stop (Ctrl-C, SIGTERM)."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    limits = hall.first.limits
    config = uvicorn.Config(
        make_app(hall),
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=limits.connections,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(limits.drain_seconds)),
        h11_max_incomplete_event_size=64 << 10,
    )
    try:
        _Server(config, hall).run(sockets=[listening])
    finally:
        hall.close(1.0)
