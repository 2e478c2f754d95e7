"""The address of a server, taken before it runs: whether it can be had is known, and told, first."""

from __future__ import annotations

import socket

from fairtrial.errors import FairtrialError


def bind_address(host: str, port: int) -> socket.socket:
    """Return a socket with this address, which does not listen yet; port 0 takes one that is free.

    Raises FairtrialError where the address cannot be had.
    """
    found = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    try:
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind((host, port))
    except (OSError, OverflowError) as error:
        found.close()
        told = getattr(error, "strerror", None) or str(error)
        raise FairtrialError(
            f"{host}:{port} cannot be listened on: {told}.", fix="Choose another one with --port, or stop what uses it."
        ) from error
    return found
