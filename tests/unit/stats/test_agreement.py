"""Agreement of two graders against figures of the literature."""

from __future__ import annotations

import numpy as np
import pytest

from fairtrial.stats.agreement import compute_kappa, estimate_kappa


def test_kappa_of_two_grades() -> None:
    # 20 and 15 agreed on, 5 and 10 not: observed 0.7, by chance 0.5
    a = np.repeat([1.0, 1.0, 0.0, 0.0], [20, 5, 10, 15])
    b = np.repeat([1.0, 0.0, 1.0, 0.0], [20, 5, 10, 15])
    assert compute_kappa(a, b) == pytest.approx(0.4)
    found = estimate_kappa(a, b, 0.95, np.random.default_rng(0))
    assert found is not None
    assert found.low == pytest.approx(0.4 - 1.96 * 0.13, abs=0.04)
    assert found.high == pytest.approx(0.4 + 1.96 * 0.13, abs=0.04)


def test_kappa_with_quadratic_weights_knows_near_from_far() -> None:
    a = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    near = compute_kappa(a, np.minimum(a + 1, 4))
    far = compute_kappa(a, a[::-1])
    assert near is not None and far is not None
    assert near > 0.6 > 0 > far


def test_kappa_that_is_not_defined() -> None:
    same = np.ones(5)
    assert compute_kappa(same, same) is None
    assert compute_kappa(np.array([]), np.array([])) is None
    assert estimate_kappa(same, same, 0.95, np.random.default_rng(0)) is None
