"""A quotient of means of either sign: against the closed form, and covered at its rate."""

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.quotients import estimate_quotient


def test_it_is_the_quotient_of_the_sums() -> None:
    above, below = np.array([1.0, 3.0, -1.0, 2.0]), np.array([1.0, 1.0, 0.0, 1.0])
    found = estimate_quotient(above, below, np.arange(4), 0.95)
    assert found is not None
    assert found.value == pytest.approx(5 / 3)
    assert found.low < 5 / 3 < found.high


def test_bounds_solve_the_equation_of_fieller() -> None:
    rng = np.random.default_rng(1)
    above, below = rng.normal(1, 2, 60), rng.normal(2, 1, 60)
    found = estimate_quotient(above, below, np.arange(60), 0.95)
    assert found is not None
    t = 2.00099538  # Student's quantile for 59 degrees of freedom
    for bound in (found.low, found.high):
        rest = above - bound * below
        assert abs(rest.mean()) / (rest.std(ddof=1) / np.sqrt(60)) == pytest.approx(t, abs=1e-6)


def test_without_a_mean_below_nothing_is_bounded() -> None:
    above = np.ones(20)
    assert estimate_quotient(above, np.zeros(20), np.arange(20), 0.95) is None
    unsure = estimate_quotient(above, np.array([1.0] + [-1.0] * 9 + [1.0] * 10), np.arange(20), 0.95)
    assert unsure is not None
    assert np.isinf(unsure.high)


def test_it_covers_at_its_rate_with_pairs_as_clusters() -> None:
    rng = np.random.default_rng(7)
    hits = 0
    runs = 600
    for _ in range(runs):
        pairs = np.repeat(rng.normal(0, 0.5, 40), 2)
        above, below = 1.0 + pairs + rng.normal(0, 1, 80), 0.5 + 0.4 * pairs + rng.normal(0, 0.5, 80)
        found = estimate_quotient(above, below, np.repeat(np.arange(40), 2), 0.9)
        assert found is not None
        hits += found.low <= 2.0 <= found.high
    assert 0.87 <= hits / runs <= 0.93
