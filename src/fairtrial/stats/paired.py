"""The paired verdict on all items at once: one look, fixed sample size.

Compares two candidates on the items that both answered.  Knows arrays, a rule and nothing else; the sequential form,
for looking again and again, is in `fairtrial.stats.sequential`.

Bounded measures get the interval of `fairtrial.stats.gaffke` over units: single items, or whole clusters with their
sizes.  Its p-value comes from the same chances, so that the two never contradict each other; for independent items that
are right or wrong it is the exact McNemar test's.  Unbounded measures get the jackknife t interval, widened to hold 0
where the sign-flip test does not reject.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.gaffke import BoundedUnits, compute_limits, compute_p_below, compute_two_sided_p, gather_units
from fairtrial.stats.intervals import (
    ClusterTotals,
    check_arrays,
    check_bounds,
    compute_effective_size,
    encode_clusters,
    jackknife_variance,
    sum_by_cluster,
    t_quantile,
)
from fairtrial.stats.needed import estimate_more_items
from fairtrial.stats.permutation import mcnemar, sign_flip

Word = Literal["better", "worse", "tied", "undecided", "different"]


@dataclass(frozen=True, slots=True)
class PairedSample:
    """What two candidates scored on the same items; one row an item, repeats averaged, all arrays (n,).

    Attributes:
        a_values: values of A, the candidate in question.
        a_weights: its weights, at least 0 (all 1 for plain means).
        b_values: values of B, the baseline.
        b_weights: its weights.
        clusters: items with the same number share a passage, template or image.
    """

    a_values: Floats
    a_weights: Floats
    b_values: Floats
    b_weights: Floats
    clusters: Ints


@dataclass(frozen=True, slots=True)
class Rule:
    """How a pair is decided.

    Attributes:
        margin: differences inside +-margin are ties; in the measure's unit, and in logarithms for ``transform="exp"``.
        confidence: coverage of the interval, e.g. 0.95.
        target: ``population`` claims something about new items like these; ``benchmark`` about these ``total`` items
            only, so that the interval shrinks to a point when all of them were used.
        total: items in the benchmark; None if unknown or unlimited, and then both targets are the same.
        higher_is_better: direction; None where neither is better, and then a clear difference is ``different``.
        bounds: smallest and largest possible value of one item, or None.
        transform: ``identity`` or ``exp``.  With ``exp`` (perplexity) the comparison is of the ratios before the
            transform: a difference of 0.02 nats is a perplexity about 2% higher.
        noisy: asking again could give another value (sampled answers, timings); the whole benchmark then is still a
            sample, and ``benchmark`` is decided as ``population``.
        shuffled: what was put in random order: the ``items`` one by one, or whole ``clusters`` with the items of each
            next to one another.
        largest_cluster: number of items in the largest cluster there is; needed for ``shuffled="clusters"``.
    """

    margin: float = 0.02
    confidence: float = 0.95
    target: Literal["population", "benchmark"] = "population"
    total: int | None = None
    higher_is_better: bool | None = True
    bounds: tuple[float, float] | None = (0.0, 1.0)
    transform: Literal["identity", "exp"] = "identity"
    noisy: bool = False
    shuffled: Literal["items", "clusters"] = "items"
    largest_cluster: int = 1

    def sampled_share(self, used: int) -> float:
        """Return which share of all items that the claim is about has been used: 0 for an unlimited population."""
        if self.target != "benchmark" or self.total is None or self.noisy:
            return 0.0
        return min(1.0, used / self.total)


@dataclass(frozen=True, slots=True)
class Comparison:
    """A verdict on A against B, with its evidence.

    Attributes:
        verdict: ``tied`` if the interval lies inside +-margin, even where it excludes 0: a difference too small to
            matter is a tie; else ``better`` or ``worse`` if it excludes 0 (``different`` where the measure has no
            direction); else ``undecided``.
        difference: A - B.
        low: lower end of the interval; -inf if the data cannot bound it.
        high: upper end.
        confidence: coverage of the interval.
        p_value: of a true difference of 0 (of "it makes no difference which candidate answered", for a measure without
            bounds); at most 1 - confidence wherever the interval excludes 0.  None where the interval is exact, or
            where looks were repeated and no such value holds.
        method: how interval and p-value were made, in words.
        items_used: items that both answered.
        clusters_used: clusters among them.
        flips_to_right: items that B has wrong and A right; None if the measure is not 0 or 1, or has no direction.
        flips_to_wrong: items that B has right and A wrong.
        items_needed: about how many more items would settle an undecided question if things stay as they are; None
            if it is settled or cannot be said.
        e_value: evidence against "no difference" that may be looked at any number of times (1 = none); None for a
            fixed sample size.
        not_inferior: whether A is certainly behind B by no more than the margin: a question of its own with one side,
            at the same confidence, so it may hold where the verdict is undecided.  None for a measure without a
            direction, or where it cannot be said yet.
    """

    verdict: Word
    difference: float
    low: float
    high: float
    confidence: float
    p_value: float | None
    method: str
    items_used: int
    clusters_used: int
    flips_to_right: int | None = None
    flips_to_wrong: int | None = None
    items_needed: int | None = None
    e_value: float | None = None
    not_inferior: bool | None = None


def compare(sample: PairedSample, rule: Rule) -> Comparison:
    """Decide one pair by all its items.

    With one cluster only, the interval is the whole range that the bounds allow (or infinite).  With
    ``target="benchmark"`` and all ``total`` items used, it is the exact difference, of no width.  Raises ValueError:
    no items, arrays of unequal length, values that are not finite or out of bounds.
    """
    check_sample(sample, rule)
    a, b = _compute_totals(sample)
    used, difference, flips = sample.a_values.size, a.ratio - b.ratio, count_flips(sample, rule)
    judged = _judge(sample, rule)
    verdict = choose_verdict(judged.low, judged.high, rule)
    return Comparison(
        verdict=verdict,
        difference=difference,
        low=judged.low,
        high=judged.high,
        confidence=rule.confidence,
        p_value=judged.p_value,
        method=judged.method,
        items_used=used,
        clusters_used=a.values.size,
        flips_to_right=None if flips is None else flips[0],
        flips_to_wrong=None if flips is None else flips[1],
        items_needed=_estimate_needed(sample, difference, (judged.low, judged.high), rule)
        if verdict == "undecided"
        else None,
        not_inferior=_is_noninferior(sample, rule),
    )


def _is_noninferior(sample: PairedSample, rule: Rule) -> bool | None:
    """Return whether the one-sided interval excludes that A is behind by the margin or more."""
    if rule.higher_is_better is None:
        return None
    if rule.bounds is not None and rule.bounds[1] > rule.bounds[0] and rule.sampled_share(sample.a_values.size) == 0:
        a, b = _compute_totals(sample)
        if a.lone or b.lone:
            return rule.margin > rule.bounds[1] - rule.bounds[0]
        units, centre = _make_units(sample, a, b, rule)
        forward, centre = (units, centre) if rule.higher_is_better else (units.mirror(), -centre)
        return compute_p_below(forward, -rule.margin - centre) < 1 - rule.confidence
    low, high = compute_fixed_interval(sample, replace(rule, confidence=2 * rule.confidence - 1))
    return low > -rule.margin if rule.higher_is_better else high < rule.margin


def _estimate_needed(sample: PairedSample, difference: float, ends: tuple[float, float], rule: Rule) -> int | None:
    """Return about how many more items would settle a comparison that is undecided; see `estimate_more_items`."""
    low, high = _t_interval(sample, *_compute_totals(sample), rule.confidence)[:2] if rule.bounds is not None else ends
    spread = (high - low) / 2 if math.isfinite(high - low) else math.inf
    used = sample.a_values.size
    return estimate_more_items(difference, ends, used, (rule.margin, rule.sampled_share(used)), spread)


def compute_fixed_interval(sample: PairedSample, rule: Rule) -> tuple[float, float]:
    """Return the interval of `compare` alone.  Raises as `compare`."""
    check_sample(sample, rule)
    judged = _judge(sample, rule, tested=False)
    return judged.low, judged.high


def t_interval(sample: PairedSample, confidence: float) -> tuple[float, float]:
    """Return the jackknife t interval of the difference, for any values; infinite for too few clusters."""
    return _t_interval(sample, *_compute_totals(sample), confidence)[:2]


def find_least_clusters(confidence: float) -> int:
    """Return the least number of clusters (or independent items) with which "better" or "worse" can be certain.

    With fewer, chance alone makes all clusters point one way more often than 1 - confidence allows.

    >>> find_least_clusters(0.95)
    6
    """
    return int(np.ceil(np.log2(2 / (1 - confidence)) - 1e-9))


def find_least_for_tie(margin: float, reach: float, confidence: float) -> int | None:
    """Return with how many clusters of a size, all without a difference, a bounded measure can be certainly tied.

    None if no number suffices, because there is no margin.

    >>> find_least_for_tie(0.02, 1.0, 0.95)
    183
    """
    if margin <= 0:
        return None
    share = min(1.0, margin / reach)
    return 1 if share == 1 else int(np.ceil(np.log((1 - confidence) / 2) / np.log(1 - share) - 1e-9))


def _compute_totals(sample: PairedSample) -> tuple[ClusterTotals, ClusterTotals]:
    codes = encode_clusters(sample.clusters)
    return sum_by_cluster(sample.a_values, sample.a_weights, codes), sum_by_cluster(
        sample.b_values, sample.b_weights, codes
    )


def choose_verdict(low: float, high: float, rule: Rule) -> Word:
    """Return the verdict that an interval gives; see `Comparison.verdict`."""
    if -rule.margin <= low and high <= rule.margin:
        return "tied"
    if low <= 0 <= high:
        return "undecided"
    if rule.higher_is_better is None:
        return "different"
    return "better" if (low > 0) == rule.higher_is_better else "worse"


def check_sample(sample: PairedSample, rule: Rule) -> None:
    """Raise ValueError if the sample is empty or malformed or a value is out of the rule's bounds."""
    check_arrays(sample.a_values, sample.a_weights, sample.clusters)
    check_arrays(sample.b_values, sample.b_weights, sample.clusters)
    if rule.bounds is not None:
        check_bounds(np.concatenate([sample.a_values, sample.b_values]), rule.bounds)


def has_unit_weights(sample: PairedSample) -> bool:
    """Return whether all weights are 1, so that the difference is a mean of differences."""
    return bool((sample.a_weights == 1).all() and (sample.b_weights == 1).all())


def count_flips(sample: PairedSample, rule: Rule) -> tuple[int, int] | None:
    """Return (to the better bound, to the worse one) from B to A; None if a value is neither, or neither is better."""
    values = np.concatenate([sample.a_values, sample.b_values])
    if rule.bounds is None or rule.higher_is_better is None or not np.isin(values, rule.bounds).all():
        return None
    up, down = int((sample.a_values > sample.b_values).sum()), int((sample.a_values < sample.b_values).sum())
    return (up, down) if rule.higher_is_better else (down, up)


@dataclass(frozen=True, slots=True)
class _Judgement:
    """An interval with the p-value that belongs to it, and how both were made."""

    low: float
    high: float
    p_value: float | None
    method: str


def _judge(sample: PairedSample, rule: Rule, tested: bool = True) -> _Judgement:
    """Return the interval; with ``tested`` its p-value, too, which else is left out where it costs much."""
    a, b = _compute_totals(sample)
    difference, share = a.ratio - b.ratio, rule.sampled_share(sample.a_values.size)
    if share >= 1:
        return _Judgement(difference, difference, None, "all items of the benchmark: exact")
    if rule.bounds is None:
        return _judge_unbounded(sample, (a, b), rule, share, tested)
    reach = rule.bounds[1] - rule.bounds[0]
    if reach <= 0:
        return _Judgement(difference, difference, 1.0, "values never vary")
    if a.lone or b.lone:
        return _Judgement(-reach, reach, 1.0, "one cluster cannot bound the difference")
    units, centre = _make_units(sample, a, b, rule)
    low, high = (end + centre for end in compute_limits(units, rule.confidence))
    method = "Gaffke interval" + _describe_units(units, sample)
    flips = count_flips(sample, rule) if share == 0 and _is_independent(sample, rule, a) else None
    if flips is None:
        p_value = compute_two_sided_p(units, -centre)
    else:  # the same, in closed form
        p_value, method = mcnemar(*flips), method + "; exact McNemar test"
    if share > 0 and has_unit_weights(sample):
        # what is still unseen can move the difference only so far
        room = ((1 - share) + 1e-12) * reach  # a sum that could come to 0 must not miss it by rounding
        low, high = max(low, share * difference - room), min(high, share * difference + room)
        p_value = p_value if abs(share * difference) <= room else 0.0
    return _Judgement(max(-reach, low), min(reach, high), p_value, method)


def _is_independent(sample: PairedSample, rule: Rule, a: ClusterTotals) -> bool:
    """Return whether each item is a unit of its own: no two share a cluster, or they are drawn from a finite list."""
    if not has_unit_weights(sample):
        return False
    if rule.shuffled == "clusters" and rule.largest_cluster > 1:
        return False
    drawn = rule.sampled_share(1) > 0
    return drawn or a.values.size == sample.a_values.size


def _make_units(sample: PairedSample, a: ClusterTotals, b: ClusterTotals, rule: Rule) -> tuple[BoundedUnits, float]:
    """Return what the interval is made of, and how far the difference is from its mean.

    Items of equal weight for both candidates are added up by cluster, with their weights as sizes.  Where weights
    differ, the delete-one-cluster jackknife writes the difference as a mean of pseudo-values.
    """
    bounds = rule.bounds if rule.bounds is not None else (0.0, 0.0)
    reach = bounds[1] - bounds[0]
    if _is_independent(sample, rule, a):
        differences = sample.a_values - sample.b_values
        stretch = _compute_stretch(rule, differences.size, differences.size)
        return gather_units(differences, np.ones(differences.size), (-reach, reach), stretch=stretch), 0.0
    stretch = _compute_stretch(rule, sample.a_values.size, a.values.size)
    if (sample.a_weights == sample.b_weights).all():
        used = a.weights > 0
        largest = float(rule.largest_cluster) if has_unit_weights(sample) and rule.shuffled == "clusters" else 0.0
        sums = (a.values - b.values)[used]
        return gather_units(sums, a.weights[used], (-reach, reach), largest, stretch), 0.0
    count, difference = a.values.size, a.ratio - b.ratio
    shares = (a.weights / a.weights.sum() + b.weights / b.weights.sum()) / 2
    pseudo = count * difference - (count - 1) * (a.without_each() - b.without_each())
    edge = max(reach * float((shares**2).sum()) * count, float(np.abs(pseudo).max()))
    return gather_units(pseudo, np.ones(count), (-edge, edge), stretch=stretch), difference - float(pseudo.mean())


def _compute_stretch(rule: Rule, items: int, units: int) -> float:
    """Return how much less a mean of units varies because they are drawn without replacement from a finite list.

    A little less than the variance alone would say, so that coverage holds for small lists, too (see bench).
    """
    share = rule.sampled_share(items)
    every = units / share if share > 0 else np.inf
    return max(1.0, every / (every - units + 2)) if np.isfinite(every) else 1.0


def _describe_units(units: BoundedUnits, sample: PairedSample) -> str:
    number = int(units.counts.sum())
    return "" if number == sample.a_values.size else f" over {number:,} clusters"


def _judge_unbounded(
    sample: PairedSample, both: tuple[ClusterTotals, ClusterTotals], rule: Rule, share: float, tested: bool
) -> _Judgement:
    """Return the t interval, widened to hold 0 where the sign-flip test does not reject."""
    a, b = both
    low, high, method = _t_interval(sample, a, b, rule.confidence, share)
    if not tested and low <= 0 <= high:
        return _Judgement(low, high, None, method)
    p_value, test = sign_flip(a, b)
    method += f"; {test}"
    if p_value > 1 - rule.confidence and not low <= 0 <= high:
        low, high, method = min(low, 0.0), max(high, 0.0), method + ", which does not reject: widened to hold 0"
    return _Judgement(low, high, p_value, method)


def _t_interval(
    sample: PairedSample, a: ClusterTotals, b: ClusterTotals, confidence: float, share: float = 0.0
) -> tuple[float, float, str]:
    shares = (a.weights / a.weights.sum() + b.weights / b.weights.sum()) / 2
    degrees, least, count = compute_effective_size(shares) - 1, find_least_clusters(confidence), shares.size
    if a.lone or b.lone or degrees < 0.5:
        return -np.inf, np.inf, "one cluster cannot bound the difference"
    if count < least:
        return -np.inf, np.inf, f"fewer than {least} clusters cannot bound the difference"
    difference, over = a.ratio - b.ratio, "" if count == sample.a_values.size else f" over {count:,} clusters"
    variance = jackknife_variance(a.without_each() - b.without_each(), difference) * (1 - share)
    if variance > 0:
        half = t_quantile(confidence, degrees) * variance**0.5
        return difference - half, difference + half, "jackknife t interval" + over
    # no difference varies: another one may still be as large as values are seen to be apart
    reach = float(np.ptp(np.concatenate([sample.a_values, sample.b_values])))
    if reach == 0:
        return difference, difference, "values never vary"
    low, high = compute_limits(gather_units(np.zeros(count), np.ones(count), (-reach, reach)), confidence)
    return difference + low, difference + high, "Gaffke interval for the range of values seen" + over
