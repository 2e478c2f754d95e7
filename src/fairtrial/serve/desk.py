"""The one thread in which a candidate answers: requests wait at the desk, and join those that are being answered.

Where the engine can answer live, a new request joins with the next pass.  Where it cannot, those that wait are asked
together, and what comes meanwhile waits for the next time.
"""

from __future__ import annotations

import asyncio
import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from fairtrial.engines.base import Engine, get_work
from fairtrial.engines.finite import find_flaw, make_nan_error
from fairtrial.engines.live import NOTHING, AnswerPiece, LiveEngine, NoRoomError, Wishes
from fairtrial.errors import CapabilityError, EngineError, FairtrialError
from fairtrial.levers.live import asks_once, describe_coming, is_plain, open_live
from fairtrial.records import GenerateAnswer, GenerateRequest
from fairtrial.serve.clock import MachineClock
from fairtrial.serve.errors import ApiError, BusyError
from fairtrial.serve.tickets import AnsweredRequest, StreamEvent, Ticket

T = TypeVar("T")
LOG = logging.getLogger("fairtrial.serve")
TOGETHER = 16
"""Requests that are asked together where the engine does not answer live."""


@dataclass
class _Line:
    """What waits for the thread."""

    coming: deque[Ticket] = field(default_factory=deque)
    calls: deque[tuple[Callable[[], Any], Future[Any]]] = field(default_factory=deque)
    cancelled: deque[Ticket] = field(default_factory=deque)


class Desk:
    """Asks an engine for many users.

    Attributes:
        places: answers that grow at once.
        live: answers live for it; None where it cannot.
        most_waiting: requests that may wait beside those that are being answered.
    """

    def __init__(
        self,
        opening: Callable[[], AbstractContextManager[Engine]],
        places: int,
        most_waiting: int,
        clock: MachineClock | None = None,
    ) -> None:
        """Make the desk; `start` begins its thread, in which alone the engine is opened, used and closed.

        Desks of one machine have one ``clock``.
        """
        self._opening, self.places, self.most_waiting = opening, places, most_waiting
        self.live: LiveEngine | None = None
        self._engine: Engine | None = None
        self._ready: Future[None] = Future()
        self._line, self._change = _Line(), threading.Condition()
        self._growing: list[Ticket] = []
        self._apart: deque[Ticket] = deque()
        self._closing = False
        self._clock = clock or MachineClock()
        self._spent, self._ended = 0.0, 0
        self._thread = threading.Thread(target=self._work, name="desk", daemon=True)

    @property
    def offers_notes(self) -> bool:
        """Whether it tells how likely tokens were; of a candidate with levers that would show what they hold back."""
        return self.live is not None and is_plain(self.live)

    @property
    def offers_forms(self) -> bool:
        """Whether it holds answers to a form; one that is written in stages cannot be."""
        return self.live is not None and asks_once(self.live)

    @property
    def coming(self) -> str:
        """How answers come; see `fairtrial.levers.live.describe_coming`."""
        return describe_coming(self.live)

    @property
    def waiting(self) -> int:
        """How many requests wait."""
        return len(self._line.coming) + len(self._apart)

    @property
    def growing(self) -> int:
        """How many are being answered."""
        return len(self._growing)

    @property
    def work(self) -> Mapping[str, float]:
        """What the engine has computed."""
        return get_work(self.engine)

    @property
    def well(self) -> bool:
        """Whether the thread lives and takes requests."""
        return self._thread.is_alive() and not self._closing

    @property
    def engine(self) -> Engine:
        """The candidate's; in another thread only for what it can do and its record."""
        if self._engine is None:
            raise EngineError("the engine is not open.")
        return self._engine

    def start(self) -> None:
        """Begin.  Raises what opening the engine raises."""
        self._thread.start()
        self._ready.result()

    def submit(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> Ticket:
        """Let a request wait for its answer; to be called where a loop runs.  Raises BusyError if too many wait."""
        with self._change:
            if self._closing:
                raise ApiError(503, "the server is closing.", code="closing", headers={"Retry-After": "5"})
            if self.waiting >= self.most_waiting:
                raise BusyError(self.waiting, self._estimate_wait())
            ticket = Ticket(request, asyncio.get_running_loop(), wishes)
            self._line.coming.append(ticket)
            self._change.notify()
        return ticket

    def cancel(self, ticket: Ticket) -> None:
        """Ask no more for what nobody waits for."""
        with self._change:
            ticket.cancelled = True
            self._line.cancelled.append(ticket)
            self._change.notify()

    async def call(self, function: Callable[[], T]) -> T:
        """Return what a function returns in the desk's thread, between two passes."""
        return await asyncio.wrap_future(self.post(function))

    def post(self, function: Callable[[], T]) -> Future[T]:
        """Have a function called in the desk's thread."""
        future: Future[T] = Future()
        with self._change:
            if self._closing:
                raise ApiError(503, "the server is closing.", code="closing", headers={"Retry-After": "5"})
            self._line.calls.append((function, future))
            self._change.notify()
        return future

    def close(self, seconds: float) -> None:
        """Take no more requests, let those that are here be answered for so long, and end the thread."""
        deadline = time.monotonic() + seconds
        while (self.waiting or self._growing) and time.monotonic() < deadline and self._thread.is_alive():
            time.sleep(0.02)
        with self._change:
            self._closing = True
            self._change.notify()
        if self._thread.ident is not None:
            self._thread.join(max(5.0, seconds))

    def refuse_more(self) -> None:
        """Let nobody wait any more; what waits is answered."""
        self.most_waiting = 0

    def _estimate_wait(self) -> int:
        each = self._spent / self._ended if self._ended else 2.0
        return max(1, min(120, math.ceil(each * (self.waiting + 1) / self.places)))

    def _work(self) -> None:
        try:
            with self._opening() as self._engine:
                self._serve(self._engine)
        except BaseException as error:
            self._ready.set_exception(error)

    def _serve(self, engine: Engine) -> None:
        self.live = open_live(engine, self.places)
        self.places = self.live.places if self.live else TOGETHER
        self._ready.set_result(None)
        try:
            while self._gather():
                self._turn()
        except BaseException as error:
            LOG.exception("the desk's thread has ended")
            self._closing = True
            for ticket in [*self._growing, *self._line.coming, *self._apart]:
                self._tell(ticket, EngineError(f"the engine has failed: {type(error).__name__}."))
        finally:
            if self.live is not None:
                self.live.close()
            for ticket in [*self._growing, *self._line.coming, *self._apart]:
                self._tell(ticket, EngineError("the server is closing."))

    def _gather(self) -> bool:
        """Wait until there is something to do; return whether there is."""
        with self._change:
            while not (self._closing or self._growing or self._apart or self._line.coming or self._line.calls):
                self._line.cancelled.clear()
                self._change.wait()
            return not self._closing

    def _turn(self) -> None:
        self._answer_calls()
        self._drop_cancelled()
        if self.live is None:
            self._ask_together(self._line.coming)
            return
        self._admit(self.live)
        if self._growing:
            with self._sharing(self._growing):
                self.live.advance()
                events = self._collect()
            for ticket, event in events:
                self._tell(ticket, event)
        if self._apart:
            self._ask_together(self._apart)

    def _answer_calls(self) -> None:
        while self._line.calls:
            function, future = self._line.calls.popleft()
            try:
                future.set_result(function())
            except BaseException as error:
                future.set_exception(error)

    def _drop_cancelled(self) -> None:
        while self._line.cancelled:
            ticket = self._line.cancelled.popleft()
            for line in (self._line.coming, self._apart):
                if ticket in line:
                    line.remove(ticket)
            if ticket in self._growing:
                self._growing.remove(ticket)
                if self.live is not None and ticket.writing is not None:
                    self.live.cancel(ticket.writing)

    def _admit(self, live: LiveEngine) -> None:
        while self._line.coming and len(self._growing) < live.places:
            ticket = self._line.coming.popleft()
            if ticket.cancelled:
                continue
            ticket.began = time.monotonic()
            try:
                ticket.writing = live.begin(ticket.request, ticket.wishes)
            except NoRoomError:
                if ticket.wishes == NOTHING:
                    self._apart.append(ticket)
                else:
                    told = (
                        "so long a request is answered without `logprobs`, `echo`, `tools` and `response_format` only."
                    )
                    self._tell(ticket, CapabilityError(told))
            except FairtrialError as error:
                self._tell(ticket, error)
            except Exception as error:
                self._tell_unexpected(ticket, error)
            else:
                self._growing.append(ticket)

    @contextmanager
    def _sharing(self, asked: Sequence[Ticket]) -> Iterator[None]:
        """Split the time of what is done between those for whom it is done."""
        asked, begun = tuple(asked), self._clock.begin()
        try:
            yield
        finally:
            each = self._clock.end(begun) / max(1, len(asked))
            for ticket in asked:
                ticket.spent += each

    def _collect(self) -> list[tuple[Ticket, StreamEvent]]:
        """Return what has come of the answers that grow."""
        events: list[tuple[Ticket, StreamEvent]] = []
        for ticket in list(self._growing):
            writing = ticket.writing
            assert writing is not None
            try:
                piece = writing.take()
                answer = writing.answer
            except FairtrialError as error:
                events.append((ticket, error))
            except Exception as error:
                LOG.exception("an answer has failed")
                events.append((ticket, EngineError(f"the engine has failed: {type(error).__name__}.")))
            else:
                if piece.text or piece.thought:
                    ticket.first = ticket.first or time.monotonic()
                    events.append((ticket, piece))
                if answer is not None:
                    events.append((ticket, AnsweredRequest(answer, tuple(writing.notes))))
        return events

    def _ask_together(self, line: deque[Ticket]) -> None:
        asked = [line.popleft() for _ in range(min(len(line), TOGETHER))]
        asked = [ticket for ticket in asked if not ticket.cancelled]
        if not asked:
            return
        for ticket in asked:
            ticket.began = time.monotonic()
        others, self._growing = self._growing, [*self._growing, *asked]
        try:
            self._ask(asked)
        finally:
            self._growing = [ticket for ticket in self._growing if ticket not in asked] if others else []

    def _ask(self, asked: Sequence[Ticket]) -> None:
        """Have some requests answered together, and each by itself where one of them fails."""
        try:
            with self._sharing(asked):
                self.engine.check([ticket.request for ticket in asked])
                answers = list(self.engine.generate([ticket.request for ticket in asked]))
        except Exception as error:
            if len(asked) > 1:
                for ticket in asked:
                    self._ask([ticket])
            elif isinstance(error, FairtrialError):
                self._tell(asked[0], error)
            else:
                self._tell_unexpected(asked[0], error)
            return
        for ticket, answer in zip(asked, answers, strict=True):
            self._tell_whole(ticket, answer)

    def _tell_whole(self, ticket: Ticket, answer: GenerateAnswer) -> None:
        ticket.first = time.monotonic()
        if told := find_flaw(answer):
            self._tell(ticket, make_nan_error("the served one", "", told))
            return
        self._tell(ticket, AnswerPiece(answer.text, answer.thought))
        self._tell(ticket, AnsweredRequest(answer))

    def _tell_unexpected(self, ticket: Ticket, error: Exception) -> None:
        LOG.error("an answer has failed", exc_info=error)
        self._tell(ticket, EngineError(f"the engine has failed: {type(error).__name__}."))

    def _tell(self, ticket: Ticket, event: StreamEvent) -> None:
        if not isinstance(event, AnswerPiece):
            if ticket in self._growing:
                self._growing.remove(ticket)
            self._spent += time.monotonic() - (ticket.began or ticket.came)
            self._ended += 1
        if isinstance(event, AnsweredRequest):
            event = event._replace(seconds=ticket.spent)
        if not ticket.cancelled and not ticket.loop.is_closed():
            ticket.loop.call_soon_threadsafe(ticket.events.put_nowait, event)
