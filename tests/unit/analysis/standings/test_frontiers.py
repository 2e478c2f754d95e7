"""Frontiers of a made-up trial, what a unit buys, and the price of a point along a frontier."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fairtrial.analysis.standings import find_standings
from fairtrial.analysis.standings.frontiers import QUALITY, TradeoffFinder
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.plan import AxisRecord
from fairtrial.planning.frontiers import plan_frontiers
from fairtrial.spec.trial import Trial
from fairtrial.studies.frontiers import study_frontiers
from fairtrial.studies.small_models import study_small_models
from tests.support.standing_ledger import PPL, TRIAL, trial_ledger

N = 400
SIZES = {"tiny": 1e8, "small": 4e8, "bad": 5e8, "large": 1e9}
SHARES = {"tiny": 0.4, "small": 0.6, "bad": 0.45, "large": 0.75}
BYTES = AxisRecord("model_bytes", "whole", "B", less_is_better=True)
SECONDS = AxisRecord("seconds", "item", "s", less_is_better=True)


def column(share: float, seed: int) -> list[float]:
    luck = np.random.default_rng(seed).permutation(N)
    return [float(x < share * N) for x in luck]


def made(path: Path, frontier: list[list[AxisRecord]] | None = None, **more: Any) -> Ledger:
    spent = {name: [size / 1e9] * N for name, size in SIZES.items()}
    tasks = {f"t{i}": {"acc": {n: column(s, i) for n, s in SHARES.items()}, "seconds": spent} for i in range(2)}
    ledger = trial_ledger(path, list(SIZES), tasks, **more)
    plan: dict[str, Any] = dict(query.find_trial(ledger, TRIAL).document)
    for candidate in plan["candidates"]:
        candidate["record"] = {"bytes": int(SIZES[candidate["name"]])}
    if frontier:
        plan["frontier"] = [[asdict(axis) for axis in axes] for axes in frontier]
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE trials SET plan = ? WHERE id = ?", (dumps(plan), TRIAL))
    return ledger


def rows(ledger: Ledger) -> TrialValues:
    return TrialValues(ledger, TRIAL, query.find_trial(ledger, TRIAL).plan)


def test_the_frontier_of_quality_and_size(tmp_path: Path) -> None:
    finder = TradeoffFinder(rows(made(tmp_path / "l.db")))
    one = finder.find((QUALITY, BYTES), finder.list_averaged())
    assert one is not None
    on = dict(zip(one.names, one.found.on.tolist(), strict=True))
    assert on == {"tiny": True, "small": True, "bad": False, "large": True}
    share = dict(zip(one.names, one.found.share.tolist(), strict=True))
    assert share["bad"] == 0
    assert min(share["tiny"], share["small"], share["large"]) == 1
    assert [name for name, _ in one.find_dominators(one.names.index("bad"), 0.9)] == ["small"]
    value, low, high = one.span(0, one.names.index("small"), 0.95)
    assert value == pytest.approx(0.6)
    assert high - low == pytest.approx(2 * 1.96 * np.sqrt(0.6 * 0.4 / (2 * N)), rel=0.2)


def test_findings_name_the_dominated_and_draw_the_rest(tmp_path: Path) -> None:
    found = study_frontiers(made(tmp_path / "l.db", [[QUALITY, BYTES, SECONDS]]), TRIAL)
    assert found is not None
    assert any("tiny, small and large are on the frontier" in sentence for sentence in found.sentences)
    assert any(
        sentence.startswith("bad is dominated by small in 100% of the draws: lower quality, a larger file")
        for sentence in found.sentences
    )
    assert len(found.charts) == 2
    assert len(found.tables[0].rows) == 4
    assert study_frontiers(made(tmp_path / "other.db"), TRIAL) is None


def test_a_candidate_without_a_value_is_left_out_and_named(tmp_path: Path) -> None:
    ledger = made(tmp_path / "l.db", [[QUALITY, BYTES]])
    plan: dict[str, Any] = dict(query.find_trial(ledger, TRIAL).document)
    plan["candidates"][3]["record"] = {"bytes": None}
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE trials SET plan = ? WHERE id = ?", (dumps(plan), TRIAL))
    found = study_frontiers(ledger, TRIAL)
    assert found is not None
    assert len(found.tables[0].rows) == 3
    assert "large is not compared by model_bytes: nothing was measured." in found.notes


def test_a_point_is_priced_along_the_frontier(tmp_path: Path) -> None:
    found = study_small_models(made(tmp_path / "l.db"), TRIAL, {})
    said = [sentence for sentence in found.sentences if sentence.startswith("From tiny to small")]
    assert "+20.0 points" in said[0]
    assert "for 300 MB more; a point costs 15 MB" in said[0]
    assert any("No dollars" in note for note in found.notes)


def test_a_gain_that_is_not_certain_has_no_price(tmp_path: Path) -> None:
    luck = column(0.5, 1)
    better = [1.0 if i == luck.index(0.0) else x for i, x in enumerate(luck)]
    ledger = trial_ledger(tmp_path / "l.db", ["a", "b"], {"t": {"acc": {"a": luck, "b": better}}})
    plan: dict[str, Any] = dict(query.find_trial(ledger, TRIAL).document)
    for candidate, size in zip(plan["candidates"], (1, 2), strict=True):
        candidate["record"] = {"bytes": size * 10**8}
    with ledger.writing(), ledger.transaction() as db:
        db.execute("UPDATE trials SET plan = ? WHERE id = ?", (dumps(plan), TRIAL))
    said = " ".join(study_small_models(ledger, TRIAL, {}).sentences)
    assert "From a to b: +0.2 points" in said
    assert "it is not certain that this gains anything" in said


def test_what_a_unit_buys_is_the_inverse_of_its_cost(tmp_path: Path) -> None:
    with made(tmp_path / "l.db") as ledger:
        got = find_standings(ledger, TRIAL)
    [cost] = [c for c in got.costs if (c.task, c.candidate, c.measure) == ("t0", "small", "seconds")]
    [own] = [e for e in got.efficiency if (e.task, e.candidate, e.measure) == ("t0", "small", "seconds")]
    assert cost.per_correct is not None
    assert own.amount.value == pytest.approx(0.6 / 0.4)
    assert own.amount.low == pytest.approx(1 / cost.per_correct.high)
    [size] = [e for e in got.efficiency if (e.task, e.candidate, e.measure) == ("t1", "large", "model_bytes")]
    assert size.amount.value == pytest.approx(0.75)
    assert size.amount.low < 0.75 < size.amount.high


def test_perplexities_are_set_against_size_task_by_task(tmp_path: Path) -> None:
    lost = {"a": [2.0] * 50, "b": [1.0] * 50}
    ledger = trial_ledger(tmp_path / "l.db", ["a", "b"], {"t": {"ppl": lost, "seconds": lost}}, mains={"t": PPL})
    finder = TradeoffFinder(rows(ledger))
    assert finder.list_averaged() == []
    one = finder.find((QUALITY, SECONDS), finder.tasks())
    assert one is not None
    assert one.found.on.tolist() == [False, True]


def trial(**more: Any) -> Trial:
    return Trial.model_validate({"candidates": [{"id": "a", "model": "fake:a"}], "tasks": ["arithmetic"], **more})


def test_axes_are_known_measures() -> None:
    [[quality, size]] = plan_frontiers(trial(frontier=[["quality", "model_bytes"]]))
    assert (quality, size) == (asdict(QUALITY), asdict(BYTES))


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["quality", "model_byte"], "Did you mean 'model_bytes'"),
        (["quality", "latency"], "latency_items"),
    ],
)
def test_wrong_axes_are_told(names: list[str], told: str) -> None:
    with pytest.raises(FairtrialError) as caught:
        plan_frontiers(trial(frontier=[names]))
    assert told in str(caught.value)


def test_one_measure_alone_is_no_frontier(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least 2"):
        trial(frontier=[["quality"]])
