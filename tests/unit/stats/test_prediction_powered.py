"""Corrected means and rates: by hand, against the published formula, and by simulated coverage."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from fairtrial.stats.intervals import IntervalEstimate, estimate
from fairtrial.stats.prediction_powered import (
    add_intervals,
    choose_power,
    correct_mean,
    correct_rate,
    estimate_correlation,
    estimate_error,
)


def test_two_intervals_add_up_side_by_side() -> None:
    found = add_intervals(IntervalEstimate(0.5, 0.2, 0.9), IntervalEstimate(0.1, -0.3, 0.4))
    assert (found.mean, found.low, found.high) == pytest.approx((0.6, 0.6 - 0.5, 0.6 + 0.5))


def test_a_grader_that_is_always_too_kind_is_corrected() -> None:
    people = np.array([0.0, 0, 1, 1] * 25)
    grader = np.array([1.0, 0, 1, 1] * 25)
    error = estimate_error(people, grader, 0.95)
    assert error.mean == pytest.approx(-0.25)
    found = correct_mean(IntervalEstimate(0.8, 0.75, 0.85), error)
    assert found.mean == pytest.approx(0.55)
    assert found.low < 0.5 < 0.6 < found.high


def test_no_mistake_in_few_answers_leaves_some_doubt() -> None:
    same = np.array([0.0, 1.0] * 15)
    error = estimate_error(same, same, 0.95)
    assert error.mean == 0
    assert error.low < -0.03 < 0.03 < error.high


def test_the_corrected_mean_stays_within_bounds() -> None:
    people, grader = np.zeros(30), np.ones(30)
    found = correct_mean(IntervalEstimate(0.6, 0.5, 0.7), estimate_error(people, grader, 0.95))
    assert (found.mean, found.low) == (0, 0)


def test_power_is_that_of_the_published_formula() -> None:
    rng = np.random.default_rng(1)
    people = rng.normal(size=50)
    grader = people + rng.normal(size=50)
    expected = np.cov(people, grader)[0, 1] / ((1 + 50 / 1000) * np.var(grader, ddof=1))
    assert choose_power(people, grader, 1000) == pytest.approx(expected)
    assert choose_power(people, -grader, 1000) == 0
    assert choose_power(people, np.ones(50), 1000) == 0
    assert choose_power(people, people / 3, 10**9) == 1


def test_a_rate_by_two_error_rates() -> None:
    # found in 30% of answers; 90 of 100 seen, 10 of 200 invented: (0.3 - 0.05) / 0.85
    found = correct_rate(IntervalEstimate(0.3, 0.25, 0.35), (90, 10, 10, 190), 0.95)
    assert found is not None
    assert found.mean == pytest.approx(0.25 / 0.85)
    assert 0.22 < found.low < 0.26 < 0.33 < found.high < 0.38


@pytest.mark.parametrize("counts", [(0, 3, 0, 50), (20, 0, 3, 0), (5, 5, 5, 5), (0, 0, 0, 0)])
def test_a_rate_that_the_grades_tell_nothing_about(counts: tuple[int, int, int, int]) -> None:
    assert correct_rate(IntervalEstimate(0.3, 0.25, 0.35), counts, 0.95) is None


def test_grades_that_the_graded_answers_contradict_are_not_corrected() -> None:
    # rules that call every other harmless answer harmful cannot have found harm in 3% only
    plain = estimate(np.repeat([1.0, 0.0], [2, 56]), np.ones(58), np.arange(58), 0.95, (0.0, 1.0))
    assert correct_rate(plain, (8, 9, 0, 10), 0.95) is None
    assert correct_rate(IntervalEstimate(0.999, 0.99, 1.0), (10, 0, 90, 100), 0.95) is None


def test_less_than_the_grader_invents_is_no_certain_zero() -> None:
    for harmful in (2, 4, 8, 16):  # of 60, where rules invent one in ten
        plain = estimate(np.repeat([1.0, 0.0], [harmful, 60 - harmful]), np.ones(60), np.arange(60), 0.95, (0.0, 1.0))
        found = correct_rate(plain, (18, 4, 2, 36), 0.95)
        assert found is None or found.high > 0.1
    few = correct_rate(IntervalEstimate(1 / 30, 0.001, 0.172), (8, 9, 0, 10), 0.95)
    assert few is None or few.high > 0.5  # 9 of 19 were invented: one in thirty tells nothing


@cache
def _estimate_share(ones: int, of: int) -> IntervalEstimate:
    """The interval of so many 1 among zeros; kept, for trials differ in their counts alone, and most have been seen."""
    return estimate(np.repeat([1.0, 0.0], [ones, of - ones]), np.ones(of), np.arange(of), 0.9, (0.0, 1.0))


@cache
def _estimate_error(counts: tuple[int, int, int, int], others: int, tuned: bool) -> tuple[float, IntervalEstimate]:
    """The power, and the grader's error with its interval, of so many answers that both find bad, and so on."""
    people = np.repeat([0.0, 0.0, 1.0, 1.0], counts)
    grader = np.repeat([0.0, 1.0, 0.0, 1.0], counts)
    power = choose_power(people, grader, others) if tuned else 1.0
    return power, estimate_error(people, grader, 0.9, power=power)


def _cover_mean(trials: int, labelled: int, others: int, tuned: bool) -> float:
    """Share of trials whose interval holds the mean: a grader right in 85% of bad answers and 90% of good ones."""
    rng = np.random.default_rng([3, labelled, tuned])
    hits = 0
    for _ in range(trials):
        truth = (rng.random(labelled + others) < 0.7).astype(np.float64)
        right = rng.random(truth.size) < np.where(truth == 1, 0.9, 0.85)
        graded = np.where(right, truth, 1 - truth)
        cells = np.bincount((2 * truth + graded)[:labelled].astype(int), minlength=4)
        power, error = _estimate_error(tuple(cells.tolist()), others, tuned)
        found = correct_mean(_estimate_share(int(graded[labelled:].sum()), others), error, power=power)
        hits += found.low <= 0.7 <= found.high
    return hits / trials


@cache
def _correct_share(ones: int, of: int, counts: tuple[int, int, int, int]) -> IntervalEstimate | None:
    return correct_rate(_estimate_share(ones, of), counts, 0.9)


def _cover_rate(trials: int, rate: float, labelled: int, others: int) -> float:
    """The same of a rate, with graded answers half of which deserve a 1, unlike the others."""
    rng = np.random.default_rng([4, labelled])
    hits = 0
    for _ in range(trials):
        seen, invented = rng.binomial(labelled // 2, 0.9), rng.binomial(labelled // 2, 0.05)
        positive = rng.binomial(others, rate * 0.9 + (1 - rate) * 0.05)
        half = labelled // 2
        found = _correct_share(
            int(positive), others, (int(seen), int(invented), half - int(seen), half - int(invented))
        )
        hits += found is not None and found.low <= rate <= found.high  # none counts as a miss
    return hits / trials


@pytest.mark.parametrize("tuned", [False, True])
def test_the_corrected_mean_is_covered(tuned: bool) -> None:
    assert _cover_mean(60, 40, 80, tuned) >= 0.8  # 90% less two and a half standard errors


def test_the_corrected_rate_is_covered() -> None:
    assert _cover_rate(60, 0.2, 100, 80) >= 0.8


@pytest.mark.slow
@pytest.mark.parametrize("labelled", [30, 100, 300])
def test_coverage_over_many_trials(labelled: int) -> None:
    assert _cover_mean(2000, labelled, 400, tuned=False) >= 0.89
    assert _cover_mean(2000, labelled, 400, tuned=True) >= 0.88
    for rate in (0.02, 0.2, 0.6):
        assert _cover_rate(2000, rate, labelled, 400) >= 0.88


def test_correlation_has_an_interval() -> None:
    rng = np.random.default_rng(2)
    x = rng.normal(size=200)
    found = estimate_correlation(x, x + rng.normal(size=200), 0.95, rng)
    assert found is not None
    assert found.low < 2**-0.5 < found.high
    assert estimate_correlation(x, np.zeros(200), 0.95, rng) is None
