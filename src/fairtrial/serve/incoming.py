"""Bodies of requests: how much of them is held at once, until their answers are out; and that memory goes back."""

from __future__ import annotations

import asyncio
import ctypes
from dataclasses import dataclass, field

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from fairtrial.pages.safety import has_two_lengths
from fairtrial.serve.errors import ApiError

LARGE = 1 << 20
"""Bytes of a body after which memory is given back."""
PAUSE = 1.0
"""Seconds until that is done, once for all bodies of the time."""
SMALL = 64 << 10
"""Bytes of each body that are not counted, so that large ones never keep small ones out."""
_HELD = "fairtrial.body"


@dataclass
class Body:
    """What is held of one request's body, in bytes."""

    size: int = 0
    counted: int = 0


@dataclass
class Incoming:
    """Counts the bytes of bodies of requests that are on their way.

    Attributes:
        most: at once.
        held: now.
        small: of each body, that are not counted.
    """

    most: int = 256 << 20
    held: int = 0
    small: int = SMALL
    _trimming: asyncio.TimerHandle | None = field(default=None, repr=False)

    def take(self, body: Body, part: bytes) -> None:
        """Count a part of a body.  Raises ApiError if all bodies together have become too large."""
        more = max(0, body.size + len(part) - self.small) - body.counted
        if self.held + more > self.most:
            told = "too many large requests come in at once; try again in 2 s."
            raise ApiError(503, told, code="bodies_full", headers={"Retry-After": "2", "Connection": "close"})
        body.size += len(part)
        body.counted += more
        self.held += more

    def drop(self, body: Body) -> None:
        """Count a body no more."""
        self.held -= body.counted
        if body.size > LARGE and self._trimming is None:
            self._trimming = asyncio.get_running_loop().call_later(PAUSE, self._trim)

    def _trim(self) -> None:
        self._trimming = None
        trim_memory()


class BodyCounter:
    """Wraps an application: a body counts until its answer is out, or its client has left; it has one length."""

    def __init__(self, app: ASGIApp, incoming: Incoming) -> None:
        self.app, self.incoming = app, incoming

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and has_two_lengths(Headers(scope=scope)):
            told = (
                "a request says its length twice (Transfer-Encoding and Content-Length): proxies may read it otherwise."
            )
            error = ApiError(400, told, code="two_lengths", headers={"Connection": "close"})
            await error.respond()(scope, receive, send)
            return
        body = scope[_HELD] = Body()
        try:
            await self.app(scope, receive, send)
        finally:
            self.incoming.drop(body)


def find_body(scope: Scope) -> Body:
    """Return the count of a request's body."""
    found = scope[_HELD]
    assert isinstance(found, Body)
    return found


def trim_memory() -> None:
    """Give memory back that the C library keeps for later; it does so by itself only at the end of its heap."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc alone
    if trim is not None:
        trim(0)
