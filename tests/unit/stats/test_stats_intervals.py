from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from fairtrial.stats.intervals import compute_effective_size, estimate


def interval(values, weights=None, clusters=None, confidence=0.95, bounds=(0.0, 1.0)):
    values = np.asarray(values, dtype=float)
    weights = np.ones(values.size) if weights is None else np.asarray(weights, dtype=float)
    clusters = np.arange(values.size) if clusters is None else np.asarray(clusters)
    return estimate(values, weights, clusters, confidence, bounds)


def test_independent_right_or_wrong_is_the_exact_binomial_interval():
    values = np.repeat([1.0, 0.0], [17, 33])
    ours, theirs = interval(values), stats.binomtest(17, 50).proportion_ci(0.95, "exact")
    assert ours.mean == 0.34
    assert (ours.low, ours.high) == pytest.approx((theirs.low, theirs.high))


@pytest.mark.parametrize("answer", [0.0, 1.0])
def test_all_alike_is_never_certain(answer):
    one = interval(np.full(20, answer))
    assert one.mean == answer
    assert one.high - one.low == pytest.approx(1 - 0.025 ** (1 / 20))
    clustered = interval(np.full(20, answer), clusters=np.repeat(np.arange(4), 5))
    assert clustered.high - clustered.low > 0.6


def test_unbounded_means_get_the_t_interval():
    values = np.array([3.0, 5.0, 4.0, 9.0, 2.0])
    ours = interval(values, bounds=None)
    low, high = stats.t.interval(0.95, 4, values.mean(), values.std(ddof=1) / 5**0.5)
    assert (ours.low, ours.high) == pytest.approx((low, high))


def test_ratio_of_sums_and_its_jackknife():
    values, weights = np.array([1.0, 2.0, 4.0, 3.0]), np.array([10.0, 20.0, 5.0, 15.0])
    ours = interval(values, weights, bounds=None)
    assert ours.mean == pytest.approx((values * weights).sum() / weights.sum())
    left_out = [np.average(np.delete(values, i), weights=np.delete(weights, i)) for i in range(4)]
    spread = (3 / 4 * ((np.array(left_out) - ours.mean) ** 2).sum()) ** 0.5
    half = stats.t.ppf(0.975, compute_effective_size(weights) - 1) * spread
    assert ours.high - ours.mean == pytest.approx(half)


def test_clusters_that_repeat_one_answer_count_once():
    singles = interval(np.repeat([1.0, 0.0], [12, 28]))
    doubled = interval(np.repeat([1.0, 0.0], [120, 280]), clusters=np.repeat(np.arange(40), 10))
    assert doubled.mean == singles.mean
    assert (doubled.low, doubled.high) == pytest.approx((singles.low, singles.high))


def test_one_cluster_knows_nothing():
    assert (interval([1.0, 0.0], clusters=[7, 7]).low, interval([1.0], bounds=(0.0, 2.0)).high) == (0.0, 2.0)
    lone = interval([3.0], bounds=None)
    assert (lone.mean, lone.low, lone.high) == (3.0, float("-inf"), float("inf"))


def test_items_of_no_weight_do_not_count():
    full = interval([0.5, 1.0, 0.0, 1.0], [1, 2, 0, 1])
    assert full == interval([0.5, 1.0, 1.0], [1, 2, 1])


@pytest.mark.parametrize(
    ("values", "weights", "clusters"),
    [([], [], []), ([1.0], [0.0], [0]), ([1.0], [-1.0], [0]), ([np.nan], [1.0], [0]), ([1.0, 0.0], [1.0, 1.0], [0])],
)
def test_what_cannot_be_estimated_is_an_error(values, weights, clusters):
    with pytest.raises(ValueError):
        interval(values, weights, clusters)


def test_values_out_of_bounds_are_an_error():
    with pytest.raises(ValueError, match="outside the bounds"):
        interval([0.5, 1.5])


@given(
    st.lists(st.tuples(st.floats(0, 1), st.floats(0, 50), st.integers(0, 4)), min_size=1, max_size=30).filter(
        lambda rows: any(w > 1e-6 for _, w, _ in rows)
    )
)
@settings(max_examples=150, deadline=None)
def test_every_interval_is_ordered_and_inside_its_bounds(rows):
    values, weights, clusters = (np.array(column) for column in zip(*rows, strict=True))
    for bounds in ((0.0, 1.0), None):
        got = interval(values, weights, clusters, bounds=bounds)
        assert not np.isnan([got.mean, got.low, got.high]).any()
        assert got.low <= got.mean + 1e-9 and got.mean - 1e-9 <= got.high
        assert bounds is None or (got.low >= 0 and got.high <= 1)


@pytest.mark.parametrize(("count", "size", "share"), [(20, 1, 0.95), (12, 5, 0.3), (60, 4, 0.8), (200, 1, 0.02)])
def test_simulated_coverage_of_shares(count, size, share):
    rng, hits, rounds = np.random.default_rng(5), 0, 400
    codes = np.repeat(np.arange(count), size)
    for _ in range(rounds):
        level = rng.beta(share * 2, (1 - share) * 2, count)[codes] if size > 1 else share
        got = interval((rng.random(codes.size) < level).astype(float), clusters=codes)
        hits += got.low <= share <= got.high
    assert hits / rounds >= 0.925


def test_simulated_coverage_of_graded_means():
    rng, hits, rounds = np.random.default_rng(6), 0, 400
    for _ in range(rounds):
        values = np.where(rng.random(60) < 0.3, rng.beta(2, 3, 60), 0.0)
        got = interval(values)
        hits += got.low <= 0.3 * 0.4 <= got.high
    assert hits / rounds >= 0.94
