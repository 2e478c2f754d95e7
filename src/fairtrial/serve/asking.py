"""Asking the desk for one client: until the answer is there, the client has left, or its time is over."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any, TypeVar

from starlette.requests import Request

from fairtrial.engines.live import NOTHING, AnswerPiece, Wishes
from fairtrial.errors import FairtrialError, TooLongError
from fairtrial.records import GenerateRequest
from fairtrial.serve.errors import ApiError
from fairtrial.serve.served import Served
from fairtrial.serve.tickets import AnsweredRequest, Ticket

T = TypeVar("T")
LEAST_TOKENS = 16
"""New tokens below which a request is refused as too long rather than answered with fewer."""
LOOKS = 0.5
"""Seconds between two looks whether the client is still there."""


MOST_CHARACTERS = 256
"""Of a token; what has more cannot fit, however it is cut."""


class ClientLeftError(Exception):
    """Nobody waits for the answer any more."""


async def answer_events(
    served: Served, request: GenerateRequest, wishes: Wishes = NOTHING, shrinks: bool = False
) -> AsyncIterator[AnswerPiece | AnsweredRequest]:
    """Yield what comes of an answer, the whole of it last; left early, it is asked for no more.

    Args:
        served: who answers.
        request: what is asked.
        wishes: what is wanted beside the text.
        shrinks: whether fewer new tokens may be allowed where the context has no room for as many.

    Raises what went wrong, before anything was yielded where the request itself is at fault.
    """
    refuse_endless(served, len(request.prompt.plain()) + (len(wishes.talk.messages) if wishes.talk else 0))
    while True:
        ticket = served.desk.submit(request, wishes)
        ended = False
        try:
            while not ended:
                event = await _next_event(served, ticket)
                ended = not isinstance(event, AnswerPiece)
                if isinstance(event, TooLongError) and shrinks and request.max_tokens // 2 >= LEAST_TOKENS:
                    request = replace(request, max_tokens=request.max_tokens // 2)
                    break
                if isinstance(event, FairtrialError):
                    raise event
                if isinstance(event, AnsweredRequest):
                    _note(served, ticket, event)
                yield event
            else:
                return
        finally:
            if not ended:
                served.desk.cancel(ticket)
                served.metrics.cancelled.inc()


def refuse_endless(served: Served, size: int) -> None:
    """Raise TooLongError for so many characters that no context holds them, before all others wait for their tokens."""
    context = served.desk.engine.can.context_tokens
    if context and size > context * MOST_CHARACTERS:
        raise TooLongError(f"A prompt of {size:,} characters does not fit into a context of {context:,} tokens.")


async def _next_event(served: Served, ticket: Ticket) -> AnswerPiece | AnsweredRequest | FairtrialError:
    left = served.limits.answer_seconds - (time.monotonic() - ticket.came)
    try:
        return await asyncio.wait_for(ticket.events.get(), max(0.01, left))
    except TimeoutError:
        raise make_late_error(served) from None


def make_late_error(served: Served) -> ApiError:
    """Return the error about an answer whose time is over."""
    return ApiError(503, f"the answer was not there within {served.limits.answer_seconds:g} s.", code="timeout")


def _note(served: Served, ticket: Ticket, found: AnsweredRequest) -> None:
    served.metrics.note_answer(ticket, found)
    if served.recorder is not None and ticket.wishes.talk is None:
        served.recorder.note(ticket.request, found.answer)


async def gather_answers(
    served: Served, client: Request, asked: Sequence[tuple[GenerateRequest, Wishes]], shrinks: bool = False
) -> list[AnsweredRequest]:
    """Return the answers to some requests, as many at a time as grow at once.

    Raises ClientLeftError where nobody waits for them any more.
    """
    turns = asyncio.Semaphore(served.desk.places)

    async def ask(request: GenerateRequest, wishes: Wishes) -> AnsweredRequest:
        async with turns, aclosing(answer_events(served, request, wishes, shrinks)) as events:  # type: ignore[type-var]
            async for event in events:
                if isinstance(event, AnsweredRequest):
                    return event
        raise AssertionError("an answer has no end")

    return await until_left(client, _all(ask(*one) for one in asked))


async def _all(works: Any) -> list[AnsweredRequest]:
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(work) for work in works]
    return [task.result() for task in tasks]


async def until_left(client: Request, work: Coroutine[Any, Any, T]) -> T:
    """Return what some work comes to, which is broken off when the client leaves.  Raises ClientLeftError then."""
    task = asyncio.ensure_future(work)
    try:
        while not task.done():
            await asyncio.wait({task}, timeout=LOOKS)
            if not task.done() and await client.is_disconnected():
                raise ClientLeftError
        return await task
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
    finally:
        if not task.done():
            task.cancel()
            with suppress(BaseException):
                await task
