"""The engine of a cascade: asks the small model, and the larger one where the small one is unsure."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar, cast

from fairtrial.engines.base import Capabilities, Engine, MayLackLogprobs
from fairtrial.engines.finite import find_flaw, make_nan_error
from fairtrial.errors import CapabilityError, EngineError
from fairtrial.levers.cascade.coming import is_streaming, stream_answers
from fairtrial.levers.cascade.signals import (
    explain_no_signal,
    measure_agreement,
    measure_choices,
    measure_text_probability,
)
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.records.trace import trace_of_part, with_signal
from fairtrial.spec.cascade import Cascade

TEMPERATURE = 0.7
"""Of the samples that have to agree, where the candidate's own decoding is greedy."""

SMALL = "small"
"""Who answered first, in the trace of an answer; the other one goes by its candidate's name."""

A = TypeVar("A", ScoreAnswer, GenerateAnswer)


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
            begins=a.begins and b.begins,
        )
        self.record: Mapping[str, object] = {
            "engine": "cascade",
            "signal": settings.signal,
            "small": dict(small.record),
            "larger": dict(larger.record),
        }
        if is_streaming(small) or is_streaming(larger):
            self.as_answered = self._as_answered

    def check(self, requests: Sequence[Request]) -> None:
        """Raise what either engine raises, or CapabilityError for a request whose answer has no signal."""
        self.small.check(requests)
        self.larger.check(requests)
        if self.settings.signal == "mean_logprob" and any(isinstance(r, GenerateRequest) for r in requests):
            self._check_told()
        for request in requests:
            if reason := explain_no_signal(request):
                raise CapabilityError(
                    f"a cascade cannot tell how sure an answer is: {reason}.",
                    fix="Ask such tasks of the candidates without the cascade.",
                    where=request.label,
                )

    def _check_told(self) -> None:
        why = self.small.why_silent() if isinstance(self.small, MayLackLogprobs) else ""
        if why:
            raise CapabilityError(
                f"the signal mean_logprob needs the probabilities of the smaller model's own text: {why}.",
                fix="Use the signal self_agreement.",
            )

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request, in order; all of the small model's before the larger one is asked."""
        first = list(self.small.score(requests))
        signals, samples = self.signals(requests, first)
        unsure = self._list_unsure(signals)
        more = self.larger.score([requests[i] for i in unsure]) if unsure else iter(())
        yield from self._merge_answers(first, signals, samples, more, unsure)

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request, in order; all of the small model's before the larger one is asked."""
        first = list(self.small.generate(requests))
        signals, samples = self.signals(requests, first)
        unsure = self._list_unsure(signals)
        more = self.larger.generate([requests[i] for i in unsure]) if unsure else iter(())
        yield from self._merge_answers(first, signals, samples, more, unsure)

    def _as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Yield requests with their answers as they come; a failure is raised when all others are there."""
        failures: list[EngineError] = []
        got = list(stream_answers(self.small, requests, failures))
        asked, first = [request for request, _ in got], [answer for _, answer in got]
        signals, samples = self.signals(asked, first) if got else ([], [])
        unsure = set(self._list_unsure(signals))
        for i in range(len(got)):
            if i not in unsure:
                yield asked[i], self.join_answers(first[i], signals[i], samples[i], None)
        at = {id(asked[i]): i for i in unsure}
        for request, more in stream_answers(self.larger, [asked[i] for i in sorted(unsure)], failures):
            i = at[id(request)]
            yield request, self.join_answers(first[i], signals[i], samples[i], more)
        if failures:
            raise failures[0]

    def signals(
        self, requests: Sequence[Request], answers: Sequence[Answer]
    ) -> tuple[list[float], list[Sequence[Answer]]]:
        """Return how sure the small model is of its answers, and the further answers that finding out has taken."""
        if self._closed:
            raise EngineError("This engine has been closed.")
        free: list[Sequence[Answer]] = [()] * len(answers)
        if self.settings.signal == "mean_logprob" or any(isinstance(answer, ScoreAnswer) for answer in answers):
            return [measure_sureness(r, a) for r, a in zip(requests, answers, strict=True)], free
        count = self.settings.samples
        asked = [make_sample_request(r, k) for r in requests if isinstance(r, GenerateRequest) for k in range(count)]
        samples = list(self.small.generate(asked))
        for request, sample in zip(asked, samples, strict=True):
            if told := find_flaw(sample):
                raise make_nan_error(self.names[0], request.label, told)
        groups = [samples[i * count : (i + 1) * count] for i in range(len(answers))]
        found = [
            measure_agreement(answer, group, self.settings.answer)
            for answer, group in zip(answers, groups, strict=True)
            if isinstance(answer, GenerateAnswer)
        ]
        return found, list(groups)

    def close(self) -> None:
        """Answer no more.  The two engines stay open: they belong to whoever opened them."""
        self._closed = True

    def is_unsure(self, signal: float) -> bool:
        """Return whether the larger model is asked where the small one is so sure of its answer."""
        if self.threshold is None:
            raise EngineError("the threshold of this cascade has not been learned yet.")
        return signal < self.threshold

    def _list_unsure(self, signals: Sequence[float]) -> list[int]:
        return [i for i, signal in enumerate(signals) if self.is_unsure(signal)]

    def _merge_answers(
        self,
        first: Sequence[A],
        signals: Sequence[float],
        samples: Sequence[Sequence[Answer]],
        more: Iterator[A],
        unsure: list[int],
    ) -> Iterator[A]:
        """Yield the small model's answers, or the larger one's as they come where that is asked, with their traces."""
        passed = set(unsure)
        for i, answer in enumerate(first):
            yield cast(A, self.join_answers(answer, signals[i], samples[i], next(more) if i in passed else None))

    def join_answers(self, answer: Answer, signal: float, samples: Sequence[Answer], more: Answer | None) -> Answer:
        """Return the answer that counts, with what both models did for it."""
        trace = with_signal(trace_of_part(self.names[0], answer, samples), self.names[0], signal)
        sent = [one.sent_bytes for one in (answer, *samples, more) if one is not None and one.sent_bytes is not None]
        if more is not None:
            trace += trace_of_part(self.names[1], more)
        return replace(more or answer, trace=trace, sent_bytes=sum(sent) if sent else None)


def measure_sureness(request: Request, answer: Answer) -> float:
    """Return the signal that needs nothing but the answer itself; NaN for an answer whose numbers are none."""
    if find_flaw(answer):
        return math.nan
    if isinstance(request, ScoreRequest) and isinstance(answer, ScoreAnswer):
        return measure_choices(request, answer)
    if isinstance(answer, GenerateAnswer):
        return measure_text_probability(answer)
    raise TypeError(f"{type(answer).__name__} is no answer to a {type(request).__name__}")


def make_sample_request(request: GenerateRequest, number: int) -> GenerateRequest:
    """Return the request for one of the samples that have to agree, with a seed of its own."""
    seed = int(request.id[:15], 16) + number + 1
    return replace(request, temperature=request.temperature or TEMPERATURE, seed=seed)
