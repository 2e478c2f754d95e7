"""Answers as they come, in the form of server-sent events (WHATWG HTML 9.2) that clients of OpenAI's API read."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import aclosing
from typing import Any

from starlette.responses import StreamingResponse

from fairtrial.engines.live import AnswerPiece
from fairtrial.serve.answers import FINISH, describe_usage
from fairtrial.serve.errors import explain
from fairtrial.serve.tickets import AnsweredRequest

LOG = logging.getLogger("fairtrial.serve")
DONE = b"data: [DONE]\n\n"
HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

Events = AsyncIterator[AnswerPiece | AnsweredRequest]
Describe = Callable[[AnswerPiece | None, AnsweredRequest | None], list[dict[str, Any]]]
"""Returns the choices of the chunks for a piece of an answer, or for its end."""


def write_event(document: Mapping[str, Any]) -> bytes:
    """Return one event."""
    return (
        b"data: " + json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace") + b"\n\n"
    )


async def respond_stream(
    events: Events, head: Mapping[str, Any], describe: Describe, opening: list[dict[str, Any]], *, usage: bool
) -> StreamingResponse:
    """Return the response that streams an answer.

    The first event is waited for, so that what is wrong with a request is told with a status of its own.

    Args:
        events: of the answer.
        head: what every chunk begins with.
        describe: what stands in ``choices``.
        opening: choices of the first chunk, before any text; none: there is no such chunk.
        usage: whether a last chunk tells the tokens.
    """
    first = await anext(events)

    async def write() -> AsyncIterator[bytes]:
        async with aclosing(events):  # type: ignore[type-var]
            if opening:
                yield write_event({**head, "choices": opening, **({"usage": None} if usage else {})})
            event: AnswerPiece | AnsweredRequest = first
            while True:
                ended = isinstance(event, AnsweredRequest)
                choices = describe(None, event) if isinstance(event, AnsweredRequest) else describe(event, None)
                for choice in choices:
                    yield write_event({**head, "choices": [choice], **({"usage": None} if usage else {})})
                if isinstance(event, AnsweredRequest):
                    if usage:
                        yield write_event({**head, "choices": [], "usage": describe_usage([event])})
                    break
                try:
                    event = await anext(events)
                except StopAsyncIteration:
                    break
                except Exception as error:
                    if not ended:
                        LOG.warning("a stream has failed: %s", type(error).__name__)
                    yield write_event(explain(error).document())
                    break
            yield DONE

    return StreamingResponse(write(), media_type="text/event-stream", headers=HEADERS)


def finish_word(found: AnsweredRequest) -> str:
    """Return how an answer ended, as OpenAI's API says it."""
    return FINISH[found.answer.finish]
