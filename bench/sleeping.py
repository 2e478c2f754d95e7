"""Work of a fixed time, for the bench of runners; a module of its own, so that other processes find it by its name."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.running.answering import Answered, OnAnswer
from fairtrial.running.pool import EnginePool


@dataclass(frozen=True)
class SleepingWork:
    """A chunk that takes a fixed time and no processor."""

    who: tuple[PlannedCandidate, ...]
    items: Sequence[Sequence[Request]]
    seconds: float
    label: str = "a simulated chunk"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> Answered:
        """Sleep, and return made-up answers."""
        time.sleep(self.seconds)
        requests = [request for requests in self.items for request in requests]
        return Answered({request.id: make_answer(request) for request in requests}, [()] * len(self.items))


def make_answer(request: Request) -> Answer:
    """Return an answer of the usual size."""
    if isinstance(request, GenerateRequest):
        return GenerateAnswer("42", 2, "stop", prompt_tokens=100)
    assert isinstance(request, ScoreRequest)
    count = len(request.pairs)
    return ScoreAnswer((-1.5,) * count, (False,) * count, (3,) * count, prompt_tokens=100)
