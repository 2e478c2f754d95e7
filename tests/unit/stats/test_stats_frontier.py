"""Frontiers: the definition on small cases, and how often what is claimed of them is false."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.stats.frontier import (
    ClusterSums,
    compute_dominance,
    compute_means,
    draw_counts,
    find_frontier,
    sum_clusters,
)

DRAWS = 200


def test_domination_is_at_least_as_good_everywhere_and_better_somewhere() -> None:
    points = np.array([[3.0, 1.0], [2.0, 2.0], [2.0, 1.0], [3.0, 1.0], [np.nan, 9.0]])
    found = compute_dominance(points)
    assert [sorted(np.flatnonzero(row)) for row in found] == [[], [], [0, 1, 3], [], []]


@given(st.integers(0, 10_000), st.integers(2, 6), st.integers(1, 3))
def test_somebody_is_always_on_the_frontier_and_nobody_dominates_both_ways(seed: int, k: int, m: int) -> None:
    points = np.random.default_rng(seed).integers(0, 4, (k, m)).astype(float)
    found = find_frontier(points, points[None])
    assert found.on.any()
    assert not (found.dominated * found.dominated.T).any()
    assert (found.on == (found.share == 1)).all()


def test_sums_by_cluster_give_the_weighted_means() -> None:
    rng = np.random.default_rng(1)
    values, weights = rng.random((3, 50)), rng.integers(0, 3, (3, 50)).astype(float)
    clusters = rng.integers(5, 20, 50)
    sums = sum_clusters(values, weights, clusters)
    assert compute_means(sums) == pytest.approx((values * weights).sum(axis=1) / weights.sum(axis=1))
    ones = np.ones((1, sums.above.shape[1]))
    assert compute_means(sums, ones)[0] == pytest.approx(compute_means(sums))
    assert np.isnan(compute_means(ClusterSums(np.zeros((1, 2)), np.zeros((1, 2))))).all()


def test_every_draw_has_as_many_clusters_as_there_are() -> None:
    [few, many] = draw_counts([3, 40], DRAWS, np.random.default_rng(2))
    assert few.shape == (DRAWS, 3) and many.shape == (DRAWS, 40)
    assert (few.sum(axis=1) == 3).all() and (many.sum(axis=1) == 40).all()


def shares(better: float, seed: int, runs: int = 150, items: int = 200) -> np.ndarray:
    """Share of draws in which the dearer of two candidates is on the frontier, when its true gain is ``better``."""
    rng = np.random.default_rng(seed)
    found = []
    for _ in range(runs):
        cheap = (rng.random(items) < 0.5).astype(float)
        turned = rng.random(items) < 0.2
        gain = np.where(turned, np.where(rng.random(items) < 0.5 + better / 0.4, 1.0, 0.0), cheap)
        sums = sum_clusters(np.stack([cheap, gain]), np.ones((2, items)), np.arange(items))
        [counts] = draw_counts([items], DRAWS, rng)
        size = np.array([-1.0, -2.0])
        point = np.stack([compute_means(sums), size], axis=1)
        draws = np.stack([compute_means(sums, counts), np.broadcast_to(size, (DRAWS, 2))], axis=2)
        found.append(find_frontier(point, draws).share[1])
    return np.array(found)


def test_what_is_claimed_from_95_percent_of_the_draws_on_is_seldom_false() -> None:
    edge = shares(0.0, 3)
    assert np.mean(edge <= 0.05) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(edge))
    assert np.mean(edge >= 0.95) <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(edge))
    assert 0.35 < edge.mean() < 0.65
    assert shares(0.2, 4).mean() > 0.95
    assert shares(-0.2, 5).mean() < 0.05
