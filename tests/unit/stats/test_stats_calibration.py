"""Calibration: published definitions computed another way, and an interval that covers although few answers mislead."""

from __future__ import annotations

import math

import numpy as np
import pytest

from fairtrial.stats.calibration import (
    BINS,
    compute_brier_score,
    compute_softmax,
    count_confidence,
    tabulate_reliability,
)
from fairtrial.stats.corpus import Counts, compare_corpora, estimate_corpus

NAMES = tuple(f"{what}:{place:02d}" for what in ("count", "sure", "right") for place in range(BINS))


def gather(confidence: np.ndarray, right: np.ndarray, clusters: np.ndarray | None = None) -> Counts:
    rows = [count_confidence(float(c), bool(r)) for c, r in zip(confidence, right, strict=True)]
    values = np.array([[row.get(name, 0.0) for name in NAMES] for row in rows])
    return Counts(NAMES, values, np.arange(len(rows)) if clusters is None else clusters)


def compute_by_definition(confidence: np.ndarray, right: np.ndarray) -> float:
    """Guo et al. 2017, equation 3, with bins (m - 1, m] / 15."""
    found = 0.0
    for m in range(1, 16):
        inside = (confidence > (m - 1) / 15) & (confidence <= m / 15)
        if inside.any():
            found += inside.mean() * abs(right[inside].mean() - confidence[inside].mean())
    return found


@pytest.mark.parametrize("size", [1, 5, 80, 900])
def test_the_error_is_that_of_the_definition(size: int) -> None:
    draw = np.random.default_rng(size)
    confidence, right = draw.beta(4, 1.5, size), (draw.random(size) < 0.6).astype(float)
    found = estimate_corpus("ece", gather(confidence, right), 0.95)
    assert found.mean == pytest.approx(compute_by_definition(confidence, right), abs=1e-12)


def test_a_bin_holds_its_upper_end() -> None:
    places = [next(iter(count_confidence(c, True))) for c in (0.0, 1 / 15, 2 / 15, 0.2, 1.0)]
    assert places == ["count:00", "count:00", "count:01", "count:02", "count:14"]
    with pytest.raises(ValueError, match="from 0 to 1"):
        count_confidence(1.01, True)


def test_the_brier_score_and_probabilities() -> None:
    assert compute_softmax([0.0, 0.0]) == [0.5, 0.5]
    assert compute_softmax([-math.inf, -1000.0]) == [0.0, 1.0]
    assert compute_softmax([-math.inf] * 4) == [0.25] * 4
    assert compute_brier_score([0.7, 0.2, 0.1], 0) == pytest.approx(0.09 + 0.04 + 0.01)
    assert compute_brier_score([0.0, 1.0], 0) == 2.0


def test_the_diagram_has_only_bins_with_answers() -> None:
    counts: dict[str, float] = {}
    for confidence, right in ((0.95, True), (0.97, False), (0.4, True)):
        for name, n in count_confidence(confidence, right).items():
            counts[name] = counts.get(name, 0.0) + n
    low, high = tabulate_reliability(counts)
    assert (low.count, low.confidence, low.accuracy) == (1, pytest.approx(0.4), 1.0)
    assert (high.count, high.confidence, high.accuracy) == (2, pytest.approx(0.96), 0.5)
    assert (high.low, high.high) == (pytest.approx(14 / 15), 1.0)


@pytest.mark.parametrize(("offset", "truth"), [(0.0, 0.0), (0.25, 0.25)], ids=["calibrated", "too sure"])
@pytest.mark.parametrize("size", [60, 240])
def test_the_interval_covers(offset: float, truth: float, size: int) -> None:
    """Also where the model is calibrated, and the error of few answers is all chance."""
    draw, covered, means = np.random.default_rng(3), 0, []
    for _ in range(60):
        confidence = draw.uniform(0.4, 1.0, size)
        right = (draw.random(size) < confidence - offset).astype(float)
        found = estimate_corpus("ece", gather(confidence, right), 0.95)
        covered += found.low <= truth <= found.high
        means.append(found.mean)
    assert covered >= 56
    assert np.mean(means) > truth - 0.01


def test_the_difference_of_two_leaves_room_for_both() -> None:
    draw = np.random.default_rng(4)
    confidence = draw.uniform(0.4, 1.0, 200)
    one, other = (gather(confidence, (draw.random(200) < confidence).astype(float)) for _ in range(2))
    found = compare_corpora("ece", one, other, 0.95)
    assert found.low < 0 < found.high
    sure = gather(np.full(200, 0.99), np.zeros(200) + (np.arange(200) < 40))
    assert compare_corpora("ece", sure, one, 0.95).low > 0.5


def test_the_interval_ends_where_the_error_does() -> None:
    draw = np.random.default_rng(5)
    found = estimate_corpus("ece", gather(draw.random(30), np.ones(30)), 0.95)
    assert 0.0 <= found.low <= found.mean <= found.high <= 1.0
