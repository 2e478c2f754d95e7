"""Divergence of next-token distributions, against the textbook's formula in plain float64."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import rel_entr, softmax

from fairtrial.stats.divergence import BLOCK, compute_divergence, compute_surprisal, log_softmax


def logits(seed: int, rows: int, size: int, spread: float = 3.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, spread, (rows, size)).astype(np.float32)


@given(st.integers(0, 999), st.integers(1, 2 * BLOCK + 3), st.integers(2, 50))
def test_divergence_is_what_the_formula_says(seed: int, rows: int, size: int) -> None:
    own, other = logits(seed, rows, size), logits(seed + 1000, rows, size)
    found = compute_divergence(own, other)
    p, q = (softmax(x.astype(np.float64), axis=1) for x in (own, other))
    assert found.kl == pytest.approx(rel_entr(p, q).sum(axis=1), rel=1e-9, abs=1e-12)
    assert (found.same_top == (own.argmax(axis=1) == other.argmax(axis=1))).all()


def test_the_same_distribution_is_at_no_distance_whatever_is_added_to_its_logits() -> None:
    own = logits(1, 70, 30)
    found = compute_divergence(own, own + np.linspace(-50, 50, 70, dtype=np.float32)[:, None])
    assert found.kl == pytest.approx(np.zeros(70), abs=1e-5)
    assert (found.kl >= 0).all()
    assert found.same_top.all()


def test_distributions_far_apart_stay_finite() -> None:
    own, other = np.full((1, 4), -1e4, np.float32), np.full((1, 4), -1e4, np.float32)
    own[0, 0], other[0, 1] = 0, 0
    assert compute_divergence(own, other).kl[0] == pytest.approx(1e4)


def test_surprise_is_minus_the_log_probability() -> None:
    rows = logits(5, 2 * BLOCK + 1, 20)
    tokens = np.arange(len(rows)) % 20
    assert compute_surprisal(rows, tokens) == pytest.approx(-log_softmax(rows)[np.arange(len(rows)), tokens])


def test_different_vocabularies_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        compute_divergence(logits(1, 3, 4), logits(1, 3, 5))
