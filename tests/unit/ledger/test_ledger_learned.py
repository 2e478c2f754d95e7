"""Clearing up keeps what a kept trial's levers learned from, and what they learned."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.gc import Collected, collect
from fairtrial.planning.plan import Plan, plan_trial
from fairtrial.running.conductor import run
from fairtrial.running.opening import latest_value
from fairtrial.running.thresholds import open_items
from fairtrial.spec.trial import Trial

PLAIN = [{"id": "a", "model": "fake:a"}, {"id": "b", "model": "fake:b"}]
INNER = {
    "id": "inner",
    "model": "fake:c",
    "levers": [{"cascade": {"to": "b", "learn": {"escalate": 0.4, "items": 20}}}],
}
LEARN = {
    "id": "learn",
    "model": "fake:a",
    "levers": [{"cascade": {"to": INNER, "learn": {"escalate": 0.4, "items": 20}}}],
}


def planned(folder: Path, name: str, candidates: Sequence[object], **changes: Any) -> Plan:
    tasks = [{"task": "table", "level": 1, "limit": 30}]
    trial = {"name": name, "candidates": candidates, "tasks": tasks, **changes}
    return plan_trial(Trial.model_validate(trial), folder)


def conducted(plan: Plan, ledger: Ledger) -> int:
    """Run a trial and return how many answers it asked for."""
    before = query.count_rows(ledger)["answers"]
    with ledger.writing():
        run(plan, "text", ledger, EngineSettings())
    return query.count_rows(ledger)["answers"] - before


@pytest.mark.parametrize("older", [False, True], ids=["plan says what was learned from", "older plan does not"])
def test_what_was_learned_from_stays_with_its_trial(tmp_path: Path, older: bool) -> None:
    learning = planned(tmp_path, "learning", [*PLAIN, LEARN])
    every = planned(tmp_path, "every", PLAIN, tasks=[{"task": "table", "level": 1, "limit": 120}])
    [task], [_, _, learn] = learning.tasks, learning.candidates
    assert {item.id for item in task.tuning} & {item.id for item in every.tasks[0].items}
    with Ledger.open(tmp_path / "t.db") as ledger:
        conducted(learning, ledger)
        conducted(every, ledger)
        if older:
            ledger.connection.execute("UPDATE trials SET plan = json_remove(plan, '$.learned')")
        ids = [part.id for part in learn.with_parts()]
        values = {one: latest_value(ledger, one, "cascade_threshold") for one in ids}
        assert sum(value is not None for value in values.values()) == 2
        with ledger.writing():
            assert collect(ledger, dry_run=True) == Collected(0, 0, 0, 0, 0)
            gone = collect(ledger, ["every"])
        assert gone.trials == 1
        assert (gone.answers > 0) is not older  # all that parts were asked may have been learned from
        assert {one: latest_value(ledger, one, "cascade_threshold") for one in ids} == values
        ledger.connection.execute("DELETE FROM answers WHERE candidate_id = ?", (learn.id,))
        assert conducted(learning, ledger) == len(task.items)
        assert {one: latest_value(ledger, one, "cascade_threshold") for one in ids} == values
        with ledger.writing():
            collect(ledger, ["learning"])
        assert set(query.count_rows(ledger).values()) == {0}


@pytest.mark.parametrize("first", ["inner", "learn"])
def test_a_value_is_learned_for_whoever_still_needs_it(tmp_path: Path, first: str) -> None:
    outer = {**LEARN, "levers": [{"cascade": {"to": "inner", "learn": {"escalate": 0.4, "items": 20}}}]}
    both = [INNER, outer] if first == "inner" else [outer, INNER]
    plan = planned(tmp_path, "both", [*PLAIN, *both])
    learn = next(c for c in plan.candidates if c.name == "learn")
    with Ledger.open(tmp_path / "t.db") as ledger:
        conducted(plan, ledger)
        ledger.connection.execute("DELETE FROM answers WHERE candidate_id = ?", (learn.id,))
        assert open_items(plan, learn, ledger)
        assert conducted(plan, ledger) == len(plan.tasks[0].items)
