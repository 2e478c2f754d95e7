"""Server-sent events (WHATWG HTML, 9.2) as JSON documents, with limits on lines and events.  Pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

from fairtrial.engines.openai_api.replies import Reply, ReplyBuilder, read_reply
from fairtrial.engines.openai_api.words import LONGEST_DOCUMENT, UnreadableError, parse_document

MOST_LINES = 1_000_000
"""Lines of one stream, comments and empty ones included: three a token as a rule."""

FIELDS = (b":", b"event:", b"id:", b"retry:", b"data:")


class NotStreamedError(Exception):
    """A stream was asked for and one document came.

    Attributes:
        body: the document.
    """

    def __init__(self, body: bytes) -> None:
        super().__init__("no stream of events")
        self.body = body


def read_stream(pieces: Iterable[bytes], chat: bool, begun: float) -> Reply:
    """Return the answer that comes in pieces, or in one although a stream was asked for.

    Args:
        pieces: bytes of the body as they come.
        chat: whether it is chat, or running text.
        begun: when the request was sent, by `time.perf_counter`.

    Raises:
        UnreadableError: it is no whole answer.
    """
    gathering = ReplyBuilder(chat, whole=False)
    first = None
    try:
        for found in _read_documents(pieces):
            if found is None:
                gathering.done = True
                break
            gathering.add(found)
            if first is None and gathering.texts:
                first = time.perf_counter() - begun
    except NotStreamedError as error:
        return read_reply(error.body, chat, time.perf_counter() - begun)
    return gathering.reply(first, time.perf_counter() - begun)


def _read_documents(pieces: Iterable[bytes]) -> Iterator[dict[str, Any] | None]:
    """Yield the documents of a stream, None where it says ``[DONE]``.

    Raises UnreadableError for data that is no JSON object, NotStreamedError for a body that is no such stream.
    """
    data: list[bytes] = []
    size = 0
    seen = False
    foreign: list[bytes] = []
    for line in _split_lines(pieces):
        size += len(line)
        if size > LONGEST_DOCUMENT:
            raise UnreadableError(f"one event of more than {LONGEST_DOCUMENT:,} bytes")
        if foreign or not (seen or not line or line.startswith(FIELDS)):
            foreign.append(line)
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))
            seen = True
        elif not line:
            if data:
                yield _read_event(data)
            data, size = [], 0
    if foreign:
        raise NotStreamedError(b"\n".join(foreign))
    if data:
        yield _read_event(data)
    if not seen:
        raise UnreadableError("nothing at all")


def _read_event(data: list[bytes]) -> dict[str, Any] | None:
    """Return the document of an event; None if it is the end."""
    whole = b"\n".join(data)
    return None if whole.strip() == b"[DONE]" else parse_document(whole)


def _split_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream without their ends.  Raises UnreadableError for one too long, or too many."""
    rest: list[bytes] = []
    size = count = 0
    for piece in pieces:
        *ended, last = piece.split(b"\n")
        count += len(ended)
        if count > MOST_LINES:
            raise UnreadableError(f"a stream of more than {MOST_LINES:,} lines")
        for line in ended:
            yield b"".join([*rest, line]).removesuffix(b"\r")
            rest, size = [], 0
        rest.append(last)
        size += len(last)
        if size > LONGEST_DOCUMENT:
            raise UnreadableError(f"a line of more than {LONGEST_DOCUMENT:,} bytes")
    if size:
        yield b"".join(rest).removesuffix(b"\r")
