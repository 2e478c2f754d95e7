"""Votes: intervals that hold at any look, with ties, sides that are preferred, few votes and whole sessions."""

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.bradley_terry import compute_foretold, compute_log_likelihood, estimate_strengths
from fairtrial.stats.preferences import average_sessions, estimate_net

ALPHA = 0.05


def draw_votes(rng: np.random.Generator, count: int, rates: tuple[float, float], left: float = 0.0) -> np.ndarray:
    """Return votes for the first of two: rates of wins and losses, and the share of voters who take the left side."""
    win, lose = rates
    fair = rng.choice([1.0, -1.0, 0.0], count, p=[win, lose, 1 - win - lose])
    side = rng.choice([1.0, -1.0], count)
    return np.where(rng.random(count) < left, side, fair)


@pytest.mark.parametrize(
    ("rates", "left"), [((0.3, 0.3), 0.0), ((0.1, 0.1), 0.0), ((0.35, 0.2), 0.4), ((0.02, 0.0), 0.9)]
)
def test_intervals_miss_no_more_often_than_they_say(rates: tuple[float, float], left: float) -> None:
    rng = np.random.default_rng(5)
    true = (1 - left) * (rates[0] - rates[1])
    found = [estimate_net(draw_votes(rng, 120, rates, left), 1 - ALPHA) for _ in range(80)]
    missed = sum(not one.low <= true <= one.high for one in found)
    assert missed <= 9  # of 80 at 5%, with a chance of 1% of more than 9


def test_few_votes_decide_nothing_and_many_do() -> None:
    assert estimate_net(np.array([]), 0.95).high == 1
    assert estimate_net(np.ones(3), 0.95).low < 0
    sure = estimate_net(np.ones(40), 0.95)
    assert sure.low > 0
    assert sure.e_value > 20
    assert estimate_net(np.zeros(400), 0.95).high < 0.1
    with pytest.raises(ValueError, match="between -1 and 1"):
        estimate_net(np.array([2.0]), 0.95)


def test_sessions_count_once_and_wait_for_those_before_them() -> None:
    values = np.array([1.0, 1.0, -1.0, 1.0, 0.0])
    sessions = ["a", "b", "a", "b", "c"]
    assert average_sessions(values, sessions, [True] * 5).tolist() == [0.0, 1.0, 0.0]
    going = [True, False, True, False, True]
    assert average_sessions(values, sessions, going).tolist() == [0.0]


def play(rng: np.random.Generator, strengths: np.ndarray, count: int) -> np.ndarray:
    """Return (count, C, C) wins after each vote between two candidates that are drawn by chance."""
    size = len(strengths)
    wins = np.zeros((count, size, size))
    pairs = np.array([rng.choice(size, 2, replace=False) for _ in range(count)])
    first = rng.random(count) < 1 / (1 + np.exp(strengths[pairs[:, 1]] - strengths[pairs[:, 0]]))
    winner, loser = np.where(first[:, None], pairs, pairs[:, ::-1]).T
    wins[np.arange(count), winner, loser] = 1
    return wins.cumsum(axis=0)


@pytest.mark.parametrize("strengths", [np.zeros(3), np.array([0.0, 1.0, 2.5, -0.5])])
def test_true_strengths_stay_in_the_set_at_all_looks(strengths: np.ndarray) -> None:
    rng = np.random.default_rng(11)
    missed = 0
    for _ in range(100):
        ratios = [compute_foretold(w) - compute_log_likelihood(w, strengths) for w in play(rng, strengths, 80)]
        missed += max(ratios) >= np.log(1 / ALPHA)
    assert missed <= 11  # of 100 at 5%, with a chance of 1% of more than 11


def test_who_never_loses_has_no_upper_end() -> None:
    found = estimate_strengths(np.array([[0.0, 12.0, 9.0], [0.0, 0.0, 6.0], [0.0, 5.0, 0.0]]), 0.95)
    assert found.difference[0, 1] == found.high[0, 1] == np.inf
    assert 0 < found.low[0, 1] < np.inf
    assert (found.low[1, 0], found.high[1, 0]) == (-np.inf, -found.low[0, 1])
    assert found.low[1, 2] < 0 < found.high[1, 2]
    assert abs(found.difference[1, 2] - np.log(6 / 5)) < 1e-3


def test_who_was_never_compared_is_not_bounded_and_circles_do_not_fit() -> None:
    apart = estimate_strengths(np.array([[0.0, 5.0, 0.0], [4.0, 0.0, 0.0], [0.0, 0.0, 0.0]]), 0.95)
    assert (apart.low[0, 2], apart.high[0, 2]) == (-np.inf, np.inf)
    circle = estimate_strengths(np.array([[0.0, 20.0, 0.0], [0.0, 0.0, 20.0], [20.0, 0.0, 0.0]]), 0.95)
    assert not circle.fits
    assert circle.misfit > 1e6


def test_many_votes_bound_strengths_from_both_sides() -> None:
    true = np.array([0.0, 0.8, 1.6])
    wins = play(np.random.default_rng(3), true, 1500)[-1]
    found = estimate_strengths(wins, 0.95)
    for i in range(3):
        for j in range(3):
            assert found.low[i, j] - 1e-9 <= true[i] - true[j] <= found.high[i, j] + 1e-9
    assert found.low[2, 0] > 0.8
