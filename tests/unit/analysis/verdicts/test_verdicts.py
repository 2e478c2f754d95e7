from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import stats

from fairtrial.analysis.verdicts import apply_transform, find_estimates, find_verdicts, make_rule
from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.plan import make_plan_record
from fairtrial.records import Item, Observation
from fairtrial.stats.intervals import IntervalEstimate
from fairtrial.stats.paired import PairedSample, Rule, compare

ACC = {"name": "acc", "unit": "1", "higher_is_better": True, "bounds": [0.0, 1.0], "transform": "identity"}
PPL = {"name": "ppl", "unit": "nat", "higher_is_better": False, "bounds": None, "transform": "exp"}
SECONDS = {"name": "seconds", "unit": "s", "higher_is_better": False, "bounds": None, "transform": "identity"}


def plan(decide=None, total=200, names=("base", "other"), measures=("acc",), entry=None):
    return {
        "name": "t",
        "seed": 1,
        "baseline": names[0],
        "decide": {"margin": 0.02, "confidence": 0.95, "target": "population", **(decide or {})},
        "candidates": [
            {"name": n, "id": f"id-{n}", "spec": {"model": "fake:x", "levers": [], "decoding": {}}, "record": {}}
            for n in names
        ],
        "tasks": [
            {
                "name": "task",
                "id": "task-id",
                "entry": {"repeats": 1, "limit": None, "sample": "random", **(entry or {})},
                "card": {"name": "task", "main_measure": "acc", "measures": [ACC, PPL, SECONDS]},
                "measures": list(measures),
                "items_total": total,
            }
        ],
    }


@pytest.fixture
def ledger(tmp_path):
    with Ledger.open(tmp_path / "t.db") as opened, opened.writing():
        yield opened


def fill(ledger, the_plan, values, measure="acc", count=200, weights=None):
    """Enter `count` items, and for each candidate's values one observation an item."""
    for candidate in the_plan["candidates"]:
        ledger.add_candidate(candidate["id"], candidate["name"], candidate["spec"])
    ledger.add_task("task-id", "task", the_plan["tasks"][0]["card"])
    ids = [f"{i:032x}" for i in range(count)]
    ledger.add_items("task-id", [Item(x, i, f"question {i}", (), (), x, {}) for i, x in enumerate(ids)])
    ledger.add_trial("trial", "t", "", the_plan, {"task-id": ids})
    for name, row in values.items():
        seen = [
            ("task-id", ids[i], 0, Observation(measure, float(v), 1.0 if weights is None else float(weights[i])))
            for i, v in enumerate(row)
            if v is not None
        ]
        ledger.commit(f"id-{name}", Chunk(observations=seen))


def answers(share, count, seed):
    return (np.random.default_rng(seed).random(count) < share).astype(float)


def test_a_verdict_is_the_comparison_under_its_names(ledger):
    base, other = answers(0.4, 200, 1), answers(0.7, 200, 2)
    fill(ledger, plan(), {"base": base, "other": other})
    (found,) = find_verdicts(ledger, "trial")
    ones = np.ones(200)
    expected = compare(PairedSample(other, ones, base, ones, np.arange(200)), Rule())
    assert (found.a, found.b, found.task, found.measure) == ("other", "base", "task", "acc")
    assert (found.verdict, found.low, found.high) == ("better", expected.low, expected.high)
    assert (found.items_used, found.items_total) == (200, 200)
    assert found.p_adjusted == found.p_value == expected.p_value
    assert found.difference == pytest.approx((other - base).mean())
    gains, losses = int((other > base).sum()), int((other < base).sum())
    assert found.p_value == pytest.approx(stats.binomtest(gains, gains + losses).pvalue)  # McNemar's exact test


def test_estimates_come_for_every_measure_with_values(ledger):
    fill(ledger, plan(), {"base": answers(0.4, 200, 1), "other": answers(0.7, 200, 2)})
    nats = np.random.default_rng(3).normal(2.0, 0.3, 200)
    fill(ledger, plan(), {"base": nats}, measure="ppl", weights=np.arange(1, 201))
    found = {(e.candidate, e.measure): e for e in find_estimates(ledger, "trial")}
    assert set(found) == {("base", "acc"), ("other", "acc"), ("base", "ppl")}
    perplexity = found["base", "ppl"]
    assert perplexity.mean == pytest.approx(math.exp(np.average(nats, weights=np.arange(1, 201))))
    assert perplexity.low < perplexity.mean < perplexity.high
    assert (perplexity.items, perplexity.unit) == (200, "")


def test_a_partial_ledger_compares_what_both_answered(ledger):
    fill(ledger, plan(), {"base": [1.0, 0.0, 1.0], "other": [None, 1.0]})
    (found,) = find_verdicts(ledger, "trial")
    assert (found.items_used, found.verdict) == (1, "undecided")
    assert (found.low, found.high) == (-1.0, 1.0)


def test_an_empty_ledger_has_no_verdicts(ledger):
    fill(ledger, plan(), {"base": [], "other": []})
    assert find_verdicts(ledger, "trial") == [] and find_estimates(ledger, "trial") == []


def test_p_values_are_corrected_as_one_family(ledger):
    rows = {"base": answers(0.5, 200, 1), "second": answers(0.5, 200, 2), "third": answers(0.65, 200, 3)}
    fill(ledger, plan(names=tuple(rows)), rows)
    second, third = find_verdicts(ledger, "trial")
    assert third.p_adjusted == pytest.approx(2 * third.p_value)
    assert second.p_adjusted >= second.p_value


def test_what_has_no_bound_is_null_in_json(ledger):
    fill(ledger, plan(measures=("seconds",)), {"base": [1.0], "other": [2.0]}, measure="seconds")
    (found,) = find_verdicts(ledger, "trial")
    assert found.high == math.inf
    document = json.loads(json.dumps(found.document(), allow_nan=False))
    assert document["high"] is None and document["verdict"] == "undecided"
    assert json.loads(json.dumps(find_estimates(ledger, "trial")[0].document(), allow_nan=False))["low"] is None


def test_a_trial_that_may_stop_early_gets_verdicts_for_any_look(ledger):
    early = plan({"stop_early": True})
    fill(ledger, early, {"base": answers(0.4, 100, 1), "other": answers(0.9, 100, 2)})
    (found,) = find_verdicts(ledger, "trial")
    assert (found.verdict, found.items_used) == ("better", 100)
    assert found.e_adjusted == found.e_value > 20 and "betting" in found.method


def test_answers_from_elsewhere_wait_for_their_turn(ledger):
    """Items answered in another trial, beyond where this one has come, are no random sample."""
    base = [*answers(0.4, 60, 1), None, *answers(0.4, 100, 3)]
    fill(ledger, plan({"stop_early": True}), {"base": base, "other": answers(0.9, 200, 2)})
    (found,) = find_verdicts(ledger, "trial")
    assert found.items_used == 60


def test_an_unbounded_measure_waits_until_all_items_are_answered(ledger):
    rng = np.random.default_rng(1)
    early = plan({"stop_early": True}, measures=("seconds",))
    base, other = rng.gamma(4, 1, 200), rng.gamma(8, 1, 200)
    fill(ledger, early, {"base": base[:150], "other": other}, measure="seconds")
    assert find_verdicts(ledger, "trial")[0].verdict == "undecided"
    fill(ledger, early, {"base": base}, measure="seconds")
    assert find_verdicts(ledger, "trial")[0].verdict == "worse"


def test_an_unbounded_measure_is_judged_once_others_are_settled(ledger):
    rng = np.random.default_rng(1)
    early = plan({"stop_early": True}, measures=("seconds", "acc"))
    seconds = {"base": rng.gamma(4, 1, 100), "other": rng.gamma(8, 1, 100)}
    right = {"base": answers(0.4, 100, 1), "other": answers(0.9, 100, 2)}
    fill(ledger, early, {name: row[:10] for name, row in seconds.items()}, measure="seconds")
    fill(ledger, early, {name: row[:10] for name, row in right.items()})
    assert [v.verdict for v in find_verdicts(ledger, "trial")] == ["undecided", "undecided"]
    fill(ledger, early, seconds, measure="seconds")
    fill(ledger, early, right)
    slower, better = find_verdicts(ledger, "trial")
    assert (slower.verdict, better.verdict, slower.items_used) == ("worse", "better", 100)
    assert "ended the asking" in slower.method and slower.p_value is None
    fixed = compare(PairedSample(seconds["other"], np.ones(100), seconds["base"], np.ones(100), np.arange(100)),
                    Rule(bounds=None))  # fmt: skip
    assert slower.difference == pytest.approx(fixed.difference)
    assert slower.low < fixed.low and slower.high > fixed.high


def test_rules_follow_the_plan_and_the_measure():
    the_plan = plan({"target": "benchmark"}, total=500, entry={"limit": 100, "sample": "first"})

    def ruled(measure, **entry):
        the_plan["tasks"][0]["entry"].update(entry)
        known = make_plan_record(the_plan)
        [task] = known.tasks
        return task, make_rule(known, task, task.card.measure(measure["name"]), known.candidates)

    _, rule = ruled(ACC)
    assert (rule.total, rule.noisy, rule.bounds) == (100, False, (0.0, 1.0))
    task, rule = ruled(ACC, sample="random")
    assert (task.planned_items, rule.total) == (100, 500)
    assert ruled(SECONDS)[1].noisy
    assert ruled(ACC, repeats=3)[1].noisy


def test_the_exponential_of_an_endless_interval():
    assert apply_transform("exp", IntervalEstimate(0.0, -math.inf, math.inf)) == IntervalEstimate(1.0, 0.0, math.inf)
