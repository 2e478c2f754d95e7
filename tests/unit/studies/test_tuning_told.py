"""What is told of how candidates were tuned, from their records; hostile records are not believed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fairtrial.ledger.plan import CandidateRecord, SpecRecord, WeightsRecord
from fairtrial.studies import find_further
from fairtrial.studies.tuning import format_time, list_tunings, read_tuning
from tests.support.stepwise_ledger import TRIAL_ID, make_ledger

FACTS: dict[str, Any] = {
    "data": {"rows": 4000, "validation_rows": 400, "learned_tokens": 51_200},
    "loss": {
        "train": [[10, 1.5], [20, 0.8], [30, 0.3]],
        "validation": [[0, 1.6], [20, 0.9], [30, 1.1]],
        "best_step": 20,
    },
    "seconds": 1100.0,
    "peak_memory_bytes": 1_400_000_000,
    "energy": {"status": "unavailable", "reason": "no meter can be read."},
}


def candidate(name: str, **document: Any) -> CandidateRecord:
    return CandidateRecord(name, name, SpecRecord("gguf:a.gguf"), WeightsRecord(document=document))


def test_a_training_is_told_once_for_all_that_have_its_weights() -> None:
    inner = {"own": {"tuning": FACTS}, "other": {}}
    found = list_tunings([candidate("a", tuning=FACTS), candidate("plain"), candidate("b", parts=inner)])
    assert [one.names for one in found] == [("a", "b")]
    assert (found[0].rows, found[0].joules, found[0].validation[1]) == (4000.0, None, (20.0, 0.9))


def test_the_report_of_a_trial_tells_it(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "l.db", 12, tuning=FACTS) as ledger:
        [found] = [one for one in find_further(ledger, TRIAL_ID) if one.title == "Tuning"]
    tuned, learnt, watched = found.sentences
    assert "each on rows of its own; only rows held back are the same" in learnt
    assert tuned.startswith("smol-tuned and 2 more were tuned on ")
    assert tuned.endswith("on 4,000 rows (51,200 tokens to learn), once, in 18 min.")
    assert "the loss on 400 rows held back fell from 1.600 to 0.900 nats at step 20, and rose to 1.100 after" in watched
    assert watched.endswith("the weights are those of step 20.")
    [note] = found.notes
    assert note.endswith(": the energy of the training was not measured: no meter can be read.")
    [chart] = found.charts
    assert [(curve.label, len(curve.points)) for curve in chart.curves] == [
        ("rows learnt from", 3),
        ("rows held back", 3),
    ]
    json.dumps(found.document(), allow_nan=False)


def test_joules_are_estimated_where_watts_are_stated(tmp_path: Path) -> None:
    with make_ledger(tmp_path / "l.db", 12, tuning={**FACTS, "processor_seconds": 2000.0}) as ledger:
        ledger.open_session(TRIAL_ID, {"stated": {"watts_per_core": 7.5, "source": "a data sheet"}})
        [found] = [one for one in find_further(ledger, TRIAL_ID) if one.title == "Tuning"]
    [table] = found.tables
    assert [column.name for column in table.columns[-2:]] == ["joules", "joules, estimated"]
    assert table.rows[0][-2:] == (None, 15_000.0)
    assert "processor seconds times 7.5 watts of a busy core" in found.notes[-1]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"loss": [1, 2], "data": "many", "energy": None, "seconds": "soon"},
        {"loss": {"train": [[1], [2, "x"], "y", [True, 3]], "validation": {"a": 1}}, "seconds": float("nan")},
        {"data": {"rows": -4}, "seconds": float("inf"), "energy": {"joules": True, "reason": 7}},
    ],
)
def test_what_is_no_number_is_not_known(facts: dict[str, Any]) -> None:
    one = read_tuning(facts, ("a",))
    assert (one.rows, one.train, one.validation, one.seconds, one.joules) == (None, (), (), None, None)
    assert one.why_no_joules == ""


@pytest.mark.parametrize(("seconds", "told"), [(42.4, "42 s"), (1100, "18 min"), (7500, "2 h 5 min")])
def test_times(seconds: float, told: str) -> None:
    assert format_time(seconds) == told
