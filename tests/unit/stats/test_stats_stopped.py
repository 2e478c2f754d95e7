"""Measures without bounds, judged once, when others have ended the asking."""

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.betting import Units, compute_limits, log_wealth
from fairtrial.stats.paired import PairedSample, Rule, compare, compute_fixed_interval
from fairtrial.stats.stopped import SHARE, EndingMeasure, compare_stopped, get_ending_confidence

RULE = Rule(bounds=None, higher_is_better=False)


def sample(differences, weights=None):
    n = differences.size
    w = np.ones(n) if weights is None else weights
    return PairedSample(10 + differences, w, np.full(n, 10.0), w, np.arange(n))


def test_what_may_go_wrong_is_shared_out():
    assert 1 - get_ending_confidence(0.95, 2) == pytest.approx(0.2 * 0.05 / 2)
    assert SHARE * 0.05 + 2 * (1 - get_ending_confidence(0.95, 2)) == pytest.approx(0.05)


def test_what_has_nothing_to_do_with_the_end_gets_about_its_fixed_interval():
    x = np.tile([1.0, 0.0, -1.0, 0.0], 100)
    y = np.tile([0.3, 0.1, 0.3, 0.5], 100)  # uncorrelated with x to the last digit
    got = compare_stopped(sample(y), RULE, [EndingMeasure(x, -0.2, 0.2)])
    wide = Rule(bounds=None, higher_is_better=False, confidence=1 - SHARE * 0.05)
    assert (got.low, got.high) == pytest.approx(compute_fixed_interval(sample(y), wide))
    assert (got.verdict, got.p_value, got.difference) == ("worse", None, pytest.approx(0.3))


def test_what_ended_the_asking_explains_widens_by_its_interval():
    x = np.tile([1.0, 0.0, -1.0, 0.0], 100)
    got = compare_stopped(sample(2 * x + 0.5), RULE, [EndingMeasure(x, -0.1, 0.3)])
    assert (got.low, got.high) == pytest.approx((0.5 - 0.2, 0.5 + 0.6), abs=0.02)
    turned = compare_stopped(sample(-2 * x + 0.5), RULE, [EndingMeasure(x, -0.1, 0.3)])
    assert (turned.low, turned.high) == pytest.approx((0.5 - 0.6, 0.5 + 0.2), abs=0.02)
    assert compare_stopped(sample(2 * x + 0.5), RULE, [EndingMeasure(x, -0.5, 0.3)]).verdict == "undecided"


def test_weights_move_the_ratio_and_not_the_estimate():
    rng = np.random.default_rng(1)
    x, w = rng.choice([1.0, 0.0, -1.0], 300), rng.integers(0, 5, 300).astype(float)
    y = sample(x + rng.normal(0, 1, 300), w)
    got = compare_stopped(y, RULE, [EndingMeasure(x, x.mean(), x.mean())])
    plain = compare(y, RULE)
    assert got.difference == pytest.approx(plain.difference)
    assert got.high - got.low < 0.9 * (plain.high - plain.low)  # x is as good as known here, and explains half
    assert got.low < got.difference < got.high


@pytest.mark.parametrize("shared", [0.0, 0.9])
def test_simulated_coverage_where_the_other_measure_ends_the_asking(shared):
    rng, rounds, missed = np.random.default_rng(2), 300, 0
    for _ in range(rounds):
        x = rng.choice([1.0, -1.0, 0.0], 1000, p=[0.2, 0.1, 0.7])
        noise = rng.exponential(size=1000) - 1
        y = shared * (x - 0.1) / 0.29**0.5 + (1 - shared**2) ** 0.5 * noise
        over = log_wealth(Units(x, np.ones(1000)), np.zeros(1))[0] >= np.log(40)
        n = int(min(1000, np.ceil((over.argmax() + 1) / 50) * 50)) if over.any() else 1000
        low, high = compute_limits(Units(x[:n], np.ones(n)), get_ending_confidence(0.95, 1))
        got = compare_stopped(sample(y[:n]), RULE, [EndingMeasure(x[:n], low, high)])
        missed += not got.low <= 0 <= got.high
    assert missed / rounds <= 0.05 + 2 * (0.05 * 0.95 / rounds) ** 0.5
