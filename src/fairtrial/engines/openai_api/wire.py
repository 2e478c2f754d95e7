"""HTTP to one endpoint, with limits on everything that a server decides: silence, time in all, bytes, redirects.

Knows the `httpx2` package and nothing of prompts, answers or what a status means.  Nothing is ever sent to another
address than the one that the user wrote, and what goes to this machine goes through no proxy.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
import zlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from fairtrial.errors import MissingExtraError
from fairtrial.spec.endpoint import Endpoint

MOST_BYTES = 64 * 2**20
"""Bytes of one answer, a stream with all its comments included."""

ERROR_BYTES = 64 * 2**10
"""Bytes that are read of an answer with an error status: enough for its words."""

CONNECT_SECONDS = 30.0
"""Seconds to wait for a connection at most."""


class WireError(Exception):
    """The exchange failed on the way: no connection, cut off, silent, too slow or too long."""


class CutShortError(WireError):
    """The server's answer ended before it was whole."""


class RedirectedError(Exception):
    """The server points to another address, which is not followed; the message is that address."""


@dataclass(eq=False)
class StatusError(Exception):
    """The server answered with an error status.

    Attributes:
        status: the HTTP status.
        headers: of the answer, names in lower case.
        body: its first bytes.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(eq=False)
class Exchange:
    """One exchange under way: its socket can be shut from another thread, which ends any waiting for it."""

    deadline: float
    sock: socket.socket | None = None
    shut: bool = False
    late: bool = False

    def cut(self) -> None:
        """End the exchange."""
        self.shut = True
        if self.sock is not None:
            with contextlib.suppress(OSError):
                socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


@dataclass
class Exchanges:
    """All exchanges under way, and the thread that ends those that are late."""

    _open: set[Exchange] = field(default_factory=set)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _closed: bool = False
    _thread: threading.Thread | None = None

    @contextlib.contextmanager
    def open_line(self, seconds: float) -> Iterator[Exchange]:
        """Yield an exchange that is ended after so many seconds.  Raises WireError once closed."""
        held = Exchange(time.monotonic() + seconds)
        with self._changed:
            if self._closed:
                raise WireError("the connections are closed")
            self._open.add(held)
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="endpoint-watch", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        try:
            yield held
        finally:
            with self._changed:
                self._open.discard(held)

    def close(self) -> None:
        """End all exchanges at once, and allow no more."""
        with self._changed:
            self._closed = True
            for held in self._open:
                held.cut()
            self._changed.notify_all()

    def _watch(self) -> None:
        with self._changed:
            while not self._closed:
                now = time.monotonic()
                for held in self._open:
                    if held.deadline <= now:
                        held.late = True
                        held.cut()
                waiting = [held.deadline - now for held in self._open if not held.late]
                self._changed.wait(max(0.01, min(waiting)) if waiting else None)


class Wire:
    """Sends requests to one endpoint; any number of threads may use it at a time."""

    def __init__(self, endpoint: Endpoint, key: str) -> None:
        """Make ready to send; nothing is sent yet.  Raises MissingExtraError without the `httpx2` package."""
        try:
            import httpx2
        except ImportError as error:
            raise MissingExtraError("The client of OpenAI-compatible endpoints", "openai") from error
        self._library = httpx2
        self._endpoint = endpoint
        self._headers = {"Accept-Encoding": "identity", "Content-Type": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        self._trust = httpx2.create_ssl_context(trust_env=not endpoint.here)
        self._lines = Exchanges()
        self._own = threading.local()

    def exchange(self, method: str, path: str, payload: bytes | None = None) -> Generator[bytes, None, None]:
        """Send a request and yield the answer's bytes as they come.

        Raises:
            StatusError: the status says that the request failed.
            RedirectedError: the server points elsewhere.
            WireError: nothing whole came back.
        """
        lib = self._library
        client = self._get_client()
        with self._lines.open_line(self._endpoint.time_limit) as line:
            line.sock = self._own.sock

            def trace(name: str, info: Mapping[str, Any]) -> None:
                if name.endswith(("connect_tcp.complete", "start_tls.complete")):
                    self._own.sock = line.sock = info["return_value"].get_extra_info("socket")
                    if line.shut:
                        line.cut()

            url = f"{self._endpoint.base_url}/{path}"
            sending = client.stream(method, url, content=payload, headers=self._headers, extensions={"trace": trace})
            try:
                with sending as response:
                    yield from self._receive_bytes(response)
            except (lib.HTTPError, lib.InvalidURL, lib.StreamError, OSError) as error:
                raise self._explain_failure(line, error) from None
            if line.late:
                raise self._explain_failure(line, CutShortError("cut off"))

    def close(self) -> None:
        """End whatever is under way."""
        self._lines.close()

    def _get_client(self) -> Any:
        """Return this thread's client, which has one connection, so that its socket is known."""
        if not hasattr(self._own, "client"):
            lib = self._library
            silence = self._endpoint.timeout
            self._own.client = lib.Client(
                follow_redirects=False,
                timeout=lib.Timeout(silence, connect=min(silence, CONNECT_SECONDS)),
                limits=lib.Limits(max_connections=1, max_keepalive_connections=1),
                verify=self._trust,
                trust_env=not self._endpoint.here,
            )
            self._own.sock = None
        return self._own.client

    def _receive_bytes(self, response: Any) -> Generator[bytes, None, None]:
        """Yield the bytes of an answer, no more of them than are allowed."""
        status, headers = response.status_code, {name.lower(): value for name, value in response.headers.items()}
        if 300 <= status < 400 and "location" in headers:
            raise RedirectedError(headers["location"])
        limit = MOST_BYTES if status < 300 else ERROR_BYTES
        body = limit_body(response.iter_raw(), headers.get("content-encoding", ""), limit)
        if status >= 300:
            read = b""
            with contextlib.suppress(WireError, *self._list_passing()):
                for piece in body:
                    read += piece
            raise StatusError(status, headers, read)
        yield from body

    def _list_passing(self) -> tuple[type[Exception], ...]:
        return (self._library.HTTPError, self._library.StreamError, OSError)

    def _explain_failure(self, line: Exchange, error: Exception) -> WireError:
        """Return a failure in words."""
        if line.late:
            return WireError(f"no whole answer in {self._endpoint.time_limit:g} seconds (time_limit)")
        if isinstance(error, self._library.ConnectTimeout):
            return WireError(f"no connection in {min(self._endpoint.timeout, CONNECT_SECONDS):g} seconds")
        if isinstance(error, self._library.TimeoutException):
            return WireError(f"no byte for {self._endpoint.timeout:g} seconds")
        if isinstance(error, self._library.ConnectError):
            return WireError(f"no connection: {error}")
        return CutShortError(f"the connection was cut: {error}")


def limit_body(pieces: Iterator[bytes], encoding: str, limit: int) -> Generator[bytes, None, None]:
    """Yield the pieces of a body, unpacked if need be, up to a limit.  Raises WireError beyond it."""
    unpack = None
    if encoding.strip().lower() in ("gzip", "x-gzip", "deflate"):
        unpack = zlib.decompressobj(wbits=47)
    elif encoding.strip().lower() not in ("", "identity"):
        raise WireError(f"the answer is packed as {encoding[:40]!r}, which was not asked for")
    total = 0
    for piece in pieces:
        if unpack is not None:
            try:
                piece = unpack.decompress(piece, limit - total + 1)
            except zlib.error as error:
                raise WireError(f"the answer cannot be unpacked: {error}") from None
        total += len(piece)
        if total > limit:
            raise WireError(f"the answer is longer than {limit:,} bytes")
        yield piece


def encode_payload(body: Mapping[str, Any]) -> bytes:
    """Return a request's body as it is sent; a lone surrogate, which UTF-8 lacks, as JSON's escape."""
    try:
        return json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return json.dumps(body).encode()
