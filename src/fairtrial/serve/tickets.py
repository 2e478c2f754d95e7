"""A request on its way through the desk: what is asked, and what comes of it, across the two threads."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import NamedTuple

from fairtrial.engines.live import NOTHING, AnswerPiece, TokenNote, Wishes, Writing
from fairtrial.errors import FairtrialError
from fairtrial.records import GenerateAnswer, GenerateRequest


class AnsweredRequest(NamedTuple):
    """What an answer came to.

    Attributes:
        answer: the whole of it.
        notes: of its tokens, where they were asked for.
        seconds: its share of the machine's time.
    """

    answer: GenerateAnswer
    notes: tuple[TokenNote, ...] = ()
    seconds: float = 0.0


StreamEvent = AnswerPiece | AnsweredRequest | FairtrialError


@dataclass(eq=False)
class Ticket:
    """One request.

    Attributes:
        request: what is asked.
        loop: where its events are waited for.
        wishes: what is wanted beside the text.
        events: what comes of it, in order; an answer or an error is the last.
        came: seconds of the clock when it came, when the model began with it, when the first text came; 0: not yet.
        writing: its answer as it grows.
        cancelled: whether nobody waits for it any more.
        spent: its share so far of the machine's time, in seconds.
    """

    request: GenerateRequest
    loop: asyncio.AbstractEventLoop
    wishes: Wishes = NOTHING
    events: asyncio.Queue[StreamEvent] = field(default_factory=asyncio.Queue)
    came: float = field(default_factory=time.monotonic)
    began: float = 0.0
    first: float = 0.0
    writing: Writing | None = None
    cancelled: bool = False
    spent: float = 0.0

    async def wait(self) -> AnsweredRequest:
        """Return what it came to.  Raises what went wrong."""
        while True:
            event = await self.events.get()
            if isinstance(event, AnsweredRequest):
                return event
            if isinstance(event, FairtrialError):
                raise event
