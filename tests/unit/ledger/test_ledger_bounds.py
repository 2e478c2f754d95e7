"""Grades that are all 0 or 1 are shares, whatever their measure says of itself."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.records import Observation
from tests.support.ledgers import TASK, TRIAL, candidate_id, make_items, plan


def graded(path: Path, values: list[float], early: bool = False, unit: str = "1") -> Ledger:
    ledger = Ledger.open(path)
    document = copy.deepcopy(plan())
    document["decide"]["stop_early"] = early  # type: ignore[index]
    card = document["tasks"][0]["card"]  # type: ignore[index]
    card["measures"][0] |= {"bounds": None, "unit": unit}
    items = make_items(len(values))
    for name in ("a", "b"):
        ledger.add_candidate(candidate_id(name), name, {"model": "fake:x"})
    ledger.add_task(TASK, "quiz", card)
    ledger.add_items(TASK, items)
    ledger.add_trial(TRIAL, "tried", "", document, {TASK: [item.id for item in items]})
    rows = [(TASK, item.id, 0, Observation("acc", value, 1.0, unit)) for item, value in zip(items, values, strict=True)]
    ledger.commit(candidate_id("a"), Chunk(observations=rows))
    return ledger


@pytest.mark.parametrize(
    ("values", "more", "bounds"),
    [
        ([0.0, 1.0, 1.0], {}, (0.0, 1.0)),
        ([1.0], {}, (0.0, 1.0)),
        ([0.0, 1.0, 0.5], {}, None),
        ([0.0, 1.0, 2.0], {}, None),
        ([], {}, None),
        ([0.0, 1.0], {"early": True}, None),
        ([0.0, 1.0], {"unit": "s"}, None),
    ],
)
def test_bounds_by_the_grades(
    tmp_path: Path, values: list[float], more: dict[str, object], bounds: tuple[float, float] | None
) -> None:
    with graded(tmp_path / "l.db", values, **more) as ledger:  # type: ignore[arg-type]
        assert query.find_trial(ledger, TRIAL).plan.tasks[0].main_measure.bounds == bounds
