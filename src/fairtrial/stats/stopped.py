"""A measure without bounds (seconds, nats), which cannot be looked at before the end, judged once, when others end it.

An interval for a fixed number of items would be too sure: the asking ended when, say, right answers happened to be
many, and if slow answers are right more often, they were then many, too.  So the difference is split.  What the
measures that ended the asking explain, linearly, is bounded by their own intervals, which hold at any look; what they
leave unexplained did not end the asking, and gets the interval of a fixed sample.  Most of what may go wrong, `SHARE`,
goes to the second.  Knows arrays only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from fairtrial.stats.arrays import Floats
from fairtrial.stats.paired import Comparison, PairedSample, Rule, check_sample, choose_verdict, t_interval

SHARE = 0.8
"""Share of 1 - confidence for the unexplained part; the rest is divided among the measures that ended the asking."""


@dataclass(frozen=True, slots=True)
class EndingMeasure:
    """A measure that had a say in when the asking ended.

    Attributes:
        differences: (n,) A - B on the items of the sample.
        low: lower end of an interval of its mean for new items that holds at any look, at `get_ending_confidence`.
        high: upper end.
    """

    differences: Floats
    low: float
    high: float


def get_ending_confidence(confidence: float, endings: int) -> float:
    """Return the confidence of the intervals of each of so many measures that ended the asking."""
    return 1 - (1 - SHARE) * (1 - confidence) / endings


def compare_stopped(sample: PairedSample, rule: Rule, endings: Sequence[EndingMeasure]) -> Comparison:
    """Decide a pair, once, by the items that were asked until the ``endings``, at least one, were all settled.

    There is no p-value.  Raises ValueError for what `fairtrial.stats.paired.compare` does.
    """
    check_sample(sample, rule)
    counted = sample.a_weights > 0
    x = np.stack([ending.differences for ending in endings], axis=1)
    centre = x[counted].mean(axis=0) if counted.any() else np.zeros(len(endings))
    deviations = np.where(counted[:, None], x - centre, 0.0)
    slopes = np.linalg.lstsq(deviations, _compute_influence(sample), rcond=None)[0]
    scale = sample.a_weights.mean() / np.where(counted, sample.a_weights, 1.0)
    left = replace(sample, a_values=sample.a_values - deviations @ slopes * scale)
    confidence = 1 - SHARE * (1 - rule.confidence)
    low, high = t_interval(left, confidence)
    for slope, middle, ending in zip(slopes, centre, endings, strict=True):
        moved = sorted((float(slope * (ending.low - middle)), float(slope * (ending.high - middle))))
        low, high = low + moved[0], high + moved[1]
    means = [(w * v).sum() / w.sum() for v, w in _split_sides(sample)]
    return Comparison(
        verdict=choose_verdict(low, high, rule),
        difference=float(means[0] - means[1]),
        low=low,
        high=high,
        confidence=rule.confidence,
        p_value=None,
        method="jackknife t interval, once, allowing for the measures that ended the asking",
        items_used=sample.a_values.size,
        clusters_used=int(np.unique(sample.clusters).size),
    )


def _split_sides(sample: PairedSample) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
    return (sample.a_values, sample.a_weights), (sample.b_values, sample.b_weights)


def _compute_influence(sample: PairedSample) -> Floats:
    """Return (n,) how much each item moves A - B, times n; for weights of 1 its difference less the mean."""
    total: Floats = np.zeros(sample.a_values.size)
    for (values, weights), sign in zip(_split_sides(sample), (1.0, -1.0), strict=True):
        mean = (weights * values).sum() / weights.sum()
        total += sign * weights * (values - mean) / weights.mean()
    return total
