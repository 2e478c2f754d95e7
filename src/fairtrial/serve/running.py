"""The server process: uvicorn with limits, until it is told to stop; then answers may end, and it leaves."""

from __future__ import annotations

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from fairtrial.pages.connections import IDLE_SECONDS, LARGEST_HEAD, LimitedProtocol, allow_files
from fairtrial.serve.app import make_app
from fairtrial.serve.hall import Hall

FILES = 512
"""Open files beside those of connections."""


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
    files = allow_files(limits.connections + FILES)
    config = uvicorn.Config(
        make_app(hall),
        http=LimitedProtocol,
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=min(limits.connections, max(32, files - FILES)),
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=max(1, round(limits.drain_seconds)),
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )
    try:
        _Server(config, hall).run(sockets=[listening])
    finally:
        hall.close(1.0)
