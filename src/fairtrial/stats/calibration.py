"""How well stated or implied confidence fits how often answers are right: Brier score, calibration error, reliability.

Knows arrays and names of counts only.  Brier score: Brier 1950, doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2.
Expected calibration error: Naeini, Cooper and Hauskrecht 2015 (AAAI), of the chosen answer's confidence in 15 bins of
equal width as in Guo et al. 2017, arXiv 1706.04599.

The error of few answers is too high: chance alone moves every bin off its line, and every such move counts (Roelofs et
al. 2022, arXiv 2012.08668).  `bound_ece_bias` says by how much at most, so that an interval can reckon with it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.stats.arrays import Floats

BINS = 15
"""Bins of equal width from 0 to 1; each holds its upper end, the first one 0 as well."""

_COUNT, _SURE, _RIGHT = "count", "sure", "right"


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The answers whose confidence lies in one bin.

    Attributes:
        low, high: ends of the bin.
        count: answers in it; no bin without any is reported.
        confidence: their mean confidence.
        accuracy: the share of them that is right.
    """

    low: float
    high: float
    count: float
    confidence: float
    accuracy: float


def compute_softmax(logprobs: Sequence[float]) -> list[float]:
    """Return probabilities that add up to 1, from log-probabilities in nats of all there is to choose from.

    Choices of a log-probability of minus infinity get 0; if all are, all get the same.
    """
    top = max(logprobs)
    if top == -math.inf:
        return [1 / len(logprobs)] * len(logprobs)
    powers = [math.exp(one - top) for one in logprobs]
    return [power / sum(powers) for power in powers]


def compute_brier_score(probabilities: Sequence[float], right: int) -> float:
    """Return the sum of squared differences between probabilities and what is so, from 0 to 2."""
    return sum((chance - (place == right)) ** 2 for place, chance in enumerate(probabilities))


def count_confidence(confidence: float, right: bool) -> dict[str, float]:
    """Return what one answer contributes to the calibration error: named counts that are added up over answers.

    Raises ValueError for a confidence outside 0 to 1.
    """
    if not 0.0 <= confidence <= 1.0:
        raise ValueError(f"a confidence lies from 0 to 1, not at {confidence}")
    place = max(0, math.ceil(confidence * BINS - 1e-9) - 1)
    return {f"{_COUNT}:{place:02d}": 1.0, f"{_SURE}:{place:02d}": confidence, f"{_RIGHT}:{place:02d}": float(right)}


def compute_ece(names: Sequence[str], sums: Floats) -> Floats:
    """Return (R,) expected calibration errors, 0 to 1, of (R, P) sums of what `count_confidence` names.

    Sums without any answer that has a confidence give 0.
    """
    count, sure, right = _spread(names, sums)
    total = count.sum(axis=1)
    return _divide(np.abs(sure - right).sum(axis=1), total)


def bound_ece_bias(names: Sequence[str], sums: Floats) -> float:
    """Return the most by which the error of these answers can be expected to exceed that of very many.

    It is the error that chance would make of bins that all lie on their line, the worst case: a bin's gap is taken as
    normal, with the variance that clusters show, or that of coins as sure as the bin says if it is larger (one answer
    alone in its bin shows none).

    Args:
        names: (P,) names of the counts.
        sums: (G, P) sums over each cluster.
    """
    count, sure, right = _spread(names, sums)
    gaps = sure - right
    clusters, total = len(sums), float(count.sum())
    if clusters < 2 or not total:
        return 0.0
    inside = count.sum(axis=0)
    centred = gaps - count * _divide(gaps.sum(axis=0), inside)
    mean = _divide(sure.sum(axis=0), inside)
    variance = np.maximum(clusters / (clusters - 1) * (centred**2).sum(axis=0), inside * mean * (1 - mean))
    return float(math.sqrt(2 / math.pi) * np.sqrt(variance).sum() / total)


def tabulate_reliability(counts: Mapping[str, float]) -> list[ReliabilityBin]:
    """Return the bins of a reliability diagram that hold answers, by rising confidence, of counts added up."""
    names = tuple(counts)
    parts = _spread(names, np.array([[counts[name] for name in names]]))
    rows = enumerate(zip(*(part[0] for part in parts), strict=True))
    return [
        ReliabilityBin(at / BINS, (at + 1) / BINS, float(n), float(sure / n), float(right / n))
        for at, (n, sure, right) in rows
        if n > 0
    ]


def _spread(names: Sequence[str], sums: Floats) -> tuple[Floats, Floats, Floats]:
    """Return (R, BINS) answers, sums of confidence and right answers of each bin."""
    found = {what: np.zeros((len(sums), BINS)) for what in (_COUNT, _SURE, _RIGHT)}
    for column, name in enumerate(names):
        what, _, place = name.partition(":")
        if what in found and place.isdigit() and int(place) < BINS:
            found[what][:, int(place)] = sums[:, column]
    return found[_COUNT], found[_SURE], found[_RIGHT]


def _divide(above: Floats, below: Floats) -> Floats:
    return np.divide(above, below, out=np.zeros_like(above), where=below > 0)
