"""A server of OpenAI's API that misbehaves in whatever way a test wants: real sockets, raw bytes, one thread a request.

A test hands over a function that gets each exchange and may answer as it likes, or not at all.
"""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

CHUNK = "chat.completion.chunk"


@dataclass
class Exchange:
    """One request, and the means to answer it.

    Attributes:
        number: of requests before this one.
        method, path, headers, body: of the request; names of headers in lower case, the body as JSON.
    """

    number: int
    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    handler: socketserver.StreamRequestHandler = field(repr=False)

    def send(self, data: bytes) -> None:
        """Send raw bytes."""
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def drip(self, data: bytes, every: float = 0.1) -> None:
        """Send a byte at a time."""
        for at in range(len(data)):
            self.send(data[at : at + 1])
            time.sleep(every)

    def reply(self, body: bytes | str | dict[str, Any], status: int = 200, **headers: str) -> None:
        """Send a whole answer; names of headers with ``_`` for ``-``."""
        raw = json.dumps(body).encode() if isinstance(body, dict) else body.encode() if isinstance(body, str) else body
        told = {"Content-Type": "application/json", "Content-Length": str(len(raw))}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        head = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        self.send(f"HTTP/1.1 {status} X\r\n{head}\r\n".encode("latin-1") + raw)

    def begin_stream(self) -> None:
        """Send the head of a stream that ends with the connection."""
        self.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")

    def answer(self, text: str | None = "4", **more: Any) -> None:
        """Answer as a good server does, in a stream or in one piece, with ``more`` in the choice or beside it.

        ``usage``, ``finish_reason``, ``logprobs``, and fields of the message under ``message``.
        """
        usage = more.get("usage", {"prompt_tokens": 7, "completion_tokens": 2})
        finish = more.get("finish_reason", "stop")
        message = {"role": "assistant", "content": text, **more.get("message", {})}
        choice: dict[str, Any] = {"index": 0, "logprobs": more.get("logprobs")}
        chat = "messages" in self.body
        if not self.body.get("stream"):
            held = {"message": message} if chat else {"text": text}
            whole = {"choices": [{**choice, **held, "finish_reason": finish}]}
            self.reply({**whole, **({"usage": usage} if usage is not None else {})})
            return
        held = {"delta": message} if chat else {"text": text}
        pieces: list[dict[str, Any]] = [
            {"object": CHUNK, "choices": [{**choice, **held, "finish_reason": None}]},
            {
                "object": CHUNK,
                "choices": [{"index": 0, **({"delta": {}} if chat else {"text": ""}), "finish_reason": finish}],
            },
        ]
        if usage is not None:
            pieces.append({"object": CHUNK, "choices": [], "usage": usage})
        self.events([*map(json.dumps, pieces), "[DONE]"])

    def events(self, data: Sequence[str]) -> None:
        """Send a stream of events with this data."""
        self.begin_stream()
        for one in data:
            self.send(f"data: {one}\n\n".encode())
        self.handler.close_connection = True  # type: ignore[attr-defined]

    def cut(self) -> None:
        """End the connection."""
        with contextlib.suppress(OSError):
            self.handler.connection.shutdown(2)

    def wait(self) -> None:
        """Say nothing until the other side is gone, or twenty minutes."""
        self.handler.connection.settimeout(1200)
        with contextlib.suppress(OSError):
            self.handler.connection.recv(1)


Behaviour = Callable[[Exchange], None]


class Misbehaving(socketserver.ThreadingTCPServer):
    """The server.

    Attributes:
        seen: every exchange so far.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64

    def __init__(self, behave: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behave = behave
        self.seen: list[Exchange] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Base URL for clients."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: connections end as they like here."""


class Handler(socketserver.StreamRequestHandler):
    server: Misbehaving
    close_connection = False

    def handle(self) -> None:
        while not self.close_connection and (first := self.rfile.readline()):
            method, path, _ = first.decode().split(" ", 2)
            headers = {}
            while (line := self.rfile.readline().strip()) != b"":
                name, _, value = line.decode("latin-1").partition(":")
                headers[name.lower()] = value.strip()
            raw = self.rfile.read(int(headers.get("content-length", "0")))
            with self.server.lock:
                exchange = Exchange(len(self.server.seen), method, path, headers, json.loads(raw or b"{}"), self)
                self.server.seen.append(exchange)
            self.server.behave(exchange)


@contextlib.contextmanager
def misbehaving(behave: Behaviour) -> Iterator[Misbehaving]:
    """Yield a server that behaves so."""
    server = Misbehaving(behave)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
