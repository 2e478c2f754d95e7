"""Heads of requests that come too slowly end their connection: the first one, and one after an answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from fairtrial.pages import connections

WHOLE = b"GET / HTTP/1.1\r\nHost: here\r\n\r\n"
LONG, SHORT = 600.0, 0.3
"""Seconds that a head may take: so many that no machine is too slow, and as many as a slow head is cut after."""


MOST = 40
"""Connections at a time, where there is a limit."""


async def answer(_: Request) -> PlainTextResponse:
    return PlainTextResponse("answered")


async def answer_slowly(_: Request) -> PlainTextResponse:
    """Take longer than a head may."""
    await asyncio.sleep(1.5 * connections.HEAD_SECONDS)
    return PlainTextResponse("answered")


async def answer_long(_: Request) -> PlainTextResponse:
    """Return more than a client that reads nothing can be sent."""
    return PlainTextResponse("x" * (64 << 20))


@contextmanager
def serve(most: int | None = None) -> Iterator[int]:
    config = uvicorn.Config(
        Starlette(routes=[Route("/", answer), Route("/slow", answer_slowly), Route("/long", answer_long)]),
        port=0,
        http=connections.LimitedProtocol,
        log_level="error",
        lifespan="off",
        limit_concurrency=most,
    )
    server = uvicorn.Server(config)
    thread = Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive()
            time.sleep(0.01)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        thread.join()


async def drip(port: int, whole: int, monkeypatch: pytest.MonkeyPatch) -> bytes:
    """Ask some questions, then send a head letter by letter until nobody listens; return what comes after that."""
    monkeypatch.setattr(connections, "HEAD_SECONDS", LONG if whole else SHORT)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(whole):
        writer.write(WHOLE)
        await reader.readuntil(b"answered")
    monkeypatch.setattr(connections, "HEAD_SECONDS", SHORT)
    try:
        for letter in b"GET / HTTP/1.1\r\nHost: here\r\nX-Slow: " + b"x" * 60:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.05)
        return await asyncio.wait_for(reader.read(), 600)
    except ConnectionError:
        return b""


@pytest.mark.parametrize("whole", [0, 1, 2])
def test_a_slow_head_ends_its_connection(whole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with serve() as port:
        assert asyncio.run(drip(port, whole, monkeypatch)) == b""
        monkeypatch.setattr(connections, "HEAD_SECONDS", LONG)
        assert asyncio.run(ask(port, WHOLE)).endswith(b"answered")


def test_an_answer_may_take_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 1.5)
    with serve() as port:
        assert asyncio.run(ask(port, WHOLE.replace(b"/ ", b"/slow ", 1))).endswith(b"answered")


async def ask(port: int, question: bytes) -> bytes:
    """Return the answer to a whole question."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(question)
    found = await reader.readuntil(b"answered")
    writer.close()
    return found


async def crowd(port: int, count: int) -> tuple[list[bytes], int]:
    """Ask after many others have begun to ask; return the answers, and how many of the others were closed."""
    others = []
    found = []
    for number in range(count):
        others.append(await asyncio.open_connection("127.0.0.1", port))
        others[-1][1].write(b"GET / HTTP/1.1\r\n")
        if number % 20 == 19:
            found.append((await ask(port, WHOLE))[-8:])
    end = time.monotonic() + 600
    while (closed := sum(is_closed(reader) for reader, _ in others)) < count - MOST and time.monotonic() < end:
        await asyncio.sleep(0.01)
    for _, writer in others:
        writer.close()
    return found, closed


def is_closed(reader: asyncio.StreamReader) -> bool:
    return reader.at_eof() or reader.exception() is not None


def test_who_has_not_asked_makes_room_for_who_does() -> None:
    with serve(most=MOST) as port:
        found, closed = asyncio.run(crowd(port, 100))
    assert found == [b"answered"] * 5
    assert closed >= 100 - MOST


async def take_nothing(port: int) -> None:
    """Ask for much, and wait until the connection ends without having taken any of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
    writer.write(WHOLE.replace(b"/ ", b"/long "))
    await reader.readexactly(1024)
    while not reader.at_eof():
        writer.write(b"x")  # fails once the other end has gone
        await writer.drain()
        await asyncio.sleep(0.05)


def test_who_takes_nothing_of_an_answer_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "TAKE_SECONDS", 0.3)
    with serve() as port, pytest.raises(ConnectionError):
        asyncio.run(take_nothing(port))
