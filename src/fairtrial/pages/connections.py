"""Connections of our servers: limits on clients that ask slowly, never, or do not take what they have asked for.

uvicorn has a limit of connections, beyond which everybody is refused; so whoever has not asked yet makes room.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 15.0
"""In which the head of a request must have come."""
TAKE_SECONDS = 60.0
"""In which a client must take some of an answer that waits for it."""
IDLE_SECONDS = 30
"""After which a connection on which nothing is asked is closed."""
SPARE = 16
"""Connections that are kept free below the limit, as far as there are so many."""
LARGEST_HEAD = 64 << 10


class LimitedProtocol(H11Protocol):
    """Closes connections whose client is too slow, and idle ones where there are too many.

    Attributes:
        since: seconds of the loop's clock at which it last began to wait for a request.
    """

    _timer: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    since = 0.0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._watch()
        self._make_room()

    def data_received(self, data: bytes) -> None:
        """Take what came; wait for the rest of a head that is not whole, from its first byte on."""
        before = self.cycle
        heading = before is None or before.response_complete
        super().data_received(data)
        if heading and self.cycle is not before:  # the head is whole
            self._forget()
        elif heading and self._timer is None:
            self._watch()

    @property
    def asks(self) -> bool:
        """Whether all of a request is here and its answer is not out."""
        waits = self.cycle is not None and not self.cycle.response_complete
        return waits and self.conn.their_state is not h11.SEND_BODY

    def send_400_response(self, msg: str) -> None:
        """Say that no request can be read, unless an answer has begun: then nothing can be said any more."""
        if self.cycle is not None and not self.cycle.response_complete:
            self.cycle.disconnected = True  # what is being answered has nobody to be sent to
            self.cycle.message_event.set()
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            super().send_400_response(msg)
        else:
            self.transport.abort()

    def pause_writing(self) -> None:
        """Wait until the client takes what was written, but not forever."""
        super().pause_writing()
        if self._taking is None:
            self._taking = self.loop.call_later(TAKE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: some of it was taken."""
        self._forget_taking()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        """Close a connection on which nothing is asked, even if something is left that its client does not take."""
        super().timeout_keep_alive_handler()
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no more."""
        self._forget()
        self._forget_taking()
        super().connection_lost(exc)

    def _unsupported_upgrade_warning(self) -> None:
        """Say nothing: who asks for a WebSocket is answered like anybody, and nothing is missing."""

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        self.since = self.loop.time()
        super().on_response_complete()

    def _make_room(self) -> None:
        limit = self.limit_concurrency
        if limit is None or len(self.connections) < max(limit - SPARE, limit // 2):
            return
        others: Iterable[object] = self.connections
        idle = [one for one in others if isinstance(one, LimitedProtocol) and one is not self and not one.asks]
        if idle:
            oldest = min(idle, key=lambda one: one.since)
            self.connections.discard(oldest)  # it is told later that it has ended; many may come before that
            oldest.transport.abort()

    def _watch(self) -> None:
        self.since = self.loop.time()
        self._timer = self.loop.call_later(HEAD_SECONDS, self._close_slow, self.cycle)

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _forget_taking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _close_slow(self, before: object) -> None:
        self._timer = None
        if self.cycle is before and not self.transport.is_closing():
            self.transport.close()


def allow_files(most: int) -> int:
    """Let this process have so many open files, as far as the system allows; return how many it may have."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        if soft != resource.RLIM_INFINITY and soft < most:
            wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
            return wanted
    return most
