"""An engine that asks another one: the beginning of a lever that changes prompts, or answers, or both.

What it changed is on every answer's trace.  It has the optional abilities of the engine inside that do not depend on
what was asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from fairtrial.engines.base import Engine, MayLackLogprobs, StreamsAnswers, get_work
from fairtrial.errors import EngineError
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    TraceStep,
)
from fairtrial.records.trace import Trace

R = TypeVar("R", bound=ScoreRequest | GenerateRequest)
A = TypeVar("A", bound=ScoreAnswer | GenerateAnswer)

CHANGED = "changed the answer"


class WrappedEngine:
    """See `fairtrial.engines.base.Engine`.  Override `change_request`, `change_answer` or both.

    An engine with a method ``use_settings`` is told how engines run here (`fairtrial.levers.base.NeedsSettings`).

    Attributes:
        engine: the one inside; it stays its owner's to close.
        name: of the lever, for traces.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name
        self.can = engine.can
        self.record: Mapping[str, object] = {"engine": name, "asks": dict(engine.record)}
        self._closed = False
        if isinstance(engine, StreamsAnswers):
            self.as_answered = self._as_answered
        if isinstance(engine, MayLackLogprobs):
            self.why_silent = engine.why_silent

    def prepare(self, requests: Sequence[Request]) -> None:
        """Do what can be done for several requests at once, before each of them is changed and asked."""

    def change_request(self, request: R) -> R:
        """Return the request that is really sent; must depend on nothing but the request and the settings."""
        return request

    def change_answer(self, request: Request, answer: A) -> A:
        """Return the answer to ``request`` that is given; add a `TraceStep` to its trace to say more than that."""
        return answer

    def tell_change(self, request: Request, sent: Request) -> Trace:
        """Return what is noted of a request that was changed: the prompt really sent."""
        prompt = get_prompt(sent)
        return (TraceStep(self.name, prompt=prompt.plain()),) if prompt != get_prompt(request) else ()

    @property
    def work(self) -> Mapping[str, float]:
        """What the engine inside has computed."""
        return get_work(self.engine)

    def check(self, requests: Sequence[Request]) -> None:
        """Raise what the engine inside raises for the requests that are really sent."""
        self.engine.check([self.change_request(request) for request in requests])

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request, in order."""
        self._check_open()
        sent = self._prepare_requests(requests)
        for request, asked, answer in zip(requests, sent, self.engine.score(sent), strict=True):
            yield self._pass_answer(request, asked, answer)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request, in order."""
        self._check_open()
        sent = self._prepare_requests(requests)
        for request, asked, answer in zip(requests, sent, self.engine.generate(sent), strict=True):
            yield self._pass_answer(request, asked, answer)

    def close(self) -> None:
        """Answer no more."""
        self._closed = True

    def _as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        self._check_open()
        sent = self._prepare_requests(requests)
        of = {id(asked): request for asked, request in zip(sent, requests, strict=True)}
        for asked, answer in cast(StreamsAnswers, self.engine).as_answered(sent):
            request = of[id(asked)]
            yield request, self._pass_answer(request, asked, answer)

    def _prepare_requests(self, requests: Sequence[R]) -> list[R]:
        self.prepare(requests)
        return [self.change_request(request) for request in requests]

    def _pass_answer(self, request: Request, sent: Request, answer: A) -> A:
        """Return the answer that is given, with what happened to it."""
        if told := self.tell_change(request, sent):
            answer = replace(answer, trace=(*told, *answer.trace))
        changed = self.change_answer(request, answer)
        if changed is answer or changed.trace != answer.trace:
            return changed
        return replace(changed, trace=(*answer.trace, TraceStep(self.name, action=CHANGED)))

    def _check_open(self) -> None:
        if self._closed:
            raise EngineError("This engine has been closed.")


def get_prompt(request: Request) -> Prompt:
    """Return a request's prompt; of choices the first one's."""
    return request.prompt if isinstance(request, GenerateRequest) else request.pairs[0].prompt
