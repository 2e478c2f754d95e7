"""Work for runners that ends the process of whoever does it, at once or after some answers."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from fairtrial.planning.base import PlannedCandidate
from fairtrial.records import Answer, GenerateAnswer, Request
from fairtrial.running.answering import Answered, OnAnswer
from fairtrial.running.pool import EnginePool


@dataclass(frozen=True)
class DyingWork:
    """Hands answers over one by one and ends its process after so many of them, as long as a file says so.

    Attributes:
        marks: a folder: each process that does this leaves a file there; ``deaths`` of them end.
    """

    who: tuple[PlannedCandidate, ...]
    requests: Sequence[Request]
    marks: Path
    deaths: int
    after: int
    label: str = "candidate a, task t, 50 items from 100"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> Answered:
        """Answer the requests, or end."""
        died = len(list(self.marks.iterdir()))
        (self.marks / f"{died}-{','.join(request.id for request in self.requests)}").touch()
        answers = {}
        for done, request in enumerate(self.requests):
            if died < self.deaths and done == self.after:
                os._exit(7)
            answers[request.id] = GenerateAnswer(request.id, 1, "stop")
            on_answer(request, answers[request.id])
        return Answered(answers, [()])

    def without(self, answers: Mapping[str, Answer]) -> DyingWork:
        """Return what is left."""
        return replace(self, requests=[request for request in self.requests if request.id not in answers])

    def join(self, answers: Mapping[str, Answer], outcome: Answered) -> Answered:
        """Return all of it."""
        return replace(outcome, answers={**answers, **outcome.answers})
