from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.stats.betting import FRACTIONS, WEIGHTS, Hints, Units, best_log_wealth, compute_limits, log_wealth
from fairtrial.stats.paired import PairedSample, Rule, compare
from fairtrial.stats.sequential import (
    arrange_units,
    compute_evidence_beyond,
    decide,
    estimate_items_needed,
    trace_interval,
)


def pairs(differences, clusters=None):
    """Binary pairs with these differences in {-1, 0, 1}."""
    d = np.asarray(differences, dtype=float)
    ones = np.ones(d.size)
    codes = np.arange(d.size) if clusters is None else np.asarray(clusters)
    return PairedSample(np.maximum(d, 0), ones, np.maximum(-d, 0), ones, codes)


def singles(differences, whole=None):
    d = np.asarray(differences, dtype=float)
    return Units(d, np.ones(d.size), whole)


def first(sample, count):
    return PairedSample(
        sample.a_values[:count], sample.a_weights[:count], sample.b_values[:count], sample.b_weights[:count],
        sample.clusters[:count],
    )  # fmt: skip


def draw(rng, discordance, gap, size):
    return rng.choice([1.0, -1.0, 0.0], size, p=[(discordance + gap) / 2, (discordance - gap) / 2, 1 - discordance])


def test_the_mixture_spends_one_stake():
    assert WEIGHTS.sum() == pytest.approx(1) and (WEIGHTS > 0).all()
    assert (FRACTIONS > 0).all() and (FRACTIONS < 1).all()


def test_wealth_by_hand():
    got = np.exp(log_wealth(singles([1.0, -1.0]), np.array([0.2])))[0]
    gains = [(1 - 0.2) / 1.2, (-1 - 0.2) / 1.2]
    after = [(WEIGHTS * (1 + FRACTIONS * gains[0])).sum()]
    after.append((WEIGHTS * (1 + FRACTIONS * gains[0]) * (1 + FRACTIONS * gains[1])).sum())
    assert got == pytest.approx(after)


@pytest.mark.parametrize("whole", [None, 7.0])
def test_wealth_is_a_fair_game(whole):
    """Averaged over everything that can come next, wealth against the true mean stays what it is."""
    if whole is None:
        outcomes, chances = np.array([1.0, 0.0, -1.0]), np.array([0.3, 0.5, 0.2])
        seen, mean = [1.0, 0.0, -1.0], 0.1
    else:
        population = np.array([1.0, 1.0, 0.0, 0.0, -1.0, 1.0, -1.0])
        seen, outcomes, mean = [1.0, 0.0, -1.0], np.array([1.0, 0.0, -1.0, 1.0]), population.mean()
        chances = np.full(4, 0.25)
    before = np.exp(log_wealth(singles(seen, whole), np.array([mean])))[0, -1]
    after = [np.exp(log_wealth(singles([*seen, x], whole), np.array([mean])))[0, -1] for x in outcomes]
    assert (chances * after).sum() == pytest.approx(before)


@pytest.mark.parametrize("columns", [1, 2, 3])
def test_wealth_with_hints_is_a_fair_game(columns):
    sums = np.array([1.0, -1.0, 0.0, 1.0, 0.0, 1.0, -1.0, 1.0])
    guess = np.array([[0.9, -0.5, 0.1, 0.2, -0.7, 1.0, -0.2, 0.4], [1, 0, 1, 1, 0, 1, 0, 0], [5, 1, 2, 2, 9, 3, 0, 1]])
    guess = guess[:columns].T
    for sign in (1, -1):
        after, mean = [], np.array([sign * sums.mean()])
        for i in (3, 4, 5, 6, 7, None):
            at = [0, 1, 2] if i is None else [0, 1, 2, i]
            units = Units(sums[at], np.ones(len(at)), 8.0, Hints.from_units(guess[at], guess))
            after.append(np.exp(log_wealth(units if sign > 0 else units.mirror(), mean))[0, -1])
        assert np.mean(after[:-1]) == pytest.approx(after[-1])


def test_hints_save_items_and_never_break_the_order_of_means():
    rng, plain_items, helped_items = np.random.default_rng(14), [], []
    rule = Rule(target="benchmark", total=1000)
    for _ in range(20):
        d = rng.permutation(np.repeat([1.0, -1.0, 0.0], [130, 70, 800]))
        guess = np.clip(d + rng.choice([0.0, 1.0, -1.0], 1000, p=[0.8, 0.1, 0.1]), -1, 1)
        hints = Hints.from_units(guess, guess)
        for units, found in ((singles(d, 1000.0), plain_items), (Units(d, np.ones(1000), 1000.0, hints), helped_items)):
            found.append(int((log_wealth(units, np.zeros(1))[0] >= np.log(40)).argmax()) + 1)
        wealth = np.minimum(best_log_wealth(Units(d, np.ones(1000), 1000.0, hints), np.linspace(-0.9, 0.9, 31)), 1e6)
        assert (np.diff(wealth) <= 1e-9).all()
    assert np.median(helped_items) < 0.9 * np.median(plain_items)
    got = decide(first(pairs(d), 600), rule, hints=(guess[:600], guess))
    assert "earlier answers" in got.method and got.low <= d.mean() <= got.high
    with pytest.raises(ValueError, match="one for each item"):
        decide(first(pairs(d), 600), rule, hints=(guess[:600], guess[:600]))


def test_simulated_coverage_with_hints_good_and_bad():
    rng, rounds, wrong = np.random.default_rng(15), 300, 0
    for turn in range(rounds):
        d = rng.permutation(np.repeat([1.0, -1.0, 0.0], [60, 60, 280]))
        guess = np.clip(d + rng.normal(0, 0.7, 400), -1, 1) if turn % 2 else rng.normal(0, 1, 400)
        if turn % 3 == 0:
            guess = np.stack([guess, rng.integers(0, 2, 400), 0.5 - d / 3], axis=1)
        units = Units(d, np.ones(400), 400.0, Hints.from_units(guess, guess))
        sides = (best_log_wealth(u, np.zeros(1))[0] for u in (units, units.mirror()))
        wrong += max(sides) >= np.log(40)
    assert wrong / rounds <= 0.05 + 2 * (0.05 * 0.95 / rounds) ** 0.5


@pytest.mark.parametrize("whole", [None, 1.5])
@pytest.mark.parametrize("largest", [1, 4])
def test_the_largest_wealth_is_that_of_all_looks_to_the_last_bit(whole, largest):
    rng = np.random.default_rng(18)
    for count in (1, 2, 37, 1000):
        sizes = rng.integers(1, largest + 1, count) / largest
        sums = sizes * rng.uniform(-1, 1, count)
        units = Units(sums, sizes, None if whole is None else whole * sizes.sum())
        means = rng.uniform(-0.9, 0.9, 9)
        assert (best_log_wealth(units, means) == np.maximum(0.0, log_wealth(units, means).max(axis=1))).all()


def test_wealth_over_clusters_is_a_fair_game():
    sums, sizes = np.array([3.0, -1.0, 0.0, 2.0, -2.0]), np.array([4.0, 1.0, 2.0, 3.0, 3.0])
    mean, whole = sums.sum() / sizes.sum(), sizes.sum() / 4
    seen = Units(sums[:2] / 4, sizes[:2] / 4, whole)
    before = np.exp(log_wealth(seen, np.array([mean])))[0, -1]
    after = []
    for i in range(2, 5):
        units = Units(np.append(seen.sums, sums[i] / 4), np.append(seen.sizes, sizes[i] / 4), whole)
        after.append(np.exp(log_wealth(units, np.array([mean])))[0, -1])
    assert np.mean(after) == pytest.approx(before)


@given(st.lists(st.floats(-1, 1), min_size=1, max_size=30), st.booleans())
@settings(max_examples=100, deadline=None)
def test_wealth_falls_with_the_mean_it_is_bet_against(values, finite):
    units = singles(values, len(values) + 5.0 if finite else None)
    wealth = np.minimum(best_log_wealth(units, np.linspace(-0.99, 0.99, 41)), 1e6)
    assert (np.diff(wealth) <= 1e-9).all()
    low, high = compute_limits(units, 0.95)
    assert -1 <= low <= high <= 1


def test_intervals_only_shrink_and_follow_the_order():
    rng = np.random.default_rng(1)
    sample = pairs(draw(rng, 0.3, 0.1, 600))
    for rule in (Rule(), Rule(target="benchmark", total=700)):
        looks = [decide(first(sample, n), rule) for n in (50, 200, 400, 600)]
        assert all(b.low >= a.low - 3e-5 and b.high <= a.high + 3e-5 for a, b in itertools.pairwise(looks))
        assert all(0 < look.p_value <= 1 and look.e_value >= 0 for look in looks)


def test_the_benchmark_is_known_when_all_of_it_was_asked():
    rng = np.random.default_rng(2)
    sample = pairs(draw(rng, 0.3, 0.05, 400))
    rule = Rule(target="benchmark", total=400)
    exact = compare(sample, rule)
    nearly = decide(first(sample, 399), rule)
    assert nearly.low <= exact.difference <= nearly.high and nearly.high - nearly.low < 0.01
    assert decide(sample, rule, last=True) == exact
    seen = decide(sample, rule)
    assert seen.low == pytest.approx(exact.low, abs=3e-5) and seen.high == pytest.approx(exact.high, abs=3e-5)


def test_looks_that_contradict_each_other_leave_what_lies_between():
    d = np.repeat([1.0, -1.0], [20, 20])  # no random order: the first half rules out what the whole is
    low, high = compute_limits(singles(d, whole=40.0), 0.95)
    assert low == pytest.approx(0.0, abs=2e-5) and high > 0.2


def test_what_cannot_be_any_more_is_ruled_out():
    low, high = compute_limits(singles([1.0] * 8, whole=10.0), 0.95)
    assert low >= 0.6 - 2e-5 and high == pytest.approx(1.0, abs=2e-5)


def test_verdict_words():
    rng = np.random.default_rng(3)
    assert decide(pairs(draw(rng, 0.3, 0.2, 400)), Rule()).verdict == "better"
    assert decide(pairs(draw(rng, 0.3, -0.2, 400)), Rule()).verdict == "worse"
    assert decide(pairs(np.zeros(400)), Rule()).verdict == "tied"
    assert decide(pairs(np.zeros(20)), Rule()).verdict == "undecided"
    few = decide(pairs(draw(rng, 0.3, 0.0, 100)), Rule())
    assert few.verdict == "undecided" and few.items_needed > 100


def test_only_the_first_item_of_a_cluster_counts_when_items_were_shuffled():
    rng = np.random.default_rng(4)
    d, codes = draw(rng, 0.4, 0.1, 60), rng.integers(0, 20, 60)
    units, _ = arrange_units(d, codes, Rule())
    assert units.sums.tolist() == [d[np.flatnonzero(codes == c)[0]] for c in dict.fromkeys(codes)]
    whole, _ = arrange_units(d, codes, Rule(target="benchmark", total=60))
    assert whole.sums.size == 60


def test_whole_clusters_count_once_complete():
    d, codes = np.array([1.0, 0.0, 1.0, -1.0, 1.0]), np.array([5, 5, 2, 2, 9])
    rule = Rule(shuffled="clusters", largest_cluster=2, total=5)
    units, _ = arrange_units(d, codes, rule)
    assert units.sums.tolist() == [0.5, 0.0, 0.5] and units.sizes.tolist() == [1.0, 1.0, 0.5]
    assert arrange_units(d, codes, replace(rule, total=9))[0].sums.tolist() == [0.5, 0.0]
    with pytest.raises(ValueError, match="follow one another"):
        arrange_units(d, np.array([5, 2, 5, 2, 9]), rule)
    with pytest.raises(ValueError, match="largest_cluster"):
        arrange_units(d, np.array([5, 5, 5, 2, 9]), rule)


def test_more_items_than_the_benchmark_has_are_an_error():
    with pytest.raises(ValueError, match="benchmark of 3"):
        arrange_units(np.zeros(4), np.arange(4), Rule(target="benchmark", total=3))


@pytest.mark.parametrize("target", ["population", "benchmark"])
def test_whoever_stops_at_the_first_verdict_is_rarely_wrong(target):
    """The promise itself, through `decide`: two equal systems, a look after every 40 items, 95% confidence."""
    rng, rounds, wrong = np.random.default_rng(16), 150, 0
    rule = Rule(target=target, total=400)
    for _ in range(rounds):
        d = rng.permutation(np.repeat([1.0, -1.0, 0.0], [60, 60, 280]))
        sample = pairs(draw(rng, 0.3, 0.0, 400) if target == "population" else d)
        words = (decide(first(sample, n), rule, last=n == 400).verdict for n in range(40, 401, 40))
        wrong += next((word for word in words if word != "undecided"), "undecided") in ("better", "worse")
    assert wrong / rounds <= 0.05 + 2 * (0.05 * 0.95 / rounds) ** 0.5


def test_a_measure_without_bounds_waits_for_the_end():
    rng = np.random.default_rng(5)
    a, ones = rng.normal(3, 1, 50), np.ones(50)
    sample, rule = PairedSample(a + 1, ones, a, ones, np.arange(50)), Rule(bounds=None)
    waiting = decide(sample, rule)
    assert waiting.verdict == "undecided" and waiting.high == float("inf")
    assert decide(sample, rule, last=True) == compare(sample, rule)


def test_graded_measures_in_any_range():
    rng = np.random.default_rng(6)
    a, b, ones = rng.beta(5, 3, 400), rng.beta(3, 5, 400), np.ones(400)
    unit = decide(PairedSample(a, ones, b, ones, np.arange(400)), Rule())
    scaled = decide(PairedSample(10 * a, ones, 10 * b, ones, np.arange(400)), Rule(bounds=(0, 10), margin=0.2))
    assert unit.verdict == scaled.verdict == "better"
    assert scaled.low == pytest.approx(10 * unit.low) and scaled.flips_to_right is None


def test_path_ends_where_decide_is():
    rng = np.random.default_rng(7)
    d = draw(rng, 0.3, 0.1, 500)
    for rule in (Rule(), Rule(target="benchmark", total=600), Rule(shuffled="clusters", largest_cluster=3)):
        path = trace_interval(d, rule)
        last = decide(pairs(d), replace(rule, shuffled="items"))
        assert (path.n[-1], path.low[-1], path.high[-1]) == (500, last.low, last.high)
        assert (np.diff(path.low) >= 0).all() and (np.diff(path.high) <= 0).all()
        for n, low, high in list(zip(path.n, path.low, path.high, strict=True))[::20]:
            then = decide(first(pairs(d), n), replace(rule, shuffled="items"))
            assert low <= then.low + 3e-5 and high >= then.high - 3e-5
    with pytest.raises(ValueError, match="looks"):
        trace_interval(d, Rule(), np.array([10, 5, 500]))


def test_non_inferiority_is_easier_than_no_difference():
    rng = np.random.default_rng(8)
    sample = pairs(draw(rng, 0.1, 0.0, 6000))
    assert compute_evidence_beyond(sample, Rule(), -0.03) > 20 > compute_evidence_beyond(sample, Rule(), 0.0)
    with pytest.raises(ValueError, match="out of reach"):
        compute_evidence_beyond(sample, Rule(), -1.0)


def test_not_inferior_is_rarely_claimed_of_what_is_behind_by_the_margin():
    rng, rounds, wrong, right = np.random.default_rng(17), 200, 0, 0
    rule = Rule(margin=0.05)
    for _ in range(rounds):
        wrong += decide(pairs(draw(rng, 0.2, -0.05, 300)), rule).not_inferior
        right += decide(pairs(draw(rng, 0.2, 0.05, 300)), rule).not_inferior
    assert wrong / rounds <= 0.05 + 2 * (0.05 * 0.95 / rounds) ** 0.5
    assert right / rounds > 0.6
    behind = pairs(-draw(rng, 0.3, 0.2, 300))
    assert decide(behind, replace(rule, higher_is_better=False)).not_inferior
    assert decide(behind, replace(rule, higher_is_better=None)).not_inferior is None


def test_items_needed_is_about_right():
    rng = np.random.default_rng(9)
    threshold, needed = np.log(40), []
    for _ in range(60):
        wealth = log_wealth(singles(draw(rng, 0.2, 0.1, 2000)), np.zeros(1))[0]
        needed.append(int((wealth >= threshold).argmax()) + 1)
    assert estimate_items_needed(0.1, 0.2, 50, Rule()) + 50 == pytest.approx(np.mean(needed), rel=0.4)
    assert estimate_items_needed(0.0, 0.2, 100, Rule(margin=0.0)) is None
    assert estimate_items_needed(0.0, 0.2, 100, Rule(target="benchmark", total=500)) <= 400


def ever_wrong(rng, rule, discordance, gap, count, finite):
    """Whether the truth is ever outside, at any item, of one simulated run."""
    if finite:
        d = rng.permutation(np.repeat([1.0, -1.0, 0.0], np.diff([0, *(count * np.array(
            [(discordance + gap) / 2, discordance, 1.0])).round().astype(int)])))  # fmt: skip
    else:
        d = draw(rng, discordance, gap, count)
    units = singles(d, float(count) if finite else None)
    truth = np.array([d.mean() if finite else gap])
    limit = np.log(2 / (1 - rule.confidence))
    return best_log_wealth(units, truth)[0] >= limit or best_log_wealth(units.mirror(), -truth)[0] >= limit


@pytest.mark.parametrize("finite", [False, True])
@pytest.mark.parametrize(("discordance", "gap"), [(0.2, 0.0), (0.05, 0.05), (0.4, 0.2), (0.02, 0.0)])
def test_simulated_coverage_at_every_look(finite, discordance, gap):
    rng, rounds = np.random.default_rng(12), 300
    wrong = sum(ever_wrong(rng, Rule(), discordance, gap, 400, finite) for _ in range(rounds))
    assert wrong / rounds <= 0.05 + 2 * (0.05 * 0.95 / rounds) ** 0.5


@pytest.mark.parametrize("finite", [False, True])
def test_simulated_coverage_over_clusters(finite):
    """Sizes 1 to 6, larger clusters better for A: the claim stays about items."""
    rng, rounds, wrong = np.random.default_rng(13), 300, 0
    for _ in range(rounds):
        sizes = rng.integers(1, 7, 150)
        lean = np.where(rng.random(150) < 0.3, np.where(rng.random(150) < 0.3 + 0.08 * sizes, 1.0, -1.0), 0.0)
        sums = sizes * lean
        truth = sums.sum() / sizes.sum() if finite else 0.3 * (2 * (0.3 + 0.08 * 91 / 21) - 1)
        units = Units(sums / 6, sizes / 6, sizes.sum() / 6 if finite else None)
        low, high = compute_limits(units, 0.95)
        wrong += not low <= truth <= high
    assert wrong / rounds <= 0.05 + 2 * (0.05 * 0.95 / rounds) ** 0.5


def test_items_needed_know_that_clusters_are_large() -> None:
    """Twelve clusters of fifty: the interval stays wide, and a handful of items more will not narrow it."""
    rng = np.random.default_rng(5)
    clusters = np.repeat(np.arange(6), 50)
    a = (rng.random(300) < 0.9).astype(np.float64)
    b = (rng.random(300) < 0.6).astype(np.float64)
    ones = np.ones(300)
    sample = PairedSample(a, ones, b, ones, clusters)
    rule = Rule(bounds=(0.0, 1.0), total=600, shuffled="clusters", largest_cluster=50)
    found = decide(sample, rule)
    assert found.verdict == "undecided"
    assert found.items_needed is not None and found.items_needed > 300
