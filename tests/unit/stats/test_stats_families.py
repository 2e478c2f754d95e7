from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairtrial.stats.betting import Units, best_log_wealth, log_wealth
from fairtrial.stats.families import e_bh, e_holm, find_survivors, holm


@given(st.lists(st.floats(0, 200), min_size=1, max_size=7))
def test_e_holm_is_closed_testing_with_the_mean(values):
    expected = []
    for i in range(len(values)):
        others = [j for j in range(len(values)) if j != i]
        sets = itertools.chain.from_iterable(itertools.combinations(others, k) for k in range(len(values)))
        expected.append(min(np.mean([values[i], *(values[j] for j in chosen)]) for chosen in sets))
    assert e_holm(values) == pytest.approx(expected)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_the_step_down_test(values):
    adjusted = holm(values)
    for alpha in (0.01, 0.05, 0.3):
        claimed, rest = set(), sorted(range(len(values)), key=lambda i: values[i])
        for left, index in zip(range(len(values), 0, -1), rest, strict=True):
            if values[index] * left > alpha:
                break
            claimed.add(index)
        assert {i for i, p in enumerate(adjusted) if p <= alpha} == claimed


def test_e_bh_by_hand():
    assert e_bh([], 0.05) == []
    assert e_bh([41.0, 19.0], 0.05) == [True, False]
    assert e_bh([39.0, 21.0], 0.05) == [True, True]
    assert e_bh([19.0, 19.0], 0.05) == [False, False]
    assert e_bh([45.0, 0.1, 0.1], 0.05) == [False, False, False]


def test_one_false_claim_in_a_family_is_rare():
    rng, rounds, wrong = np.random.default_rng(1), 300, 0
    for _ in range(rounds):
        shared = rng.choice([1.0, -1.0, 0.0], 200, p=[0.1, 0.1, 0.8])
        values = []
        for _ in range(5):
            own = np.where(rng.random(200) < 0.5, shared, rng.choice([1.0, -1.0, 0.0], 200, p=[0.1, 0.1, 0.8]))
            values.append(float(np.exp(log_wealth(Units(own, np.ones(200)), np.zeros(1))[0, -1])))
        wrong += max(e_holm(values)) >= 20
    assert wrong / rounds <= 0.05


def test_the_best_survives_and_the_worst_does_not():
    rng, rounds, dropped, left = np.random.default_rng(2), 60, 0, []
    levels = np.array([0.6, 0.6, 0.4, 0.3])
    for _ in range(rounds):
        right = (rng.random((4, 400)) < levels[:, None]).astype(float)
        evidence = np.ones((4, 4))
        for i, j in itertools.permutations(range(4), 2):
            evidence[i, j] = np.exp(best_log_wealth(Units(right[i] - right[j], np.ones(400)), np.zeros(1))[0])
        kept = find_survivors(evidence, 0.05)
        dropped += not kept[0]
        left.append(kept.sum())
    assert dropped / rounds <= 0.1
    assert np.mean(left) < 2.5
    with pytest.raises(ValueError, match="square"):
        find_survivors(np.ones((2, 3)), 0.05)
    assert find_survivors(np.ones((1, 1)), 0.05).tolist() == [True]
