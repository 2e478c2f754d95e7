"""Standings on made-up ledgers, against what numpy gives directly."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from scipy import stats

from fairtrial.analysis.standings import Standings, find_standings
from fairtrial.analysis.verdicts import find_verdicts
from fairtrial.ledger import Ledger
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import PairedSample, Rule, compute_fixed_interval
from fairtrial.stats.sequential import decide
from tests.support.standing_ledger import ACC, PPL, TRIAL, coins, trial_ledger

ROOT = Path(__file__).parents[4]
N = 400


def found(ledger: Ledger) -> Standings:
    with ledger:
        got = find_standings(ledger, TRIAL)
    schema = json.loads((ROOT / "docs" / "schemas" / "run.schema.json").read_text())
    part = {**schema["properties"]["standings"], "$defs": schema["$defs"]}
    jsonschema.validate(json.loads(json.dumps(got.document(), allow_nan=False)), part)
    return got


def right(shares: dict[str, float], seed: int = 0, count: int = N) -> dict[str, dict[str, list[float]]]:
    """Answers that follow a common luck, so that candidates differ item by item only where they must."""
    luck = np.random.default_rng(seed).permutation(count)
    return {"acc": {name: [float(x < share * count) for x in luck] for name, share in shares.items()}}


def array(column: list[float]) -> np.ndarray:
    return np.array(column, dtype=np.float64)


def sample_of(a: np.ndarray, b: np.ndarray) -> PairedSample:
    return PairedSample(a, np.ones(a.size), b, np.ones(b.size), np.arange(a.size))


def test_places_and_what_is_certain_about_them(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    columns = {"a": coins(rng, 0.60, N), "b": coins(rng, 0.62, N), "c": coins(rng, 0.30, N)}
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b", "c"], {"quiz": {"acc": columns}}))
    [ranking] = got.rankings
    for place in ranking.places:
        values = array(columns[place.candidate])
        direct = estimate(values, np.ones(N), np.arange(N), 0.95, (0.0, 1.0))
        assert (place.mean, place.low, place.high) == pytest.approx((values.mean(), direct.low, direct.high))
        exact = stats.binomtest(int(values.sum()), N).proportion_ci(0.95)
        assert (place.low, place.high) == pytest.approx((exact.low, exact.high))
    assert [(p.candidate, p.rank, p.best, p.worst) for p in ranking.places] == [
        ("a", 2.0, 1, 2),
        ("b", 1.0, 1, 2),
        ("c", 3.0, 3, 3),
    ]
    for pair in ranking.pairs:
        a, b = array(columns[pair.a]), array(columns[pair.b])
        assert pair.difference == pytest.approx((a - b).mean())
        assert (pair.low, pair.high) == pytest.approx(compute_fixed_interval(sample_of(a, b), Rule()))
        strict = compute_fixed_interval(sample_of(a, b), Rule(confidence=1 - 0.05 / 3))
        assert (pair.ahead is not None) == (strict[0] > 0 or strict[1] < 0)
    assert [(p.a, p.b, p.ahead) for p in ranking.pairs] == [("a", "b", None), ("a", "c", "a"), ("b", "c", "b")]


def test_an_order_may_be_certain_alone_and_not_among_many(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d", "e"]
    shares = {"a": 0.5, "b": 0.5, "c": 0.5, "d": 0.5, "e": 0.52}  # 8 of 400 items, all one way: p = 0.008
    tasks = {"one": right(shares), "two": right(dict.fromkeys(names, 0.5))}
    got = found(trial_ledger(tmp_path / "t.db", names, tasks))
    pair = got.rankings[0].pairs[-1]
    assert (pair.a, pair.b, pair.ahead_alone, pair.ahead) == ("d", "e", "e", None)
    alone = found(trial_ledger(tmp_path / "u.db", ["d", "e"], {"one": right({"d": 0.5, "e": 0.52})}))
    assert (alone.rankings[0].pairs[0].ahead_alone, alone.rankings[0].pairs[0].ahead) == ("e", "e")


def test_ties_share_a_place_and_lower_is_turned_round(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    nats, sizes = {"a": rng.normal(2, 0.1, 50), "b": rng.normal(3, 0.1, 50)}, rng.integers(1, 20, 50).astype(float)
    tasks = {"text": {"ppl": {k: list(v) for k, v in nats.items()}}, "quiz": right({"a": 0.5, "b": 0.5}, count=50)}
    got = found(
        trial_ledger(tmp_path / "t.db", ["a", "b"], tasks, mains={"text": PPL}, item_weights=[float(x) for x in sizes])
    )
    text, quiz = got.rankings
    for place in text.places:
        assert place.mean == pytest.approx(np.exp((sizes * nats[place.candidate]).sum() / sizes.sum()))
        assert place.low < place.mean < place.high
    assert [p.rank for p in text.places] == [1.0, 2.0]
    [pair] = text.pairs
    assert pair.ahead == "a"
    assert pair.difference == pytest.approx((sizes * (nats["b"] - nats["a"])).sum() / sizes.sum())
    assert 0 < pair.low < pair.difference < pair.high
    assert [(p.rank, p.best, p.worst) for p in quiz.places] == [(1.5, 1, 2), (1.5, 1, 2)]


def test_a_trial_that_stops_early_judges_by_leading_items_at_any_look(tmp_path: Path) -> None:
    rng = np.random.default_rng(4)
    columns: dict[str, list[float | None]] = {
        "base": list(coins(rng, 0.5, 300)),
        "b": list(coins(rng, 0.8, 300)),
        "c": list(coins(rng, 0.3, 300)),
    }
    columns["b"][120] = None  # what comes after the gap does not count
    with trial_ledger(tmp_path / "t.db", list(columns), {"quiz": {"acc": columns}}, decide={"stop_early": True}) as led:
        known = find_verdicts(led, TRIAL)
        got = find_standings(led, TRIAL)
        for e_value, enough in ((59.0, False), (61.0, True)):  # three orders are asked about: 3 / 0.05
            told = find_standings(led, TRIAL, [replace(v, e_value=e_value) for v in known])
            assert [p.ahead is not None for p in told.rankings[0].pairs if p.a == "base" and p.ahead_alone] == [
                enough,
                enough,
            ]
    by_pair = {(p.a, p.b): p for p in got.rankings[0].pairs}
    for verdict in known:  # the trial's own questions: as the verdicts say
        pair = by_pair[verdict.b, verdict.a]
        assert (-pair.high, -pair.low) == pytest.approx((verdict.low, verdict.high))
    b, c = (array([x or 0.0 for x in columns[name][:120]]) for name in "bc")
    direct = decide(sample_of(b, c), Rule(total=300))
    pair = by_pair["b", "c"]
    assert (pair.difference, pair.low, pair.high) == pytest.approx((direct.difference, direct.low, direct.high))
    assert pair.ahead_alone == "b"
    assert (pair.ahead is not None) == ((direct.e_value or 0) >= 3 / 0.05)


def test_dominance_is_better_somewhere_and_behind_nowhere(tmp_path: Path) -> None:
    names = ["a", "b", "c"]
    tasks = {
        "one": right({"a": 0.8, "b": 0.6, "c": 0.9}),
        "two": right({"a": 0.5, "b": 0.5, "c": 0.3}),
        "three": right({"a": 0.7, "b": 0.6, "c": 0.7}),
    }
    got = found(trial_ledger(tmp_path / "t.db", names, tasks))
    assert [(d.a, d.b, d.better_on, d.together) for d in got.dominances] == [("a", "b", ("one", "three"), True)]
    assert [(m.a, m.b, m.a_ahead, m.b_ahead, m.open) for m in got.matches] == [
        ("a", "b", ("one", "three"), (), ("two",)),
        ("a", "c", ("two",), ("one",), ("three",)),
        ("b", "c", ("two",), ("one", "three"), ()),
    ]
    strict = found(trial_ledger(tmp_path / "s.db", names, tasks, decide={"margin": 0.0}))
    noise = {"acc": {"a": coins(np.random.default_rng(1), 0.52, N), "b": coins(np.random.default_rng(2), 0.5, N)}}
    unsure = found(trial_ledger(tmp_path / "u.db", ["a", "b"], {"one": right({"a": 0.5, "b": 0.7}), "two": noise}))
    assert (unsure.matches[0].b_ahead, unsure.matches[0].open) == (("one",), ("two",))
    assert unsure.dominances == ()  # b may be far behind on "two"
    assert strict.dominances == ()  # equal on "two" is not certainly "not behind" without a margin


def test_how_the_order_depends_on_the_choice_of_tasks(tmp_path: Path) -> None:
    tasks = {
        "one": right({"a": 0.8, "b": 0.6}),
        "two": right({"a": 0.7, "b": 0.6}),
        "three": right({"a": 0.4, "b": 0.9}),
    }
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks)).firmness
    assert got is not None
    assert [(o.candidate, o.mean_rank) for o in got.order] == [("a", pytest.approx(4 / 3)), ("b", pytest.approx(5 / 3))]
    chance = stats.binom.sf(1, 3, 1 / 3)  # b comes first if "three" is drawn at least twice
    assert got.order[1].on_top == pytest.approx(chance, abs=0.04)
    assert [(f.before, f.after) for f in got.flips] == [("a", "b")]
    assert got.flips[0].share == pytest.approx(chance, abs=0.04)
    assert [(d.task, set(d.top)) for d in got.without] == [("one", {"a", "b"}), ("two", {"a", "b"}), ("three", {"a"})]


def test_how_alike_tasks_order_candidates(tmp_path: Path) -> None:
    names = ["a", "b", "c", "d"]
    shares = {
        "one": dict(zip(names, (0.2, 0.4, 0.6, 0.8), strict=True)),
        "two": dict(zip(names, (0.3, 0.5, 0.7, 0.9), strict=True)),
        "three": dict(zip(names, (0.4, 0.2, 0.8, 0.6), strict=True)),
        "flat": dict.fromkeys(names, 0.5),
    }
    tasks = {name: right(values, seed) for seed, (name, values) in enumerate(shares.items())}
    got = {(k.x, k.y): k for k in found(trial_ledger(tmp_path / "t.db", names, tasks)).kinships}
    for pair in (("one", "two"), ("one", "three"), ("two", "three")):
        x, y = (list(shares[t].values()) for t in pair)
        assert got[pair].tau == pytest.approx(stats.kendalltau(x, y).statistic)
        assert got[pair].correlation == pytest.approx(stats.spearmanr(x, y).statistic)
        assert got[pair].low == got[pair].high == got[pair].tau  # so far apart, no resample changes an order
    assert [pair for pair, k in got.items() if k.redundant] == [("one", "two")]
    assert (got["one", "flat"].tau, got["one", "flat"].correlation, got["one", "flat"].redundant) == (None, None, False)


def test_close_candidates_leave_the_agreement_open(tmp_path: Path) -> None:
    rng = np.random.default_rng(8)
    tasks = {t: {"acc": {n: coins(rng, s, 60) for n, s in zip("abc", (0.5, 0.55, 0.6), strict=True)}} for t in "xy"}
    [got] = found(trial_ledger(tmp_path / "t.db", list("abc"), tasks)).kinships
    assert got.tau == pytest.approx(1)
    assert got.low is not None
    assert got.low < 0.5
    assert not got.redundant


def test_weighted_measures_agree_by_their_weighted_means(tmp_path: Path) -> None:
    """By plain means a < b, by weighted means b < a: the long documents count more."""
    rng = np.random.default_rng(9)
    sizes = np.where(np.arange(80) < 40, 1.0, 50.0)
    levels = {"a": (3.0, 2.0), "b": (1.0, 2.5), "c": (4.0, 4.0)}
    nats = {k: list(np.where(sizes == 1, lo, hi) + rng.normal(0, 0.01, 80)) for k, (lo, hi) in levels.items()}
    tasks = {"text": {"ppl": nats}, "quiz": right({"a": 0.9, "b": 0.5, "c": 0.1}, count=80)}
    led = trial_ledger(
        tmp_path / "t.db", list("abc"), tasks, mains={"text": PPL}, item_weights=[float(x) for x in sizes]
    )
    with led:
        led.connection.execute("UPDATE observations SET weight = 1 WHERE measure = 'acc'")
        [got] = find_standings(led, TRIAL).kinships
    assert (got.tau, got.correlation) == (pytest.approx(1), pytest.approx(1))
    assert got.low is not None
    assert got.low > 0.9


def test_tasks_that_cannot_tell(tmp_path: Path) -> None:
    tasks = {
        "full": right({"a": 0.97, "b": 0.99}),
        "blind": {"acc": {n: coins(np.random.default_rng(i), 0.25, N) for i, n in enumerate("ab")}},
        "fine": right({"a": 0.4, "b": 0.7}),
    }
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks, chance=0.25))
    assert [(h.task, h.saturated, h.at_chance, h.telling) for h in got.health] == [
        ("full", True, False, 1.0),
        ("blind", False, True, 0.0),
        ("fine", False, False, 1.0),
    ]


def test_a_weighted_score_only_by_written_weights(tmp_path: Path) -> None:
    shares = {"one": {"a": 0.9, "b": 0.5}, "two": {"a": 0.4, "b": 0.6}, "three": {"a": 0.1, "b": 0.9}}
    tasks = {name: right(values) for name, values in shares.items()}
    none = found(trial_ledger(tmp_path / "n.db", ["a", "b"], tasks))
    assert none.weighted is None
    assert "no weights" in none.reasons["weighted"]
    written = {"one": 2.0, "two": 1.0, "three": 0.0}
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks, weights=written))
    assert got.weighted is not None
    assert got.weighted.scale == "score"
    assert got.weighted.weights == {"one": pytest.approx(2 / 3), "two": pytest.approx(1 / 3)}
    a, b = got.weighted.places
    assert (a.candidate, b.candidate) == ("a", "b")
    assert a.score == pytest.approx((2 * 0.9 + 0.4) / 3)
    assert b.score == pytest.approx((2 * 0.5 + 0.6) / 3)
    first, second = (r.place("a") for r in got.rankings[:2])
    assert a.low == pytest.approx(
        a.score - np.hypot(2 / 3 * (first.mean - first.low), 1 / 3 * (second.mean - second.low))
    )
    assert a.high == pytest.approx(
        a.score + np.hypot(2 / 3 * (first.high - first.mean), 1 / 3 * (second.high - second.mean))
    )
    # a wins while 0.4 w1 > 0.2 w2; with log-normal factors the log of w1 / w2 is normal about log 2
    assert a.on_top == pytest.approx(stats.norm.cdf((np.log(2) + np.log(2)) / 0.5**0.5), abs=0.03)
    assert a.on_top + b.on_top == pytest.approx(1)


def test_measures_without_a_common_scale_are_weighted_as_ranks(tmp_path: Path) -> None:
    tasks = {"text": {"ppl": {"a": [2.0, 2.1] * 10, "b": [3.0, 3.1] * 10}}, "quiz": right({"a": 0.3, "b": 0.9})}
    written = {"text": 1.0, "quiz": 3.0}
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks, mains={"text": PPL}, weights=written)).weighted
    assert got is not None
    assert got.scale == "rank"
    assert [(p.candidate, p.score, p.low) for p in got.places] == [("b", 1.25, None), ("a", 1.75, None)]
    assert got.places[0].on_top > 0.9


def test_costs_of_a_right_answer(tmp_path: Path) -> None:
    rng = np.random.default_rng(11)
    seconds = {name: rng.gamma(2.0, scale, N) for name, scale in (("a", 1.0), ("b", 3.0))}
    answers = right({"a": 0.5, "b": 0.8})["acc"]
    half: list[float | None] = [float(x) if i < 300 else None for i, x in enumerate(seconds["b"])]
    tasks = {"quiz": {"acc": answers, "seconds": {"a": list(seconds["a"]), "b": half}, "tokens_out": {"a": [0.0] * N}}}
    got = {(c.candidate, c.measure): c for c in found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks)).costs}
    assert set(got) == {("a", "seconds"), ("b", "seconds")}  # nothing was spent on tokens; acc is no cost
    a, b = array(answers["a"]), array(answers["b"])[:300]
    base, other = got["a", "seconds"], got["b", "seconds"]
    assert base.times_per_correct is None
    assert base.per_item.value == pytest.approx(seconds["a"].mean())
    assert base.per_correct is not None
    assert base.per_correct.value == pytest.approx(seconds["a"].sum() / a.sum())
    assert (other.items, other.unit) == (300, "s")
    assert other.times_per_item is not None
    assert other.times_per_correct is not None
    assert other.times_per_item.value == pytest.approx(seconds["b"][:300].mean() / seconds["a"][:300].mean())

    def log_times(kept: np.ndarray) -> float:
        ours = seconds["b"][:300][kept].sum() / b[kept].sum()
        return float(np.log(ours / (seconds["a"][:300][kept].sum() / a[:300][kept].sum())))

    whole = log_times(np.arange(300))
    assert other.times_per_correct.value == pytest.approx(np.exp(whole))
    drawn = [log_times(np.random.default_rng(k).integers(0, 300, 300)) for k in range(600)]
    width = np.log(other.times_per_correct.high / other.times_per_correct.low)
    assert width == pytest.approx(2 * 1.96 * np.std(drawn), rel=0.12)  # a plain bootstrap over items says the same
    assert other.times_per_correct.low < 3 * a[:300].sum() / b.sum() < other.times_per_correct.high


def test_costs_that_cannot_be_said_have_a_reason(tmp_path: Path) -> None:
    tasks = {
        "quiz": {"acc": {"a": [1.0] * 20, "b": [0.0] * 20}, "seconds": {"a": [1.0] * 20, "b": [2.0] * 20}},
        "text": {"ppl": {"a": [2.0, 2.2] * 10}, "seconds": {"a": [1.0] * 20, "b": [3.0] * 20}},
    }
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks, mains={"text": PPL})).costs
    told = {(c.candidate, c.task): c.reason for c in got}
    assert told == {
        ("a", "quiz"): "",
        ("b", "quiz"): "no right answer",
        ("a", "text"): "ppl counts no right answers",
        ("b", "text"): "ppl counts no right answers",
    }
    text = next(c for c in got if (c.candidate, c.task) == ("b", "text"))
    assert text.times_per_item is not None
    assert text.times_per_item.value == pytest.approx(3)
    assert text.per_correct is None


def test_half_filled_ledgers_say_what_is_missing(tmp_path: Path) -> None:
    empty = found(trial_ledger(tmp_path / "e.db", ["a", "b"], {"quiz": {"acc": {"a": [None] * 5}}}))
    assert empty.rankings == empty.costs == empty.health == ()
    assert "at least two candidates" in empty.reasons["firmness"]
    assert empty.reasons["costs"] == "no costs were measured"
    assert empty.left_out == {"quiz": "no answers yet"}
    lone = found(trial_ledger(tmp_path / "l.db", ["a"], {"one": right({"a": 0.5}), "two": right({"a": 0.6})}))
    assert [p.worst for r in lone.rankings for p in r.places] == [1, 1]
    assert lone.firmness is None
    assert lone.health[0].telling is None
    single = found(trial_ledger(tmp_path / "s.db", ["a", "b"], {"one": right({"a": 0.5, "b": 0.7})}))
    assert single.reasons["dominances"].startswith("needs at least two tasks")
    part = right({"a": 0.5, "b": 0.7, "c": 0.6})
    tasks = {"one": part, "two": right({"a": 0.5, "b": 0.7}), "three": part}
    some = found(trial_ledger(tmp_path / "p.db", ["a", "b", "c"], tasks, weights={"one": 1, "two": 1, "three": 0}))
    assert (some.tasks, some.left_out) == (("one", "three"), {"two": "no answers yet of c"})
    assert some.reasons["weighted"] == "two: no answers yet of c"
    assert some.firmness is not None
    assert len(some.rankings[1].places) == 2


def test_two_candidates_have_no_agreement(tmp_path: Path) -> None:
    tasks = {name: right({"a": 0.5, "b": 0.7}) for name in ("one", "two")}
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks))
    assert got.kinships == ()
    assert "at least three" in got.reasons["kinships"]


def test_a_measure_without_direction_does_not_rank(tmp_path: Path) -> None:
    share = {**ACC, "name": "stereotype", "higher_is_better": None}
    tasks = {"bias": {"stereotype": right({"a": 0.5, "b": 0.7})["acc"]}, "quiz": right({"a": 0.5, "b": 0.7})}
    got = found(trial_ledger(tmp_path / "t.db", ["a", "b"], tasks, mains={"bias": share}))
    assert [r.task for r in got.rankings] == ["quiz"]
    assert got.left_out == {"bias": "stereotype has no better or worse"}


def test_the_same_ledger_gives_the_same_standings(tmp_path: Path) -> None:
    rng = np.random.default_rng(12)
    tasks = {t: {"acc": {n: coins(rng, 0.5 + i / 20, 60) for i, n in enumerate("abc")}} for t in "xyz"}
    with trial_ledger(tmp_path / "t.db", list("abc"), tasks, weights=dict.fromkeys("xyz", 1.0)) as led:
        assert find_standings(led, TRIAL) == find_standings(led, TRIAL)


def test_clusters_are_counted_whole(tmp_path: Path) -> None:
    """Ten copies of each answer are no more evidence than one."""
    rng = np.random.default_rng(13)
    columns = {n: [x for x in coins(rng, s, 30) for _ in range(10)] for n, s in (("a", 0.5), ("b", 0.7))}
    led = trial_ledger(tmp_path / "t.db", ["a", "b"], {"quiz": {"acc": columns}}, cluster=10)
    [pair] = found(led).rankings[0].pairs
    single = [sample_of(array(columns["a"])[::10], array(columns["b"])[::10])]
    low, high = compute_fixed_interval(single[0], Rule())
    assert pair.high - pair.low > 0.9 * (high - low)


def test_what_is_worth_a_second_look(tmp_path: Path) -> None:
    names = ["base", "a", "b", "c"]
    led = trial_ledger(
        tmp_path / "t.db", names, {"quiz": right(dict.fromkeys(names, 0.5))}, decide={"stop_early": True}
    )
    with led:
        plain = find_verdicts(led, TRIAL)
        told = [
            replace(v, e_value=e, verdict=word)
            for v, e, word in zip(plain, (1000.0, 31.0, 2.0), ("better", "undecided", "undecided"), strict=True)
        ]
        got = find_standings(led, TRIAL, told)
    # e-BH: two of three pass 3 / (2 * 0.05) = 30; the first is decided already
    assert [v.a for v in plain] == ["a", "b", "c"]
    assert [v.a for v in got.second_look] == ["b"]
