"""Who is the best of several: bounds to answers, and how often they are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.best import compute_best_level, find_best
from fairtrial.stats.families import count_excluded

NO = -np.inf


def answer(lows: list[list[float]], margin: float = 0.05) -> tuple[int | None, list[bool], list[bool]]:
    found = find_best(np.array(lows), np.full((len(lows), len(lows)), margin))
    return found.best, found.contenders.tolist(), found.close.tolist()


@pytest.mark.parametrize(
    ("lows", "best", "contenders", "close"),
    [
        ([[0, NO, NO], [NO, 0, NO], [NO, NO, 0]], None, [True] * 3, [False] * 3),
        ([[0, 0.1, 0.2], [-0.3, 0, NO], [-0.4, NO, 0]], 0, [True, False, False], [True, False, False]),
        ([[0, -0.01, 0.2], [-0.02, 0, 0.1], [NO, NO, 0]], None, [True, True, False], [True, True, False]),
        # 1 beats 2 and 0 beats 1, but 0 does not beat 2 itself: 2 may still be the best
        ([[0, 0.01, -0.1], [NO, 0, 0.01], [NO, NO, 0]], None, [True, False, True], [False, False, False]),
        # bounds that contradict each other say nothing
        ([[0, 0.1, NO], [NO, 0, 0.1], [0.1, NO, 0]], None, [True] * 3, [False] * 3),
    ],
)
def test_what_bounds_say(lows: list[list[float]], best: int | None, contenders: list[bool], close: list[bool]) -> None:
    assert answer(lows) == (best, contenders, close)


def test_answers_are_seldom_wrong_and_tell_what_can_be_told() -> None:
    """Normal means; what the bounds of pairs are made of is tested elsewhere."""
    rng = np.random.default_rng(3)
    for truth in ([0.0, 0.0], [0.0] * 3, [0.0] * 8, [0.0, 0.0, -1.0], [0.0, -0.2, -0.4]):
        mean = np.array(truth)
        tail = compute_best_level(len(mean), 1, 0.05)
        z = abs(np.quantile(rng.standard_normal(400_000), tail))
        wrong = 0
        for _ in range(4000):
            seen = mean + 0.3 * rng.standard_normal(len(mean))
            found = find_best(seen[:, None] - seen[None, :] - z * 0.3 * 2**0.5, np.zeros((len(mean),) * 2))
            sole = (mean == mean.max()).sum() == 1
            wrong += not found.contenders[0] or (found.best is not None and not (sole and found.best == 0))
        assert wrong / 4000 < 0.05 + 0.01, truth


def test_exclusions_help_the_others_until_none_is_new() -> None:
    needed = [0, 1, 2, 9]  # exclusions that each question needs
    assert count_excluded(4, lambda i, excluded: needed[i] <= excluded) == 3
    assert count_excluded(3, lambda i, excluded: i + 1 <= excluded) == 0
    assert count_excluded(0, lambda i, excluded: True) == 0
