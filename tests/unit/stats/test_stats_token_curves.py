"""Curves over tokens: areas, tokens needed, gains, and claims about two of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.stats.paired import Rule
from fairtrial.stats.token_curves import (
    AreaQuestion,
    CurveSample,
    TokenCurve,
    compare_areas,
    compare_many,
    compute_area,
    compute_area_weights,
    compute_curve,
    compute_gains,
    draw_clusters,
    find_limits,
    find_tokens_needed,
    tell_claim,
)

LINE = TokenCurve(np.array([10.0, 100.0, 1000.0]), np.array([0.2, 0.4, 0.6]))


def test_a_line_over_the_logarithm() -> None:
    assert compute_area(LINE, (10, 1000)) == pytest.approx(0.4)
    assert compute_area(LINE, (10, 100)) == pytest.approx(0.3)
    assert compute_area(LINE, (1000, 100_000)) == pytest.approx(0.6)  # level after the last point
    assert compute_area(LINE, (0.001, 10)) == pytest.approx(0.2)  # and before the first
    assert find_tokens_needed(LINE, 0.3) == pytest.approx(10**1.5)
    assert find_tokens_needed(LINE, 0.1) == 10
    assert find_tokens_needed(LINE, 0.7) == np.inf
    assert compute_gains(LINE).tolist() == pytest.approx([0.2 / 0.9, 0.2 / 9])


def test_points_in_any_order_and_at_one_place() -> None:
    mixed = TokenCurve(LINE.tokens[[2, 0, 1]], LINE.values[[2, 0, 1]])
    assert compute_area(mixed, (10, 1000)) == pytest.approx(0.4)
    assert find_tokens_needed(mixed, 0.3) == pytest.approx(10**1.5)
    same = TokenCurve(np.array([10.0, 10.0, 1000.0]), np.array([0.0, 0.4, 0.6]))
    assert compute_area(same, (10, 1000)) == pytest.approx(0.4)
    assert np.isnan(compute_gains(same)[0])


@given(
    st.lists(st.floats(1, 1e5), min_size=1, max_size=6),
    st.floats(1, 1e4),
    st.floats(1.01, 1e4),
)
def test_the_weights_are_a_mean(tokens: list[float], low: float, width: float) -> None:
    weights = compute_area_weights(np.array(tokens), (low, low * width))
    assert weights.min() >= 0
    assert weights.sum() == pytest.approx(1)


def test_limits_begin_where_all_have_begun_and_end_where_the_longest_does() -> None:
    other = TokenCurve(np.array([30.0, 300.0]), np.array([0.1, 0.5]))
    assert find_limits(LINE, other) == (30, 1000)
    assert find_limits(TokenCurve(np.array([5.0]), np.array([0.1]))) is None


def sample(values: np.ndarray, tokens: tuple[float, ...], clusters: int) -> CurveSample:
    count = values.shape[1]
    return CurveSample(values, np.array(tokens)[:, None] * np.ones(count), np.arange(count) % clusters)


def test_draws_are_of_whole_clusters() -> None:
    values = np.array([[0.0, 1.0, 0.0, 1.0]])
    twice = compute_curve(sample(values, (0.0,), 2), np.array([[2.0, 0.0], [1.0, 1.0]]))
    assert twice.values.tolist() == [[0.0], [0.5]]
    assert twice.tokens.tolist() == [[1.0], [1.0]]  # nothing written counts as one token


def question(shift: float, items: int, margin: float = 0.05, clusters: int = 0) -> AreaQuestion:
    rng = np.random.default_rng(5)
    luck = rng.random((3, items))
    b = sample((luck < np.array([[0.3], [0.5], [0.7]])).astype(float), (10, 100, 1000), clusters or items)
    a = sample((luck < np.array([[0.3], [0.5], [0.7]]) + shift).astype(float), (10, 100, 1000), clusters or items)
    limits = find_limits(compute_curve(a), compute_curve(b))
    assert limits is not None
    return AreaQuestion(a, b, limits, Rule(margin=margin), draw_clusters(b.clusters, 400, rng))


def test_a_claim_is_supported_refuted_or_undecided() -> None:
    behind, equal, ahead, few = question(-0.2, 400), question(0.0, 400), question(0.2, 400), question(-0.2, 12)
    assert [compare_areas(one).claim for one in (behind, equal, ahead, few)] == [
        "supported", "refuted", "refuted", "undecided",
    ]  # fmt: skip
    found = compare_areas(behind)
    assert found.low < found.difference < found.high < 0
    assert found.difference == pytest.approx(found.areas[0] - found.areas[1])
    assert tell_claim(-0.01, 0.3, 0.0) == "undecided"
    assert tell_claim(-0.03, -0.01, 0.05) == "refuted"  # certainly behind, and by too little to matter


def test_no_difference_at_all_is_no_certainty() -> None:
    assert compare_areas(question(0.0, 10)).low < -0.2


def test_many_questions_take_wider_intervals() -> None:
    both = compare_many([question(-0.2, 400), question(0.0, 60)], 0.05)
    for alone, together in both:
        assert together.low < alone.low
        assert together.high > alone.high
    assert compare_many([], 0.05) == []


def test_few_clusters_count_as_few() -> None:
    wide, narrow = compare_areas(question(-0.2, 400, clusters=8)), compare_areas(question(-0.2, 400))
    assert wide.clusters == 8
    assert wide.high - wide.low > narrow.high - narrow.low - 0.05
