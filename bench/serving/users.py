"""Users of a server with OpenAI's API, all in one thread, so that asking takes little of the machine that answers.

A connection's bytes are kept with the time at which they came, and read once all is over.
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

WORD = re.compile(rb'"(?:reasoning_)?content": ?"(?!")')
"""A piece of an answer, or of the thoughts before it."""
USAGE = re.compile(rb'"completion_tokens": ?(\d+)')
PATIENCE = 280.0
"""Seconds after which whoever still waits is counted as failed."""


@dataclass
class Visit:
    """One streamed answer, as its user saw it.

    Attributes:
        begun, first, last: seconds of the clock when it was asked for, when its first word came, when it ended.
        data: all that came.
    """

    begun: float
    first: float = 0.0
    last: float = 0.0
    data: bytearray = field(default_factory=bytearray)

    @property
    def failed(self) -> bool:
        """Whether no answer came."""
        return not self.data.startswith(b"HTTP/1.1 200") or not self.first

    @property
    def tokens(self) -> int:
        """How many the server says that the answer has; where it does not say, how many pieces came."""
        told = USAGE.findall(self.data)
        return int(told[-1]) if told else len(WORD.findall(self.data))


def write_question(url: str, system: str, question: str, tokens: int) -> bytes:
    """Return the bytes that ask for a streamed answer."""
    place = urlsplit(url)
    body = {
        "model": "winner", "max_tokens": tokens, "temperature": 0, "stream": True,
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": question}],
        "stream_options": {"include_usage": True},
    }  # fmt: skip
    data = json.dumps(body).encode()
    head = f"POST {place.path}/chat/completions HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n"
    return f"{head}Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


@dataclass
class _User:
    questions: list[bytes]
    visit: Visit


def visit_all(url: str, questions: Sequence[Sequence[bytes]], patience: float = PATIENCE) -> list[Visit]:
    """Return the answers to the questions of each user, who asks one when the one before is answered."""
    place = urlsplit(url)
    selector, visits = selectors.DefaultSelector(), []

    def ask(left: list[bytes]) -> None:
        if not left:
            return
        connection = socket.create_connection((place.hostname or "", place.port or 80))
        user = _User(left[1:], Visit(time.perf_counter()))
        visits.append(user.visit)
        connection.sendall(left[0])
        selector.register(connection, selectors.EVENT_READ, user)

    for listed in questions:
        ask(list(listed))
    while selector.get_map():
        for key, _ in selector.select(patience):
            connection, user = key.fileobj, key.data
            assert isinstance(connection, socket.socket)
            try:
                data = connection.recv(1 << 16)
            except OSError:
                data = b""
            user.visit.last = time.perf_counter()
            user.visit.data += data
            if not user.visit.first and WORD.search(user.visit.data):
                user.visit.first = user.visit.last
            if not data or user.visit.last - user.visit.begun > patience:
                selector.unregister(connection)
                connection.close()
                ask(user.questions)
    return visits
