"""What a comparison cannot say is said before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.planning.plan import plan_trial
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.trial import TaskEntry, Trial

GREEDY, WARM = Decoding(), Decoding(temperature=0.7)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"a": GREEDY}, ["a is the only candidate: it gets scores, and no verdict."]),
        ({"a": GREEDY, "b": WARM}, []),
        (
            {"a": GREEDY, "b": WARM, "c": GREEDY},
            ["a and c are one and the same candidate: same model, levers and settings."],
        ),
    ],
)
def test_a_comparison_that_says_nothing_is_announced(
    given: dict[str, Decoding], said: list[str], tmp_path: Path
) -> None:
    lines: list[str] = []
    candidates = tuple(Candidate(id=name, model="fake:right", decoding=how) for name, how in given.items())
    trial = Trial(name="t", candidates=candidates, tasks=(TaskEntry(task="arithmetic_open", limit=4),))
    plan_trial(trial, tmp_path, on_progress=lines.append)
    assert lines == said
