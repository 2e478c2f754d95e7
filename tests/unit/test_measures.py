"""Probes share out what a batch cost, and invent nothing."""

from __future__ import annotations

import time

import pytest

from fairtrial.measures import MEASURES, PROBES
from fairtrial.measures.speed import SpeedProbe, TokensProbe
from fairtrial.records import Answer, GenerateAnswer, ScoreAnswer

SCORED = ScoreAnswer(logprobs=(-1.0, -2.0), greedy=(True, False), tokens=(2, 3), prompt_tokens=45)
WRITTEN = GenerateAnswer(text="4", tokens=5, finish="stop", prompt_tokens=50)


def test_seconds_add_up_to_the_batch_and_follow_the_tokens() -> None:
    probe = SpeedProbe()
    probe.start()
    time.sleep(0.02)
    probe.stop()
    groups: list[list[Answer]] = [[SCORED], [], [WRITTEN]]
    seen = probe.observe(groups)
    assert seen[1] == []
    scored, written = seen[0][0].value, seen[2][0].value
    assert scored + written >= 0.02
    assert written / scored == pytest.approx((50 + 10 * 5) / (45 + 5))


def test_tokens_are_counted_as_a_caller_counts_them() -> None:
    [[read, new], nothing, [read2, new2]] = TokensProbe().observe([[SCORED], [], [WRITTEN]])
    assert (read.value, new.value, read2.value, new2.value) == (50, 0, 50, 5)
    assert nothing == []
    assert read.unit == "token"


def test_every_observation_is_of_a_declared_measure() -> None:
    for kind in PROBES:
        probe = kind()
        probe.start()
        probe.stop()
        for observation in probe.observe([[SCORED]])[0]:
            assert MEASURES[observation.measure].unit == observation.unit
