from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fairtrial.stats.intervals import ClusterTotals
from fairtrial.stats.paired import PairedSample, Rule, compare
from fairtrial.stats.permutation import mcnemar, sign_flip


def sample(a, b, clusters=None, a_weights=None, b_weights=None):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    ones = np.ones(a.size)
    return PairedSample(
        a,
        ones if a_weights is None else np.asarray(a_weights, dtype=float),
        b,
        ones if b_weights is None else np.asarray(b_weights, dtype=float),
        np.arange(a.size) if clusters is None else np.asarray(clusters),
    )


def table(both, up, down, neither):
    """Binary pairs with these four counts."""
    a = np.repeat([1.0, 1.0, 0.0, 0.0], [both, up, down, neither])
    b = np.repeat([1.0, 0.0, 1.0, 0.0], [both, up, down, neither])
    return sample(a, b)


def test_no_discordant_pair_is_not_a_certain_tie():
    few = compare(table(5, 0, 0, 5), Rule(margin=0.02))
    assert few.verdict == "undecided"
    assert few.low < -0.2 and few.high > 0.2
    assert few.p_value == 1.0
    assert compare(table(300, 0, 0, 300), Rule(margin=0.02)).verdict == "tied"


def test_verdicts_and_flips():
    rule = Rule(margin=0.02)
    better = compare(table(40, 30, 5, 25), rule)
    assert (better.verdict, better.flips_to_right, better.flips_to_wrong) == ("better", 30, 5)
    assert better.difference == pytest.approx(0.25)
    assert better.p_value == pytest.approx(stats.binomtest(5, 35).pvalue)
    assert compare(table(40, 5, 30, 25), rule).verdict == "worse"
    assert compare(table(40, 30, 5, 25), Rule(higher_is_better=False)).verdict == "worse"
    assert compare(table(40, 30, 5, 25), Rule(higher_is_better=None)).verdict == "different"
    assert compare(table(40, 12, 10, 38), rule).verdict == "undecided"


def test_a_difference_inside_the_margin_is_a_tie_even_if_it_is_real():
    got = compare(table(5000, 60, 5, 4935), Rule(margin=0.02))
    assert got.low > 0 and got.verdict == "tied"


def test_not_inferior_is_one_sided():
    level = compare(table(500, 60, 60, 380), Rule(margin=0.02))
    assert level.verdict == "undecided" and level.low < -0.02 and level.not_inferior is True
    assert compare(table(500, 80, 80, 340), Rule(margin=0.02)).not_inferior is False
    assert compare(table(40, 30, 5, 25), Rule()).not_inferior is True
    assert compare(table(40, 30, 5, 25), Rule(higher_is_better=False)).not_inferior is False
    assert compare(table(40, 30, 5, 25), Rule(higher_is_better=None)).not_inferior is None


def test_swapping_the_candidates_mirrors_everything():
    rng = np.random.default_rng(3)
    a, b, codes = rng.random(60), rng.random(60), rng.integers(0, 15, 60)
    one, other = compare(sample(a, b, codes), Rule()), compare(sample(b, a, codes), Rule())
    assert (one.low, one.high, one.difference) == pytest.approx((-other.high, -other.low, -other.difference))


def test_the_order_of_items_does_not_matter():
    rng = np.random.default_rng(4)
    a, b = (rng.random((2, 80)) < 0.6).astype(float)
    order = rng.permutation(80)
    one, other = compare(sample(a, b), Rule()), compare(sample(a[order], b[order]), Rule())
    assert (one.low, one.high, one.p_value) == pytest.approx((other.low, other.high, other.p_value))


def test_unbounded_independent_items_get_the_paired_t_interval():
    rng = np.random.default_rng(7)
    a, b = rng.normal(10, 3, 25), rng.normal(9, 3, 25)
    got = compare(sample(a, b), Rule(bounds=None, margin=0.1))
    expected = stats.ttest_rel(a, b).confidence_interval(0.95)
    assert (got.low, got.high) == pytest.approx((expected.low, expected.high))
    assert got.flips_to_right is None


def test_unbounded_measure_with_no_difference_seen_is_not_certain():
    same = np.array([3.0, 5.0, 90.0, 12.0])
    got = compare(sample(same, same), Rule(bounds=None, margin=0.5))
    assert got.high > 10 and got.verdict == "undecided"


def test_a_constant_is_a_constant():
    got = compare(sample(np.full(6, 80.0), np.full(6, 80.0)), Rule(bounds=None))
    assert (got.low, got.high, got.verdict) == (0.0, 0.0, "tied")


def test_ratios_are_compared_as_ratios():
    got = compare(sample([1.0, 3.0, 2.0], [1.0, 1.0, 4.0], None, [1, 9, 1], [5, 1, 1]), Rule(bounds=None))
    assert got.difference == pytest.approx(30 / 11 - 10 / 7)


def test_benchmark_target_is_exact_when_all_items_are_used():
    pairs = table(100, 12, 10, 78)
    whole = compare(pairs, Rule(target="benchmark", total=200, margin=0.005))
    assert whole.low == whole.high == whole.difference == pytest.approx(0.01)
    assert (whole.verdict, whole.p_value) == ("better", None)
    half = compare(pairs, Rule(target="benchmark", total=400))
    endless = compare(pairs, Rule())
    assert half.high - half.low == pytest.approx((endless.high - endless.low) / 2**0.5, rel=0.05)
    noisy = compare(pairs, Rule(target="benchmark", total=200, noisy=True))
    assert noisy.low == endless.low


def test_undecided_says_how_many_more_items():
    few = compare(table(50, 12, 6, 50), Rule(margin=0.0))
    more = few.items_needed
    factor = (118 + more) / 118
    enough = compare(table(int(50 * factor), round(12 * factor), round(6 * factor), int(50 * factor)), Rule(margin=0.0))
    assert few.verdict == "undecided" and more > 50
    assert enough.low == pytest.approx(0.0, abs=0.01)
    finite = compare(table(50, 12, 6, 50), Rule(margin=0.0, target="benchmark", total=400))
    assert 0 < finite.items_needed < 282
    assert compare(table(40, 30, 5, 25), Rule()).items_needed is None
    assert compare(sample([1.0], [1.0]), Rule(bounds=None)).items_needed is None


def test_one_item_and_one_cluster_know_nothing():
    assert compare(sample([1.0], [0.0]), Rule()).verdict == "undecided"
    lone = compare(sample([1.0, 1.0, 1.0], [0.0, 0.0, 0.0], [2, 2, 2]), Rule())
    assert (lone.low, lone.high, lone.clusters_used) == (-1.0, 1.0, 1)


def test_clusters_widen_the_interval():
    pairs = table(40, 30, 10, 20)
    order = np.arange(100)
    together = sample(pairs.a_values, pairs.b_values, order // 10)
    assert compare(together, Rule()).high > compare(pairs, Rule()).high


def test_errors_are_plain():
    with pytest.raises(ValueError, match="no items"):
        compare(sample([], []), Rule())
    with pytest.raises(ValueError, match="outside the bounds"):
        compare(sample([1.0, 2.0], [0.0, 1.0]), Rule())


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1), st.integers(0, 6)), min_size=1, max_size=40),
    st.sampled_from([(0.0, 1.0), None]),
)
@settings(max_examples=150, deadline=None)
def test_intervals_hold_their_estimate(rows, bounds):
    a, b, codes = (np.array(column) for column in zip(*rows, strict=True))
    got = compare(sample(a, b, codes), Rule(bounds=bounds))
    assert not np.isnan([got.low, got.high, got.difference]).any()
    assert got.low <= got.difference + 1e-6 and got.difference - 1e-6 <= got.high
    assert got.p_value is not None and 0 <= got.p_value <= 1


def test_mcnemar_is_the_binomial_test():
    assert mcnemar(0, 0) == 1.0
    for up, down in [(3, 9), (8, 8), (0, 6)]:
        assert mcnemar(up, down) == pytest.approx(stats.binomtest(up, up + down).pvalue)


def test_sign_flips_enumerate_and_sample_alike():
    rng = np.random.default_rng(1)
    found = {}
    for count in (12, 13, 1001):
        a = ClusterTotals(rng.normal(0.3, 1, count), np.ones(count))
        b = ClusterTotals(rng.normal(0.0, 1, count), np.ones(count))
        got, method = sign_flip(a, b)
        assert method.startswith("sign flips")
        found[count] = (got, a.values, b.values)
    got, first, second = found[12]
    drawn = stats.permutation_test(
        (first, second), lambda x, y, axis: (x - y).mean(axis=axis), permutation_type="samples",
        n_resamples=np.inf, vectorized=True,
    )  # fmt: skip
    assert got == pytest.approx(drawn.pvalue)
    got, first, second = found[1001]
    assert got == pytest.approx(stats.ttest_rel(first, second).pvalue, rel=0.1)


def test_sign_flips_hold_their_level():
    rng, rejected, rounds = np.random.default_rng(2), 0, 600
    for _ in range(rounds):
        sizes = rng.integers(1, 6, 10).astype(float)
        a, b = (ClusterTotals(sizes * rng.exponential(1, 10), sizes) for _ in "ab")
        rejected += sign_flip(a, b)[0] <= 0.05
    assert rejected / rounds <= 0.075


def ternary(rng, count, discordance, gap, size):
    """Binary pairs whose clusters of `size` items are alike half of the time."""
    codes = np.arange(count) // size
    draw = np.where(rng.random(count) < 0.5, rng.random(codes.max() + 1)[codes], rng.random(count))
    up, down = draw < (discordance + gap) / 2, (draw >= (discordance + gap) / 2) & (draw < discordance)
    both = rng.random(count) < 0.5
    return sample(np.where(up, 1.0, np.where(down, 0.0, both)), np.where(up, 0.0, np.where(down, 1.0, both)), codes)


@pytest.mark.parametrize("size", [1, 5])
@pytest.mark.parametrize(("discordance", "gap"), [(0.0, 0.0), (0.02, 0.02), (0.2, 0.05), (0.4, 0.0)])
def test_simulated_coverage(size, discordance, gap):
    rng, hits, rounds = np.random.default_rng(11), 0, 200
    for count in (20, 100):
        for _ in range(rounds):
            got = compare(ternary(rng, count, discordance, gap, size), Rule())
            hits += got.low - 1e-12 <= gap <= got.high + 1e-12
    assert hits / (2 * rounds) >= 0.925


@pytest.mark.parametrize(("higher_is_better", "flips"), [(True, (3, 1)), (False, (1, 3)), (None, (None, None))])
def test_right_is_where_the_measure_is_better(higher_is_better, flips):
    a, b = np.array([1.0, 1, 1, 0, 0, 1]), np.array([0.0, 0, 0, 1, 0, 1])
    found = compare(PairedSample(a, np.ones(6), b, np.ones(6), np.arange(6)), Rule(higher_is_better=higher_is_better))
    assert (found.flips_to_right, found.flips_to_wrong) == flips
