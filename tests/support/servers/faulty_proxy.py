"""A proxy that passes requests on to a real server and spoils some of them, in a fixed order.

Faults: ``429`` (with Retry-After), ``500``, ``cut`` (the connection ends in the middle of the answer), ``slow`` (the
body comes in drops), ``garbage`` (no JSON), ``401`` (an error that repeats the key that it was given), ``no logprobs``
(requests that ask for them are refused).  No request meets more than two faults that pass, so that a client of three
attempts gets every answer, in whatever order its requests come.
"""

from __future__ import annotations

import http.client
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

PASSING = ("429", "500", "cut", "slow", "garbage")


class Proxy(ThreadingHTTPServer):
    """A running proxy.

    Attributes:
        seen: what happened to POST requests, counted.
        go_on: called before each POST is passed on, with the number of those before it; may wait.
        bodies: bodies of those that were answered whole.
    """

    daemon_threads = True

    def __init__(self, target: str, faults: Sequence[str]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.host = urlsplit(target)
        self.order = itertools.cycle(faults)
        self.seen: Counter[str] = Counter()
        self.met: Counter[bytes] = Counter()
        self.bodies: list[bytes] = []
        self.go_on: Callable[[int], object] = lambda _: None
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Base URL for clients."""
        return f"http://127.0.0.1:{self.server_port}/v1"

    def next_fault(self, body: bytes) -> str:
        with self.lock:
            fault = "" if self.met[body] == 2 else next(self.order)
            self.met[body] += fault in PASSING
            before = self.seen.total()
            self.seen[fault or "passed on"] += 1
        self.go_on(before)
        return fault


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.pass_on("GET", b"", "")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        fault = self.server.next_fault(body)
        key = self.headers["authorization"]
        replies = {
            "429": (429, '{"error": {"message": "slow down"}}'),
            "500": (500, "<html>internal error</html>"),
            "garbage": (200, '{"choices": [{"text"'),
            "401": (401, f'{{"error": {{"message": "bad key {key}"}}}}'),
        }
        if fault == "no logprobs" and b'"logprobs"' in body:
            self.reply(400, b'{"error": {"message": "logprobs is not supported with this model"}}', {})
        elif fault in replies:
            status, text = replies[fault]
            self.reply(status, text.encode(), {"Retry-After": "0.2"} if status == 429 else {})
        else:
            self.pass_on("POST", body, fault)

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def pass_on(self, method: str, body: bytes, fault: str) -> None:
        host = self.server.host
        upstream = http.client.HTTPConnection(host.hostname or "", host.port, timeout=600)
        path = host.path.removesuffix("/v1") + self.path
        upstream.request(method, path, body, {"Content-Type": "application/json"})
        answer = upstream.getresponse()
        whole = answer.read()
        upstream.close()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.getheader("content-type") or "application/json")
        self.send_header("Content-Length", str(len(whole)))
        self.end_headers()
        if fault == "cut":
            self.wfile.write(whole[: len(whole) // 2])
            self.wfile.flush()
            self.close_connection = True
            self.connection.shutdown(2)
            return
        step = max(1, len(whole) // (5 if fault == "slow" else 1))
        for at in range(0, len(whole), step):
            self.wfile.write(whole[at : at + step])
            self.wfile.flush()
            time.sleep(0.05 if fault == "slow" else 0)
        if method == "POST" and answer.status == 200:
            with self.server.lock:
                self.server.bodies.append(body)


@contextmanager
def faulty_proxy(target: str, faults: Sequence[str]) -> Iterator[Proxy]:
    """Yield a proxy of ``target``; each POST meets the next of ``faults``, over and over; ``""`` is none."""
    proxy = Proxy(target, faults)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    try:
        yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
