from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.ratios import compare_ratios, estimate_ratio


def test_cost_per_right_answer():
    cost, right = np.array([0.01, 0.02, 0.03, 0.01, 0.02]), np.array([1.0, 0.0, 1.0, 1.0, 1.0])
    got = estimate_ratio(cost, right, np.arange(5), 0.95)
    assert got.value == pytest.approx(0.09 / 4)
    assert 0 < got.low < got.value < got.high < 1


def test_what_cannot_be_bounded_is_not():
    lone = estimate_ratio(np.array([1.0, 2.0]), np.array([1.0, 0.0]), np.arange(2), 0.95)
    assert (lone.value, lone.low, lone.high) == (pytest.approx(3.0), 0.0, float("inf"))
    with pytest.raises(ValueError):
        estimate_ratio(np.ones(2), np.zeros(2), np.arange(2), 0.95)
    with pytest.raises(ValueError):
        estimate_ratio(np.array([1.0, -1.0]), np.ones(2), np.arange(2), 0.95)


def test_times_is_one_ratio_over_the_other():
    rng = np.random.default_rng(1)
    a, b, ones = rng.gamma(4, 1, 50), rng.gamma(4, 2, 50), np.ones(50)
    got, back = (
        compare_ratios((a, ones), (b, ones), np.arange(50), 0.95),
        compare_ratios((b, ones), (a, ones), np.arange(50), 0.95),
    )
    assert got.value == pytest.approx(a.sum() / b.sum())
    assert (got.low, got.high) == pytest.approx((1 / back.high, 1 / back.low))


def test_simulated_coverage():
    rng, hits, rounds = np.random.default_rng(2), 0, 400
    for _ in range(rounds):
        hard = rng.random(80)[np.arange(160) // 2]
        cost, right = rng.gamma(2, 1 + hard), (rng.random(160) > 0.6 * hard).astype(float)
        got = estimate_ratio(cost, right, np.arange(160) // 2, 0.95)
        hits += got.low <= 3 / 0.7 <= got.high
    assert hits / rounds >= 0.925
