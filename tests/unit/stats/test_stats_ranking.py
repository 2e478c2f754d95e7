from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from fairtrial.stats.ranking import (
    compute_agreement,
    compute_dominance,
    compute_mean_ranks,
    compute_redundancy,
    compute_stability,
    compute_weighted_scores,
    judge_health,
    rank_rows,
)

RNG = np.random.default_rng


def test_dominance_needs_one_win_and_no_loss():
    lows = np.full((3, 3, 2), -0.01)
    lows[0, 1] = [0.03, -0.01]  # better once, level once
    lows[0, 2] = [0.05, -0.2]  # better once, perhaps worse once
    lows[2, 1] = [-0.01, -0.01]  # level twice
    assert np.argwhere(compute_dominance(lows, 0.02)).tolist() == [[0, 1]]


def test_a_clear_ranking_is_stable_and_a_mixed_one_is_not():
    clear = np.array([[0.9, 0.8, 0.7, 0.9], [0.5, 0.6, 0.5, 0.6], [0.1, 0.2, 0.3, 0.2]])
    got = compute_stability(clear, RNG(1))
    assert got.order.tolist() == [0, 1, 2] and got.tops == 1
    assert got.flipped.max() == 0 and got.on_top.tolist() == [1, 0, 0]
    mixed = np.array([[0.9, 0.1, 0.9], [0.5, 0.9, 0.5]])
    got = compute_stability(mixed, RNG(1))
    assert compute_mean_ranks(mixed).tolist() == [4 / 3, 5 / 3]
    assert got.flipped[0, 1] == pytest.approx(1 / 27 + 3 * 2 / 27, abs=0.03)
    assert got.tops == 2  # without the first or third task the two are level
    with pytest.raises(ValueError, match="at least two"):
        compute_stability(mixed[:, :1], RNG(1))


def test_agreement_is_kendalls_tau_with_an_interval_that_narrows():
    rng = RNG(2)
    levels = np.array([0.2, 0.4, 0.6, 0.8])
    few, many = ((rng.random((n, 4)) < levels).astype(float) for n in (20, 2000))
    other = (rng.random((2000, 4)) < levels[[0, 2, 1, 3]]).astype(float)
    wide = compute_agreement((few, np.arange(20)), (other, np.arange(2000)), 0.95, RNG(3), 300)
    narrow = compute_agreement((many, np.arange(2000)), (other, np.arange(2000)), 0.95, RNG(3), 300)
    assert narrow.tau == pytest.approx(stats.kendalltau(levels, levels[[0, 2, 1, 3]]).statistic)
    assert (narrow.low, narrow.high) == (narrow.tau, narrow.tau)
    assert wide.low <= narrow.tau <= wide.high and wide.high > wide.low
    assert compute_agreement((np.ones((5, 4)), np.arange(5)), (other, np.arange(2000)), 0.95, RNG(3), 10) is None


def test_health_of_a_task():
    low, high = np.array([0.93, 0.2]), np.array([0.99, 0.4])
    got = judge_health((low, high), 0.25, [True], 1.0, 0.05)
    assert (got.saturated, got.at_chance, got.telling) == (True, False, 1.0)
    assert judge_health((low - 0.7, high - 0.7), 0.25, [False], 1.0, 0.05).at_chance
    assert judge_health((low, high), None, [], 1.0, 0.05).at_chance is None


def test_redundant_tasks_order_candidates_alike():
    scores = np.array([[0.1, 0.2, 0.9], [0.5, 0.6, 0.5], [0.9, 0.95, 0.1]])
    assert compute_redundancy(scores) == pytest.approx(np.array([[1, 1, -1], [1, 1, -1], [-1, -1, 1.0]]))
    assert np.isnan(compute_redundancy(np.ones((3, 2)))).all()


def test_weighted_scores_and_their_sensitivity():
    scores = np.array([[1.0, 0.0], [0.0, 1.0]])
    got = compute_weighted_scores(scores, np.array([2.0, 1.0]), RNG(4))
    assert got.scores == pytest.approx([2 / 3, 1 / 3])
    assert got.on_top[0] == pytest.approx(stats.norm.cdf(np.log(2) / 0.5**0.5), abs=0.03)
    with pytest.raises(ValueError, match="weights"):
        compute_weighted_scores(scores, np.array([-1.0, 2.0]), RNG(4))


@pytest.mark.parametrize("shape", [(1, 3), (2, 1), (7, 40), (30, 5)])
def test_ranks_are_scipys_with_ties_sharing(shape: tuple[int, int]) -> None:
    values = RNG(5).integers(0, 6, size=shape) / 3
    assert np.array_equal(rank_rows(values), stats.rankdata(values, axis=0))
