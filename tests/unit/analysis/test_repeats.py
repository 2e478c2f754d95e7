"""The spread between repeats, from a trial that was really run."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from fairtrial.analysis.repeats import find_repeat_spreads
from fairtrial.api import run
from fairtrial.ledger import Chunk, Ledger
from fairtrial.records import Observation
from fairtrial.report.html.page import render_report
from fairtrial.report.repeats import describe_repeats, make_repeat_rows
from fairtrial.report.summary import summarise
from fairtrial.spec.trial import Trial
from tests.support.ledgers import TASK, TRIAL, candidate_id, filled, make_items

GRADES = {"a": [[1, 1], [0, 1], [1, 0], [1, 1]], "b": [[1, 1], [1, 1], [0, 0], [0, 0]]}


def test_scores_by_repeat_and_their_spread(tmp_path: Path) -> None:
    with filled(tmp_path / "l.db") as ledger:
        for name, grades in GRADES.items():
            seen = [
                (TASK, item.id, repeat, Observation("acc", float(value)))
                for item, values in zip(make_items(4), grades, strict=True)
                for repeat, value in enumerate(values)
            ]
            ledger.commit(candidate_id(name), Chunk(observations=seen))
        ledger.commit(candidate_id("a"), Chunk(observations=[(TASK, make_items(4)[0].id, 2, Observation("acc", 0.0))]))
        a, b = find_repeat_spreads(ledger, TRIAL)
        assert a.candidate == "a" and a.means == (0.75, 0.75) and a.sd == 0 and a.changing_values == 0.5
        assert b.means == (0.5, 0.5) and b.changing_values == 0 and b.items == 4 and b.repeats == 2
        ledger.commit(candidate_id("a"), Chunk(observations=[(TASK, make_items(4)[1].id, 1, Observation("acc", 0.0))]))
        assert find_repeat_spreads(ledger, TRIAL)[0].means == (0.75, 0.75)  # rows are never changed


def test_a_trial_with_repeats_shows_what_changes(tmp_path: Path) -> None:
    trial = Trial.model_validate(
        {
            "name": "warm",
            "candidates": [
                {"id": "greedy", "model": "fake:x"},
                {"id": "warm", "model": "fake:x", "decoding": {"temperature": 1.0}},
            ],
            "tasks": [{"task": "arithmetic_open", "limit": 6, "repeats": 3}],
        }
    )
    found = run(trial, ledger=tmp_path / "l.db")
    greedy, warm = found.summary.repeats
    assert greedy.changing_answers == 0 and not greedy.sampled and warm.sampled and warm.changing_answers > 0.5
    assert warm.sd == pytest.approx(np.std(warm.means, ddof=1)) and len(warm.means) == 3
    assert [row[:3] for row in make_repeat_rows(found.summary)] == [
        ("arithmetic_open", "greedy", "3"),
        ("arithmetic_open", "warm", "3"),
    ]
    assert describe_repeats(found.summary)[1].startswith("greedy answers greedily (temperature 0)")
    with Ledger.open(tmp_path / "l.db", create=False) as ledger:
        page = render_report(ledger, summarise(ledger, found.trial_id))
    assert "<h2>Between repeats</h2>" in page and found.summary.document()["repeats"][1]["candidate"] == "warm"
