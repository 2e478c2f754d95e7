"""Joining a Ray that is there, or starting one on this machine; an address that is none of a Ray is told soon."""

from __future__ import annotations

import os
import socket
from importlib import import_module
from typing import Any

from fairtrial.errors import EngineError, MissingExtraError

CONNECTING = 10
"""Seconds that an address may take to accept a connection, and to answer as a Ray does."""
STORE = 256 << 20
"""Bytes of the object store of a Ray that is started here."""
STARTS = 3
"""Times that one is started here before it is given up."""
HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))
"""What a client of HTTP/2 says first: the preface and empty settings (RFC 9113, 3.4 and 6.5)."""
SETTINGS = 4
"""The type of frame that a server of HTTP/2, as Ray's is, answers with (RFC 9113, 6.5); it is the fourth byte."""
FIX = "`ray start --head` starts one and tells its address; `ray status` says whether it is well."


def join_ray(address: str) -> tuple[Any, bool]:
    """Return Ray's module, joined, and whether that is ours to end.

    Args:
        address: where it is, as ``HOST:PORT``; empty starts one here.

    Raises MissingExtraError if Ray is not installed, EngineError if none answers there.
    """
    try:
        ray = import_module("ray")
    except ImportError as error:
        raise MissingExtraError("Ray", "ray") from error
    if ray.is_initialized():
        return ray, False
    check_answers(address)
    where: dict[str, Any] = {"address": address}
    if not address:
        where = {"address": "local", "object_store_memory": STORE, "include_dashboard": False}
    for left in reversed(range(1 if address else STARTS)):
        try:
            ray.init(**where, log_to_driver=False, logging_level="error")
            break
        except Exception as error:  # where a machine is busy, Ray's own patience is short, and its error a bare one
            ray.shutdown()
            if left:
                continue
            words = (str(error).splitlines() or [type(error).__name__])[0]
            raise EngineError(f"no Ray answers at {address or 'this machine'}: {words[:200]}", fix=FIX) from error
    return ray, True


def check_answers(address: str) -> None:
    """Raise EngineError if nothing is at an address, or something else than a Ray, which takes minutes to tell that."""
    host, colon, port = address.rpartition(":")
    if not (colon and port.isdecimal()):
        return
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECTING) as there:
            if os.environ.get("RAY_USE_TLS", "").lower() in ("1", "true"):
                return  # what is there speaks to those with its certificate only: Ray itself tells the rest
            there.sendall(HELLO)
            answer = there.recv(4, socket.MSG_WAITALL)
    except TimeoutError:
        told = f"what listens there says nothing in {CONNECTING} s"
    except (OSError, OverflowError, UnicodeError) as error:
        told = getattr(error, "strerror", None) or "no answer in time"
    else:
        if answer[3:] == bytes((SETTINGS,)):
            return
        told = "something else listens there"
    raise EngineError(
        f"no Ray answers at {address}: {told}.", fix=f"{FIX} Its port is 6379 unless it was told another."
    )
