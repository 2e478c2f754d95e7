"""What a comparison cannot say is said before anything is asked."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairtrial.errors import SpecError
from fairtrial.planning.plan import plan_trial
from fairtrial.spec.candidate import Candidate, Decoding
from fairtrial.spec.source import load_trial
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


def test_a_search_behind_a_guard_is_refused(tmp_path: Path) -> None:
    levers = "[{guard: standard}, {retrieve: news.db}]"
    (tmp_path / "t.yaml").write_text(
        f"candidates:\n  - {{id: a, model: 'fake:x', levers: {levers}}}\ntasks: [{{task: arithmetic_open, limit: 4}}]\n"
    )
    with pytest.raises(SpecError, match="a guard stands before retrieve") as caught:
        plan_trial(load_trial(tmp_path / "t.yaml").trial, tmp_path)
    assert "Write retrieve first" in caught.value.fix
