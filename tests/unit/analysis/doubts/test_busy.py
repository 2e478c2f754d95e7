"""Seconds by the clock that are mostly other programs' are doubted, where a candidate does nothing but compute."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fairtrial.analysis.doubts.machines import find_machine_doubts
from fairtrial.ledger import query
from fairtrial.ledger.plan import CandidateRecord, PartRecord
from tests.support.standing_ledger import SECONDS, TRIAL, trial_ledger

ITEMS = 60


def find_busy(
    tmp_path: Path, clock: list[float | None], processor: float, candidate: CandidateRecord | None
) -> list[str]:
    """Return what is said of a candidate ``a`` whose items took so long; ``candidate`` says what it is."""
    measures = {"acc": {"a": [1.0] * ITEMS}, "seconds": {"a": clock}, "cpu_seconds": {"a": [processor] * ITEMS}}
    more = [{**SECONDS, "name": "cpu_seconds"}]
    with trial_ledger(tmp_path / "l.db", ["a"], {"t": measures}, more_measures=more) as ledger:
        row = query.find_trial(ledger, TRIAL)
        [own] = row.plan.candidates
        record = replace(own.record, engine="llamacpp")
        own = replace(candidate, id=own.id, name="a") if candidate else replace(own, record=record)
        doubts = list(find_machine_doubts(ledger, replace(row, plan=replace(row.plan, candidates=(own,)))))
        assert all(one.headline and one.candidate == "a" and one.kind == "busy" for one in doubts)
        return [one.text for one in doubts]


@pytest.mark.parametrize(
    ("clock", "processor", "told"),
    [
        (3.0, 1.0, "180 s by the clock, and 60 s of the processor"),
        (1.9, 1.0, ""),  # less than twice as long
        (0.7, 0.3, ""),  # 24 s in all
        (0.6, 1.2, ""),  # two threads
    ],
)
def test_time_that_nobody_computed_in_is_told(tmp_path: Path, clock: float, processor: float, told: str) -> None:
    texts = find_busy(tmp_path, [clock] * ITEMS, processor, None)
    assert len(texts) == bool(told)
    assert all(told in text for text in texts)


def test_answers_without_seconds_do_not_count(tmp_path: Path) -> None:
    [text] = find_busy(tmp_path, [9.0] * (ITEMS // 2) + [None] * (ITEMS // 2), 1.0, None)
    assert "270 s by the clock, and 30 s of the processor" in text


def test_who_waits_for_others_is_not_doubted(tmp_path: Path) -> None:
    with trial_ledger(tmp_path / "plain.db", ["a"], {"t": {"acc": {"a": [1.0]}}}) as ledger:
        [plain] = query.find_trial(ledger, TRIAL).plan.candidates
    local = replace(plain, record=replace(plain.record, engine="llamacpp"))
    waiting = {
        "hosted": replace(plain, record=replace(plain.record, engine="openai")),
        "on a GPU": replace(plain, record=replace(plain.record, engine="transformers", document={"device": "cuda"})),
        "reads": replace(local, spec=replace(local.spec, levers=({"read": {}},))),
        "cascade": replace(local, parts=(PartRecord("b", "b" * 32),)),
    }
    for name, candidate in waiting.items():
        (tmp_path / name).mkdir()
        assert find_busy(tmp_path / name, [9.0] * ITEMS, 1.0, candidate) == [], name
    computing = replace(local, spec=replace(local.spec, levers=({"quantize": "q4_k_m"}, {"think": 64})))
    (tmp_path / "computes").mkdir()
    assert len(find_busy(tmp_path / "computes", [9.0] * ITEMS, 1.0, computing)) == 1
