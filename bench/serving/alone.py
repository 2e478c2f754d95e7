"""The engine of ``fairtrial serve`` without a server: the same users and questions, asked in one process.

Prints a line of JSON: tokens, seconds, seconds of the processor, seconds to each first word, and the seconds that the
library itself took.
"""

from __future__ import annotations

import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from bench.serving.servers import CONTEXT, MODEL
from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import get_work
from fairtrial.engines.live import CanAnswerLive, LiveEngine, Writing
from fairtrial.models.schemes import resolve_candidate
from fairtrial.records import GenerateRequest, Prompt
from fairtrial.spec.candidate import Candidate


def ask_all(live: LiveEngine, questions: Sequence[Sequence[GenerateRequest]]) -> tuple[int, list[float]]:
    """Answer the questions of all users, each one's in turn; return the tokens and the seconds to each first word."""
    left = [deque(one) for one in questions]
    growing: list[tuple[int, Writing, float]] = []
    tokens, first, seen = 0, [], set()

    def ask(user: int) -> None:
        if left[user]:
            growing.append((user, live.begin(left[user].popleft()), time.perf_counter()))

    for user in range(len(left)):
        ask(user)
    while growing:
        live.advance()
        for one in list(growing):
            user, writing, begun = one
            if writing.take().text and id(writing) not in seen:
                seen.add(id(writing))
                first.append(time.perf_counter() - begun)
            if writing.answer is not None:
                growing.remove(one)
                tokens += writing.answer.tokens
                ask(user)
    return tokens, first


def main() -> None:
    asked = json.load(sys.stdin)
    spec = Candidate(id="alone", model=f"gguf:{MODEL}", chat="model", context=CONTEXT)
    engine = open_engine(spec, resolve_candidate(spec, Path()), EngineSettings(threads=asked["threads"]))
    assert isinstance(engine, CanAnswerLive)
    live = engine.open_live(asked["places"])
    assert live is not None
    for questions in asked["runs"]:
        listed = [
            [GenerateRequest(Prompt(question, system=system), asked["tokens"]) for system, question in one]
            for one in questions
        ]
        before, begun, spent = dict(get_work(engine)), time.perf_counter(), time.process_time()
        tokens, first = ask_all(live, listed)
        told = {"tokens": tokens, "seconds": time.perf_counter() - begun, "processor": time.process_time() - spent}
        work = {name: value - before.get(name, 0.0) for name, value in get_work(engine).items()}
        print(json.dumps({**told, "first": first, "work": work}), flush=True)


if __name__ == "__main__":
    main()
