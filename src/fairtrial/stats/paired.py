"""The paired verdict on all items at once: one look, fixed sample size.

Compares two candidates on the items that both answered.  Knows arrays, a rule and nothing else; the sequential form,
for looking again and again, is in `fairtrial.stats.sequential`.

The difference is A's ratio of sums less B's.  Its influence values are added up by cluster (the delete-one-cluster
jackknife gives them), and bounded measures get the score interval of `fairtrial.stats.tango` on them, which for
independent right-or-wrong items is Tango's interval.  Unbounded measures get the jackknife t interval.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from fairtrial.stats.intervals import (
    Floats,
    Ints,
    Totals,
    check,
    check_bounds,
    codes_of,
    effective_number,
    jackknife_variance,
    t_quantile,
    totals,
    z_quantile,
)
from fairtrial.stats.permutation import mcnemar, sign_flip
from fairtrial.stats.tango import score_interval

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
            next to one another.  Only looks before the end depend on it.
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
        p_value: of "it makes no difference which candidate answered"; None where the interval is exact, or where
            looks were repeated and no such value holds.
        method: how interval and p-value were made, in words.
        items_used: items that both answered.
        clusters_used: clusters among them.
        flips_to_right: items that B has wrong and A right; None if the measure is not 0 or 1.
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
    ``target="benchmark"`` and all ``total`` items used, it is the exact difference, of no width.

    Raises:
        ValueError: no items, arrays of unequal length, values that are not finite or out of bounds.
    """
    checked(sample, rule)
    a, b = _totals(sample)
    used, difference = sample.a_values.size, a.ratio - b.ratio
    share = rule.sampled_share(used)
    flips = binary_flips(sample, rule.bounds)
    simple = flips is not None and plain(sample) and a.values.size == used
    if share >= 1:
        low, high, method, p_value = difference, difference, "all items of the benchmark: exact", None
    else:
        low, high, method = _interval(sample, a, b, rule, simple)
        p_value, test = sign_flip(a, b) if not simple or flips is None else (mcnemar(*flips), "exact McNemar test")
        method += f"; {test}"
    verdict = word(low, high, rule)
    return Comparison(
        verdict=verdict,
        difference=difference,
        low=low,
        high=high,
        confidence=rule.confidence,
        p_value=p_value,
        method=method,
        items_used=used,
        clusters_used=a.values.size,
        flips_to_right=None if flips is None else flips[0],
        flips_to_wrong=None if flips is None else flips[1],
        items_needed=more_items(difference, (high - low) / 2, used, rule) if verdict == "undecided" else None,
        not_inferior=_not_inferior(sample, rule),
    )


def _not_inferior(sample: PairedSample, rule: Rule) -> bool | None:
    """Return whether the one-sided interval excludes that A is behind by the margin or more."""
    if rule.higher_is_better is None:
        return None
    low, high = fixed_interval(sample, replace(rule, confidence=2 * rule.confidence - 1))
    return low > -rule.margin if rule.higher_is_better else high < rule.margin


def more_items(difference: float, half: float, used: int, rule: Rule) -> int | None:
    """Return about how many more items would make a fixed-sample interval exclude 0, or fit into the margin.

    The half width falls with the root of the number of items (and to 0 at the end of a finite benchmark); None if it
    is infinite, or neither end is in sight.
    """
    distance = max(abs(difference), rule.margin - abs(difference))
    if distance <= 0 or not np.isfinite(half):
        return None
    shrink = (half / distance) ** 2
    share = rule.sampled_share(used)
    number = used * shrink if share == 0 else used / (share + (1 - share) / shrink)
    return max(1, int(np.ceil(number - used)))


def fixed_interval(sample: PairedSample, rule: Rule) -> tuple[float, float]:
    """Return the interval of `compare` alone, without the p-value.  Raises as `compare`."""
    checked(sample, rule)
    a, b = _totals(sample)
    if rule.sampled_share(sample.a_values.size) >= 1:
        return a.ratio - b.ratio, a.ratio - b.ratio
    flips = binary_flips(sample, rule.bounds)
    simple = flips is not None and plain(sample) and a.values.size == sample.a_values.size
    return _interval(sample, a, b, rule, simple)[:2]


def _totals(sample: PairedSample) -> tuple[Totals, Totals]:
    codes = codes_of(sample.clusters)
    return totals(sample.a_values, sample.a_weights, codes), totals(sample.b_values, sample.b_weights, codes)


def word(low: float, high: float, rule: Rule) -> Word:
    """Return the verdict that an interval gives; see `Comparison.verdict`."""
    if -rule.margin <= low and high <= rule.margin:
        return "tied"
    if low <= 0 <= high:
        return "undecided"
    if rule.higher_is_better is None:
        return "different"
    return "better" if (low > 0) == rule.higher_is_better else "worse"


def checked(sample: PairedSample, rule: Rule) -> None:
    """Raise ValueError if the sample is empty or malformed or a value is out of the rule's bounds."""
    check(sample.a_values, sample.a_weights, sample.clusters)
    check(sample.b_values, sample.b_weights, sample.clusters)
    if rule.bounds is not None:
        check_bounds(np.concatenate([sample.a_values, sample.b_values]), rule.bounds)


def plain(sample: PairedSample) -> bool:
    """Return whether all weights are 1, so that the difference is a mean of differences."""
    return bool((sample.a_weights == 1).all() and (sample.b_weights == 1).all())


def binary_flips(sample: PairedSample, bounds: tuple[float, float] | None) -> tuple[int, int] | None:
    """Return (to the upper bound, to the lower bound) from B to A, or None if a value is neither bound."""
    if bounds is None or not np.isin(np.concatenate([sample.a_values, sample.b_values]), bounds).all():
        return None
    return int((sample.a_values > sample.b_values).sum()), int((sample.a_values < sample.b_values).sum())


def _interval(sample: PairedSample, a: Totals, b: Totals, rule: Rule, simple: bool) -> tuple[float, float, str]:
    seen = np.concatenate([sample.a_values, sample.b_values])
    lowest, highest = (float(seen.min()), float(seen.max())) if rule.bounds is None else rule.bounds
    reach = highest - lowest
    edge = float("inf") if rule.bounds is None else reach
    shares = (a.weights / a.weights.sum() + b.weights / b.weights.sum()) / 2
    count = shares.size
    degrees = effective_number(shares) - 1
    if a.lone or b.lone or degrees < 0.5:
        return -edge, edge, "one cluster cannot bound the difference"
    difference = a.ratio - b.ratio
    without_each = a.without_each() - b.without_each()
    stretch = 1 / (1 - rule.sampled_share(sample.a_values.size))
    if rule.bounds is None and (without_each != difference).any():
        half = t_quantile(rule.confidence, degrees) * (jackknife_variance(without_each, difference) / stretch) ** 0.5
        return difference - half, difference + half, "jackknife t interval" + _by(simple, count, sample)
    if reach == 0:
        return difference, difference, "values never vary"
    pseudo = count * difference - (count - 1) * without_each
    quantile = z_quantile(rule.confidence) if simple else t_quantile(rule.confidence, degrees)
    low, high = score_interval(pseudo, reach * float((shares**2).sum()) * count, quantile, stretch)
    centre = difference - float(pseudo.mean())
    low, high = max(-edge, low + centre), min(edge, high + centre)
    return low, high, ("Tango score interval" if simple else "score interval") + _by(simple, count, sample)


def _by(simple: bool, count: int, sample: PairedSample) -> str:
    return "" if simple or count == sample.a_values.size else f" over {count:,} clusters"
