"""The server process of the workbench."""

from __future__ import annotations

import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from fairtrial.errors import FairtrialError

IDLE_SECONDS = 30
CONNECTIONS = 200
BACKLOG = 128


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens.  Raises FairtrialError where that cannot be had."""
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
        found.listen(BACKLOG)
    except (OSError, OverflowError) as error:
        found.close()
        told = getattr(error, "strerror", None) or str(error)
        raise FairtrialError(
            f"{host}:{port} cannot be listened on: {told}.", fix="Choose another one with --port, or stop what uses it."
        ) from error
    return found


def serve_pages(app: ASGIApp, listening: socket.socket) -> None:
    """Serve until the process is told to stop (Ctrl-C, SIGTERM)."""
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=2,
        h11_max_incomplete_event_size=64 << 10,
    )
    uvicorn.Server(config).run(sockets=[listening])
