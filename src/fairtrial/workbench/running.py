"""The server process of the workbench."""

from __future__ import annotations

import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from fairtrial.pages.connections import IDLE_SECONDS, LARGEST_HEAD, LimitedProtocol

CONNECTIONS = 200
BACKLOG = 128


def serve_pages(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until the process is told to stop (Ctrl-C, SIGTERM)."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        http=LimitedProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=LARGEST_HEAD,
    )
    uvicorn.Server(config).run(sockets=[listening])
