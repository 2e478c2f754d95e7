"""Contrasts of arms, main effects and interactions: values by hand, scales, places, and coverage by simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from fairtrial.stats.factorial import (
    draw_orders,
    estimate_contrasts,
    find_rank_bounds,
    list_combinations,
    make_effects,
)

Floats = NDArray[np.float64]
SHARE = (0.0, 1.0)


def fresh(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def draw_answers(chances: Floats, items: int, rng: np.random.Generator) -> Floats:
    """Return (items, arms) right or wrong, the items' difficulties shared by all arms."""
    hard = rng.normal(0, 0.2, (items, 1))
    return (rng.random((items, chances.size)) < np.clip(chances + hard, 0, 1)).astype(np.float64)


def test_effects_of_a_response_that_is_known() -> None:
    combined = list_combinations(3)
    a, b, c = combined.T.astype(np.float64)
    response = 0.3 + 0.2 * a - 0.1 * b + 0.05 * c + 0.08 * a * b
    found = {factors: float(weights @ response) for factors, weights in make_effects(combined).items()}
    assert found == {
        (0,): pytest.approx(0.24),  # 0.2, and 0.08 in the half in which b is there
        (1,): pytest.approx(-0.06),
        (2,): pytest.approx(0.05),
        (0, 1): pytest.approx(0.08),
        (0, 2): pytest.approx(0.0),
        (1, 2): pytest.approx(0.0),
        (0, 1, 2): pytest.approx(0.0),
    }


def test_half_a_design_is_none() -> None:
    with pytest.raises(ValueError, match="3 arms are no full two-level design of 2 factors"):
        make_effects(list_combinations(2)[:3])
    with pytest.raises(ValueError, match="no full"):
        make_effects(np.zeros((4, 2), dtype=np.bool_))


def test_a_contrast_is_paired() -> None:
    rng = fresh()
    base = rng.random((60, 1))
    values = np.hstack([base, base + 0.1, base + 0.3])  # the items differ widely, the arms never
    weights = [np.array([-1.0, 1.0, 0.0]), np.array([0.0, -1.0, 1.0])]
    one, other = estimate_contrasts(values, np.arange(60), weights, 0.95, None, rng)
    assert one is not None and other is not None
    assert (one.value, one.low, one.high) == pytest.approx((0.1, 0.1, 0.1))
    assert other.value == pytest.approx(0.2)
    assert one.p_value == 0.0 and one.items == 60


def test_items_that_an_arm_lacks_count_for_the_others_only() -> None:
    values = draw_answers(np.array([0.4, 0.6, 0.8]), 100, fresh())
    values[:40, 2] = np.nan
    weights = [np.array([-1.0, 1.0, 0.0]), np.array([-1.0, 0.0, 1.0])]
    whole, part = estimate_contrasts(values, np.arange(100), weights, 0.95, SHARE, fresh())
    assert whole is not None and part is not None
    assert (whole.items, part.items) == (100, 60)
    assert part.value == pytest.approx(float((values[40:, 2] - values[40:, 0]).mean()))
    values[:, 2] = np.nan
    assert estimate_contrasts(values, np.arange(100), weights, 0.95, SHARE, fresh())[1] is None


def test_nothing_that_changes_may_still_change() -> None:
    [found] = estimate_contrasts(np.ones((50, 2)), np.arange(50), [np.array([-1.0, 1.0])], 0.95, SHARE, fresh())
    assert found is not None
    assert -0.1 < found.low < 0 < found.high < 0.1  # as for 50 items without any change: 1 - 0.025 ** (1 / 50)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 50), abs=0.002)


def test_weights_must_add_up_to_nothing() -> None:
    with pytest.raises(ValueError, match="add up to 0"):
        estimate_contrasts(np.ones((9, 2)), np.arange(9), [np.array([1.0, 1.0])], 0.95, SHARE, fresh())
    assert estimate_contrasts(np.ones((9, 2)), np.arange(9), [], 0.95, SHARE, fresh()) == []


def test_places() -> None:
    lows = np.full((3, 3), -math.inf)
    assert find_rank_bounds(lows) == [(1, 3)] * 3
    lows[2, 0] = 0.01
    assert find_rank_bounds(lows) == [(2, 3), (1, 3), (1, 2)]


def test_shares_of_an_order() -> None:
    values = draw_answers(np.array([0.2, 0.8, 0.22]), 150, fresh())
    effects = [np.array([-1.0, 1.0, 0.0]), np.array([-1.0, 0.0, 1.0])]
    found = draw_orders(values, np.arange(150), effects, fresh())
    assert found is not None
    assert found.first.tolist() == pytest.approx([1.0, 0.0])
    assert found.same == 1.0
    level = draw_orders(np.tile(values[:, :1], (1, 3)), np.arange(150), effects, fresh())
    assert level is not None
    assert level.first.tolist() == pytest.approx([0.5, 0.5])
    assert level.same == 0.0
    assert draw_orders(np.full((5, 3), np.nan), np.arange(5), effects, fresh()) is None


def test_all_effects_are_covered_together() -> None:
    combined = list_combinations(3)
    a, b, c = combined.T.astype(np.float64)
    chances = 0.4 + 0.15 * a + 0.1 * b - 0.05 * c + 0.1 * a * b
    effects = make_effects(combined)
    truth = np.array([weights @ chances for weights in effects.values()])
    rng, missed, trials = fresh(8), 0, 120
    for _ in range(trials):
        values = (rng.random((80, 8)) < chances).astype(np.float64)
        found = estimate_contrasts(values, np.arange(80), list(effects.values()), 0.9, SHARE, rng)
        ends = [(one.low, one.high) for one in found if one is not None]
        missed += any(not low <= true <= high for true, (low, high) in zip(truth, ends, strict=True))
    assert len(ends) == 7
    assert missed / trials < 0.18  # 10% at most; three standard errors of 120 trials above it
