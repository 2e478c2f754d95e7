"""Work of a fixed time, for the bench of runners; a module of its own, so that other processes find it by its name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest
from fairtrial.running.answering import Answered, AnswerItems, OnAnswer
from fairtrial.running.pool import EnginePool

SECONDS = "FAIRTRIAL_BENCH_SECONDS"
"""Variable of the environment that says how long a chunk takes."""

BEGINS = "FAIRTRIAL_BENCH_BEGINS"
"""Variable of the environment that names a file: once it is there, all workers are."""


class SleepingItems(AnswerItems):
    """A chunk that takes a fixed time and no processor."""

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> Answered:
        """Sleep, once all are there, and return made-up answers."""
        while not Path(os.environ[BEGINS]).exists():
            time.sleep(0.01)
        time.sleep(float(os.environ[SECONDS]))
        requests = [request for requests in self.items for request in requests]
        return Answered({request.id: make_answer(request) for request in requests}, [()] * len(self.items))


def make_answer(request: Request) -> Answer:
    """Return an answer of the usual size."""
    if isinstance(request, GenerateRequest):
        return GenerateAnswer("42", 2, "stop", prompt_tokens=100)
    assert isinstance(request, ScoreRequest)
    count = len(request.pairs)
    return ScoreAnswer((-1.5,) * count, (False,) * count, (3,) * count, prompt_tokens=100)
