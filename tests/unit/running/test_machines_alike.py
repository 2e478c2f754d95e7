"""Machines of several kinds answer the same items, and the headline says how far they differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from fairtrial.analysis.doubts import find_doubts
from fairtrial.engines import EngineSettings
from fairtrial.engines.settings import refuse_image
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import plan_trial
from fairtrial.records import GenerateAnswer, ScoreAnswer
from fairtrial.running import runners
from fairtrial.running.answering import Answered
from fairtrial.running.conductor import run
from fairtrial.running.runners import RunnerPlace
from fairtrial.running.runners.here import ThreadLink
from fairtrial.running.runners.likeness import compare_answers
from fairtrial.running.runners.worker import WorkerMessage, WorkerSetup
from fairtrial.spec.trial import Trial
from fairtrial.workers.base import WorkEnded


class OddLink(ThreadLink):
    """A worker on a machine of its own; every second one has another processor, which scores a little otherwise."""

    def __init__(self, setup: WorkerSetup, number: int) -> None:
        super().__init__(setup, refuse_image)
        self.machine, self.odd = f"m{number}", number % 2 == 1
        self.facts: Mapping[str, Any] = {**self.facts, "processor": "odd" if self.odd else "even"}

    def receive(self) -> WorkerMessage:
        message: WorkerMessage = super().receive()
        if self.odd and isinstance(message, WorkEnded) and isinstance(message.value, Answered):
            scored = {name: one for name, one in message.value.answers.items() if isinstance(one, ScoreAnswer)}
            there = {name: replace(one, logprobs=tuple(x - 0.25 for x in one.logprobs)) for name, one in scored.items()}
            return WorkEnded(replace(message.value, answers=there))
        return message


class OddHost:
    """Two machines that are not alike."""

    kind, most, threads = "odd", 2, 1

    def __init__(self) -> None:
        self.numbers: SimpleQueue[int] = SimpleQueue()
        for number in range(50):
            self.numbers.put(number)

    def has_room(self, needs: int, taken: int) -> bool:
        return True

    def start(self, setup: WorkerSetup, needs: int, alone: bool) -> OddLink:
        return OddLink(setup, self.numbers.get())

    def close(self) -> None:
        """Nothing was taken."""


def test_unlike_machines_are_compared_and_the_headline_says_how_far_they_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runners, "open_host", lambda *_: OddHost())
    spec = {"candidates": [{"id": "a", "model": "fake:a"}], "tasks": [{"task": "table", "level": 1, "limit": 500}]}
    plan = plan_trial(Trial.model_validate(spec), tmp_path)
    ledger = Ledger.open(tmp_path / "t.db")
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings(threads=1), place=RunnerPlace("processes", workers=2))
    [doubt] = [one for one in find_doubts(ledger, plan.id) if one.kind == "unlike"]
    assert doubt.headline
    assert "even" in doubt.text and "odd" in doubt.text
    assert "The same 8 items asked on both: log-probabilities differ by up to 0.25 nats" in doubt.text


def test_the_same_answers_are_the_same_and_others_are_told() -> None:
    scored = {"r": ScoreAnswer((-1.0, -2.0), (True, False), (1, 1), prompt_tokens=3)}
    other = {"r": ScoreAnswer((-2.5, -2.0), (True, False), (1, 1), prompt_tokens=3)}
    text, changed = {"t": GenerateAnswer("a", 1, "stop")}, {"t": GenerateAnswer("b", 1, "stop")}
    assert compare_answers({**scored, **text}, {**scored, **text})[0]
    same, told = compare_answers({**scored, **text}, {**other, **changed})
    assert not same
    assert told == (
        "log-probabilities differ by up to 1.5 nats, the likeliest choice in 1 requests; 1 of 1 texts differ"
    )
