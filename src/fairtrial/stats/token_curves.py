"""What a token buys: values as a function of tokens, from a few measured points.

A curve is a broken line through its points over the logarithm of tokens, level before the first and after the last
point: whoever is done does not get better by being allowed more.  Tokens below 1 count as 1, so that an answer chosen
without writing has a place on the logarithm.  How sure a quantity is comes from drawing clusters of items anew, with
replacement, the same ones for every curve and point (Efron 1979, doi:10.1214/aos/1176344552; Field and Welsh 2007,
doi:10.1111/j.1467-9868.2007.00593.x).

Two curves are compared by the area between common limits, divided by the width: the mean value over the logarithm of
tokens.  Given where the points stand, that is a weighted mean of the points' values, so every item has an area of its
own, within the measure's bounds, and items are compared as in `fairtrial.stats.paired`.  That the places of the points
are measured, too, is in the draws: the interval reaches as far as either of the two does.

Knows arrays; nothing of models.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.families import compute_shared_level, count_excluded
from fairtrial.stats.intervals import encode_clusters, t_quantile
from fairtrial.stats.paired import PairedSample, Rule, compute_fixed_interval

FEWEST = 1.0
"""Tokens below this count as so many."""


@dataclass(frozen=True, slots=True)
class CurveSample:
    """What a system did on n items at k lengths; all (k, n), or (n,).

    Attributes:
        values: of the measure.
        tokens: generated.
        clusters: (n,) items with the same number share a passage, template or image.
    """

    values: Floats
    tokens: Floats
    clusters: Ints

    def select(self, kept: NDArray[np.bool_] | Ints) -> CurveSample:
        """Return some of the items."""
        return CurveSample(self.values[:, kept], self.tokens[:, kept], self.clusters[kept])


@dataclass(frozen=True, slots=True)
class TokenCurve:
    """Points of a curve; arrays of (..., k).

    Attributes:
        tokens: mean tokens of each, at least `FEWEST`.
        values: mean values.
    """

    tokens: Floats
    values: Floats

    def sort(self) -> TokenCurve:
        """Return the points by their tokens."""
        order = np.argsort(self.tokens, axis=-1, kind="stable")
        return TokenCurve(*(np.take_along_axis(one, order, axis=-1) for one in (self.tokens, self.values)))


def compute_curve(sample: CurveSample, counts: Floats | None = None) -> TokenCurve:
    """Return the points as they are, or those of every draw: (draws, k), in the order of the sample.

    Args:
        sample: the items.
        counts: (draws, clusters) how often each cluster is drawn, by `encode_clusters`.
    """
    codes = encode_clusters(sample.clusters)
    sizes = np.bincount(codes).astype(np.float64)
    weights = np.ones((1, sizes.size)) if counts is None else counts
    below = (weights @ sizes)[:, None]
    means = [
        weights @ np.array([np.bincount(codes, row, sizes.size) for row in rows]).T / below
        for rows in (sample.tokens, sample.values)
    ]
    tokens, values = (found[0] if counts is None else found for found in means)
    return TokenCurve(np.maximum(tokens, FEWEST), values)


def find_limits(*curves: TokenCurve) -> tuple[float, float] | None:
    """Return the limits that curves are compared between: from where all have begun to where the longest ends.

    None if there is nothing in between.
    """
    low = max(float(curve.tokens.min()) for curve in curves)
    high = max(float(curve.tokens.max()) for curve in curves)
    return (low, high) if high > low * (1 + 1e-9) else None


def compute_area_weights(tokens: Floats, limits: tuple[float, float]) -> Floats:
    """Return (k,) the weight of each point in the area: at least 0, 1 in all.

    Args:
        tokens: (k,) of the points, in any order; of several at one place the weight is shared.
        limits: in tokens, the lower first.

    >>> compute_area_weights(np.array([1.0, 100.0]), (1.0, 10_000.0)).tolist()
    [0.25, 0.75]
    """
    at, inverse, many = np.unique(np.log(tokens), return_inverse=True, return_counts=True)
    low, high = np.log(np.maximum(limits, FEWEST))
    knots = np.concatenate([[low], at[(at > low) & (at < high)], [high]])
    share = np.array([np.trapezoid(np.interp(knots, at, row), knots) for row in np.eye(at.size)]) / (high - low)
    found: Floats = share[inverse] / many[inverse]
    return found


def compute_area(curve: TokenCurve, limits: tuple[float, float]) -> Floats:
    """Return the mean value over the logarithm of tokens; one number, or (draws,)."""
    ordered = curve.sort()
    at = np.log(ordered.tokens)
    together = (at[..., :, None] == at[..., None, :]).astype(np.float64)  # points at one place count by their mean
    values = (together @ ordered.values[..., None])[..., 0] / together.sum(axis=-1)
    low, high = np.log(np.maximum(limits, FEWEST))
    before = np.maximum(np.minimum(at[..., 0], high) - low, 0) * values[..., 0]
    after = np.maximum(high - np.maximum(at[..., -1], low), 0) * values[..., -1]
    begin, end = np.clip(at[..., :-1], low, high), np.clip(at[..., 1:], low, high)
    width = np.diff(at, axis=-1)
    slope = np.divide(np.diff(values, axis=-1), width, out=np.zeros_like(width), where=width > 0)
    middle = values[..., :-1] + slope * ((begin + end) / 2 - at[..., :-1])
    return np.asarray((before + after + ((end - begin) * middle).sum(axis=-1)) / (high - low))


def find_tokens_needed(curve: TokenCurve, value: float) -> Floats:
    """Return the fewest tokens at which a curve reaches a value: one number, or (draws,); infinite if it never does."""
    ordered = curve.sort()
    tokens, values = np.atleast_2d(ordered.tokens), np.atleast_2d(ordered.values)
    found = np.full(tokens.shape[0], np.inf)
    for row, (at, had) in enumerate(zip(np.log(tokens), values, strict=True)):
        reached = np.flatnonzero(had >= value - 1e-12)
        if not reached.size:
            continue
        first = reached[0]
        if first == 0 or had[first] == had[first - 1]:
            found[row] = tokens[row, first]
            continue
        part = (value - had[first - 1]) / (had[first] - had[first - 1])
        found[row] = np.exp(at[first - 1] + part * (at[first] - at[first - 1]))
    return found[0] if curve.tokens.ndim == 1 else found


def compute_gains(curve: TokenCurve, per: float = 100.0) -> Floats:
    """Return (..., k - 1) what so many more tokens bring between neighbours, in the order given; NaN without more."""
    more, gained = np.diff(curve.tokens, axis=-1), np.diff(curve.values, axis=-1)
    found: Floats = np.divide(per * gained, more, out=np.full_like(gained, np.nan), where=np.abs(more) > 1e-9)
    return found + 0.0  # no -0.0


@dataclass(frozen=True, slots=True)
class AreaQuestion:
    """Two curves on the same n items, to be compared by their areas.

    Attributes:
        a, b: the items of both, in the same order; ``b``'s clusters count.
        limits: in tokens.
        rule: margin, confidence and bounds.
        draws: (draws, clusters) how often each cluster is drawn.
    """

    a: CurveSample
    b: CurveSample
    limits: tuple[float, float]
    rule: Rule
    draws: Floats


@dataclass(frozen=True, slots=True)
class AreaDifference:
    """What comparing two areas came to.

    Attributes:
        difference: A's area less B's.
        low, high: its interval.
        areas: A's and B's.
        clusters: that the items are in.
        claim: of "A's is smaller": ``supported`` if certainly so and not within the margin, ``refuted`` if it is
            certainly behind by no more than the margin, else ``undecided``.
    """

    difference: float
    low: float
    high: float
    areas: tuple[float, float]
    clusters: int
    claim: str


def draw_clusters(clusters: Ints, draws: int, rng: np.random.Generator) -> Floats:
    """Return (draws, clusters) how often each cluster of (n,) items is drawn."""
    size = int(encode_clusters(clusters).max()) + 1
    return rng.multinomial(size, np.full(size, 1 / size), size=draws).astype(np.float64)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A question with what does not depend on the confidence: its items' areas, and the spread of the draws."""

    sample: PairedSample
    spread: float
    clusters: int


def _prepare(question: AreaQuestion) -> _Prepared:
    both = (question.a, question.b)
    weights = [compute_area_weights(compute_curve(sample).tokens, question.limits) for sample in both]
    one, other = (row @ sample.values for row, sample in zip(weights, both, strict=True))
    drawn = [compute_area(compute_curve(sample, question.draws), question.limits) for sample in both]
    count, ones = question.draws.shape[1], np.ones(one.size)
    spread = float((drawn[0] - drawn[1]).std(ddof=1)) * (count / max(1, count - 1)) ** 0.5
    unseen = 1 - question.rule.sampled_share(one.size)
    return _Prepared(PairedSample(one, ones, other, ones, question.b.clusters), spread * max(0.0, unseen) ** 0.5, count)


def compare_areas(question: AreaQuestion) -> AreaDifference:
    """Return the verdict on one pair of curves.

    The interval is the union of two: that of the items' own areas by `fairtrial.stats.paired`, which holds for few and
    rare ones but takes the places of the points as known; and Student's around the difference with the spread of the
    draws, in which the places vary, too.
    """
    return _decide(_prepare(question), question.rule)


def _decide(prepared: _Prepared, rule: Rule) -> AreaDifference:
    sample, count = prepared.sample, prepared.clusters
    difference = float((sample.a_values - sample.b_values).mean())
    low, high = compute_fixed_interval(sample, rule)
    half = t_quantile(rule.confidence, count - 1) * prepared.spread if count > 1 else np.inf
    low, high = min(low, difference - half), max(high, difference + half)
    if rule.bounds is not None:
        reach = rule.bounds[1] - rule.bounds[0]
        low, high = max(low, -reach), min(high, reach)
    areas = (float(sample.a_values.mean()), float(sample.b_values.mean()))
    return AreaDifference(difference, low, high, areas, count, tell_claim(low, high, rule.margin))


def tell_claim(low: float, high: float, margin: float) -> str:
    """Return what an interval of A - B says of the claim that A is behind B."""
    if low > -margin or (low == -margin and margin > 0):
        return "refuted"
    return "supported" if high < 0 else "undecided"


def compare_many(questions: list[AreaQuestion], alpha: float) -> list[tuple[AreaDifference, AreaDifference]]:
    """Return each question by itself, and as it stands among all of them.

    Some claim of the family is false with a chance of at most ``alpha``, whatever depends on what; see
    `fairtrial.stats.families.compute_shared_level`.
    """
    many, prepared = len(questions), [_prepare(question) for question in questions]

    def decide(at: int, level: float) -> AreaDifference:
        return _decide(prepared[at], replace(questions[at].rule, confidence=1 - level))

    def excludes(at: int, excluded: int) -> bool:
        found = decide(at, compute_shared_level(many, excluded, alpha))
        return found.low > 0 or found.high < 0

    if not many:
        return []
    level = compute_shared_level(many, count_excluded(many, excludes), alpha)
    return [(decide(at, alpha), decide(at, level)) for at in range(many)]
