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


async def answer(_: Request) -> PlainTextResponse:
    """Take longer than a head may."""
    await asyncio.sleep(0.5)
    return PlainTextResponse("answered")


async def answer_long(_: Request) -> PlainTextResponse:
    """Return more than a client that reads nothing can be sent."""
    return PlainTextResponse("x" * (64 << 20))


@contextmanager
def serve(most: int | None = None) -> Iterator[int]:
    config = uvicorn.Config(
        Starlette(routes=[Route("/", answer), Route("/long", answer_long)]),
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


async def drip(port: int, whole: int) -> tuple[int, bool]:
    """Ask some questions, then send a head letter by letter; return how many were answered, and whether it was cut."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answered = 0
    for _ in range(whole):
        writer.write(WHOLE)
        await reader.readuntil(b"answered")
        answered += 1
    try:
        for letter in b"GET / HTTP/1.1\r\nHost: here\r\nX-Slow: " + b"x" * 60:
            writer.write(bytes([letter]))
            await writer.drain()
            await asyncio.sleep(0.05)
    except ConnectionError:
        return answered, True
    return answered, reader.at_eof()


@pytest.mark.parametrize("whole", [0, 1, 2])
def test_a_slow_head_ends_its_connection(whole: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)
    with serve() as port:
        assert asyncio.run(drip(port, whole)) == (whole, True)
        assert asyncio.run(ask(port)) == b"answered"  # whose answer takes longer than a head may


async def ask(port: int) -> bytes:
    """Return the answer to a whole question."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(WHOLE)
    found = await reader.readuntil(b"answered")
    writer.close()
    return found[-8:]


async def crowd(port: int, count: int) -> tuple[list[bytes], int]:
    """Ask after many others have begun to ask; return the answers, and how many of the others were closed."""
    others = []
    found = []
    for number in range(count):
        others.append(await asyncio.open_connection("127.0.0.1", port))
        others[-1][1].write(b"GET / HTTP/1.1\r\n")
        if number % 20 == 19:
            found.append(await ask(port))
    closed = 0
    for reader, writer in others:
        closed += reader.at_eof() or reader.exception() is not None
        writer.close()
    return found, closed


def test_who_has_not_asked_makes_room_for_who_does() -> None:
    with serve(most=40) as port:
        found, closed = asyncio.run(crowd(port, 100))
    assert found == [b"answered"] * 5
    assert closed >= 60


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
