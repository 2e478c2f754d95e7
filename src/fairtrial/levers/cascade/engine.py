"""The engine of a cascade: asks the small model, and the larger one where the small one is unsure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

from fairtrial.engines.base import Capabilities, Engine, MaySayNothing
from fairtrial.engines.finite import flaw, not_a_number
from fairtrial.errors import CapabilityError, EngineError
from fairtrial.levers.cascade.coming import coming, gives_as_they_come
from fairtrial.levers.cascade.signals import agreement, of_choices, of_text, why_no_signal
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest, TraceStep
from fairtrial.spec.cascade import Cascade

TEMPERATURE = 0.7
"""Of the samples that have to agree, where the candidate's own decoding is greedy."""

SMALL = "small"
"""Who answered first, in the trace of an answer; the other one goes by its candidate's name."""

A = TypeVar("A", ScoreAnswer, GenerateAnswer)


def cascade(settings: Any, engine: Engine, others: Mapping[str, Engine]) -> CascadeEngine:
    """Return the engine that asks ``engine`` first, then the one other; see `fairtrial.levers.base.WrapLever`."""
    given = settings if isinstance(settings, Cascade) else Cascade.model_validate(settings)
    [(name, larger)] = others.items()
    return CascadeEngine(given, engine, larger, (SMALL, name))


class CascadeEngine:
    """See `fairtrial.engines.base.Engine`.  The two engines stay their owners' to close.

    Attributes:
        threshold: questions with a signal below it go to the larger model; None until it is learned.
    """

    def __init__(self, settings: Cascade, small: Engine, larger: Engine, names: tuple[str, str]) -> None:
        self.settings, self.small, self.larger, self.names = settings, small, larger, names
        self.threshold = settings.threshold
        self._closed = False
        a, b = small.can, larger.can
        self.can = Capabilities(
            score=a.score and b.score,
            generate=a.generate and b.generate,
            chat=a.chat,
            images=a.images and b.images,
            context_tokens=min(a.context_tokens, b.context_tokens),
            batch_invariant=a.batch_invariant and b.batch_invariant,
        )
        self.record: Mapping[str, object] = {
            "engine": "cascade",
            "signal": settings.signal,
            "small": dict(small.record),
            "larger": dict(larger.record),
        }
        if gives_as_they_come(small) or gives_as_they_come(larger):
            self.as_answered = self._as_answered

    def check(self, requests: Sequence[Request]) -> None:
        """Raise what either engine raises, or CapabilityError for a request whose answer has no signal."""
        self.small.check(requests)
        self.larger.check(requests)
        if self.settings.signal == "mean_logprob" and any(isinstance(r, GenerateRequest) for r in requests):
            self._check_told()
        for request in requests:
            if reason := why_no_signal(request):
                raise CapabilityError(
                    f"a cascade cannot tell how sure an answer is: {reason}.",
                    fix="Ask such tasks of the candidates without the cascade.",
                    where=request.label,
                )

    def _check_told(self) -> None:
        why = self.small.why_silent() if isinstance(self.small, MaySayNothing) else ""
        if why:
            raise CapabilityError(
                f"the signal mean_logprob needs the probabilities of the smaller model's own text: {why}.",
                fix="Use the signal self_agreement.",
            )

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request, in order; all of the small model's before the larger one is asked."""
        first = list(self.small.score(requests))
        signals, spent = self.signals(requests, first)
        unsure = self._unsure(signals)
        more = self.larger.score([requests[i] for i in unsure]) if unsure else iter(())
        yield from self._merged(first, signals, spent, more, unsure)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request, in order; all of the small model's before the larger one is asked."""
        first = list(self.small.generate(requests))
        signals, spent = self.signals(requests, first)
        unsure = self._unsure(signals)
        more = self.larger.generate([requests[i] for i in unsure]) if unsure else iter(())
        yield from self._merged(first, signals, spent, more, unsure)

    def _as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Yield requests with their answers as they come; a failure is raised when all others are there."""
        failures: list[EngineError] = []
        got = list(coming(self.small, requests, failures))
        asked, first = [request for request, _ in got], [answer for _, answer in got]
        signals, spent = self.signals(asked, first) if got else ([], [])
        unsure = set(self._unsure(signals))
        for i in range(len(got)):
            if i not in unsure:
                yield asked[i], self._joined(first[i], signals[i], spent[i], None)
        at = {id(asked[i]): i for i in unsure}
        for request, more in coming(self.larger, [asked[i] for i in sorted(unsure)], failures):
            i = at[id(request)]
            yield request, self._joined(first[i], signals[i], spent[i], more)
        if failures:
            raise failures[0]

    def signals(self, requests: Sequence[Request], answers: Sequence[Answer]) -> tuple[list[float], list[Moved]]:
        """Return how sure the small model is of its answers, and the tokens that finding out has moved."""
        if self._closed:
            raise EngineError("This engine has been closed.")
        free = [(0, 0)] * len(answers)
        if self.settings.signal == "mean_logprob" or any(isinstance(answer, ScoreAnswer) for answer in answers):
            return [sureness(r, a) for r, a in zip(requests, answers, strict=True)], free
        count = self.settings.samples
        asked = [sampled(r, k) for r in requests if isinstance(r, GenerateRequest) for k in range(count)]
        samples = list(self.small.generate(asked))
        for request, sample in zip(asked, samples, strict=True):
            if told := flaw(sample):
                raise not_a_number(self.names[0], request.label, told)
        groups = [samples[i * count : (i + 1) * count] for i in range(len(answers))]
        found = [
            agreement(answer, group, self.settings.answer)
            for answer, group in zip(answers, groups, strict=True)
            if isinstance(answer, GenerateAnswer)
        ]
        return found, [(sum(a.prompt_tokens for a in g), sum(a.tokens for a in g)) for g in groups]

    def close(self) -> None:
        """Answer no more.  The two engines stay open: they belong to whoever opened them."""
        self._closed = True

    def _unsure(self, signals: Sequence[float]) -> list[int]:
        if self.threshold is None:
            raise EngineError("the threshold of this cascade has not been learned yet.")
        return [i for i, signal in enumerate(signals) if signal < self.threshold]

    def _merged(
        self, first: Sequence[A], signals: Sequence[float], spent: Sequence[Moved], more: Iterator[A], unsure: list[int]
    ) -> Iterator[A]:
        """Yield the small model's answers, or the larger one's as they come where that is asked, with their traces."""
        passed = set(unsure)
        for i, answer in enumerate(first):
            yield cast(A, self._joined(answer, signals[i], spent[i], next(more) if i in passed else None))

    def _joined(self, answer: Answer, signal: float, spent: Moved, more: Answer | None) -> Answer:
        """Return the answer that counts, with what both models did for it."""
        read, new = answer.moved
        trace = [TraceStep(self.names[0], read + spent[0], new + spent[1], signal)]
        sent = answer.sent_bytes
        if more is None:
            return replace(answer, trace=tuple(trace), sent_bytes=sent)
        trace.append(TraceStep(self.names[1], *more.moved))
        sent = more.sent_bytes if sent is None else sent + (more.sent_bytes or 0)
        return replace(more, trace=tuple(trace), sent_bytes=sent)


def sureness(request: Request, answer: Answer) -> float:
    """Return the signal that needs nothing but the answer itself; NaN for an answer whose numbers are none."""
    if flaw(answer):
        return math.nan
    if isinstance(request, ScoreRequest) and isinstance(answer, ScoreAnswer):
        return of_choices(request, answer)
    if isinstance(answer, GenerateAnswer):
        return of_text(answer)
    raise TypeError(f"{type(answer).__name__} is no answer to a {type(request).__name__}")


Moved = tuple[int, int]
"""Tokens read, tokens generated."""


def sampled(request: GenerateRequest, number: int) -> GenerateRequest:
    """Return the request for one of the samples that have to agree, with a seed of its own."""
    seed = int(request.id[:15], 16) + number + 1
    return replace(request, temperature=request.temperature or TEMPERATURE, seed=seed)
