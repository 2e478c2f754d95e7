"""Answers of an engine as they come, with failures of single ones noted and not raised before the others are there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtrial.engines.base import Engine, StreamsAnswers
from fairtrial.errors import EngineError
from fairtrial.records import Answer, GenerateRequest, Request, ScoreRequest


def is_streaming(engine: Engine) -> bool:
    """Return whether an engine hands each answer over as it comes, since each may have cost money."""
    return isinstance(engine, StreamsAnswers)


def stream_answers(
    engine: Engine, requests: Sequence[Request], failures: list[EngineError]
) -> Iterator[tuple[Request, Answer]]:
    """Yield requests with their answers, and add what went wrong to ``failures``."""
    try:
        if isinstance(engine, StreamsAnswers):
            yield from engine.as_answered(requests)
            return
        scores = [request for request in requests if isinstance(request, ScoreRequest)]
        texts = [request for request in requests if isinstance(request, GenerateRequest)]
        if scores:
            yield from zip(scores, engine.score(scores), strict=True)
        if texts:
            yield from zip(texts, engine.generate(texts), strict=True)
    except EngineError as error:
        failures.append(error)
