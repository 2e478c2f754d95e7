"""The paired verdict at any look: valid however often, and for whatever reason, one looks and stops.

`decide` is a function of the items in their order alone.  Its interval is the running intersection of confidence sets
by betting (`fairtrial.stats.betting`): all looks together miss the true difference with probability at most
1 - confidence.  So whoever stops at the first look that settles a question is wrong no more often than that.

What is bet on:

- ``target="benchmark"``, items shuffled: each item, without replacement.  Clusters do not matter: the items are a
  random sample of a fixed list.
- ``target="population"``, items shuffled: each item if no two share a cluster; else the first item seen of each
  cluster, which is valid where the size of a cluster says nothing about the difference.
- clusters shuffled: the sums of whole clusters, with their sizes; the claim is about the mean over items.

Bounded means only (all weights 1).  For other measures there is no look before the end: `decide` says so.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.betting import Hints, Units, best_log_wealth, compute_limits, log_wealth
from fairtrial.stats.needed import estimate_more_items
from fairtrial.stats.paired import (
    Comparison,
    PairedSample,
    Rule,
    check_sample,
    choose_verdict,
    compare,
    count_flips,
    has_unit_weights,
)

_MIXTURE_COST = 0.8
"""About what not knowing the best bet costs, in nats (measured); only `estimate_items_needed` uses it."""


@dataclass(frozen=True, slots=True)
class IntervalPath:
    """How an interval shrank; arrays (L,), one entry a look.

    Attributes:
        n: items seen.
        low: lower end of the running intersection.
        high: upper end.
    """

    n: Ints
    low: Floats
    high: Floats


def decide(
    sample: PairedSample, rule: Rule, *, last: bool = False, hints: tuple[Floats, Floats] | None = None
) -> Comparison:
    """Return the anytime-valid comparison for the items seen so far.

    Args:
        sample: the items in the random order in which they were asked.
        rule: what is claimed, and by what margin and confidence.
        last: these are all items there will ever be, and nothing about this measure ended the asking.  Only then are
            measures decided that have no sequential form, by `fairtrial.stats.paired.compare`.
        hints: (n,) or (n, P) guesses about these items, and (total,) or (total, P) the same for every item of the
            benchmark, all known before A or B (or both) was asked, and chosen without regard to the order of asking:
            the baseline's own answers, the mean of others'.  Used for ``target="benchmark"`` with items shuffled, to
            save items; any hints are valid, bad ones only useless.

    ``p_value`` is valid at any look, too (one over the largest evidence so far); ``e_value`` is the evidence now.

    Raises:
        ValueError: no items; malformed arrays; values out of bounds; a cluster larger than ``rule.largest_cluster``.
    """
    check_sample(sample, rule)
    if last and rule.sampled_share(sample.a_values.size) >= 1:
        return compare(sample, rule)
    if rule.bounds is None or not has_unit_weights(sample):
        return compare(sample, rule) if last else _make_undecided(sample, rule)
    reach = rule.bounds[1] - rule.bounds[0]
    if reach <= 0:
        return compare(sample, rule)
    differences = sample.a_values - sample.b_values
    units, how = arrange_units(np.clip(differences / reach, -1, 1), sample.clusters, rule)
    if hints is not None and units.whole is not None and "cluster" not in how:
        units, how = replace(units, hints=_scale_hints(hints, reach, rule)), how + ", helped by earlier answers"
    low, high = (reach * end for end in compute_limits(units, rule.confidence))
    difference = float(differences.mean())
    zero = np.zeros(1)
    up, down = log_wealth(units, zero), log_wealth(units.mirror(), zero)
    both = np.logaddexp(up, down)[0] - np.log(2) if units.sums.size else np.zeros(1)
    flips = count_flips(sample, rule)
    found = Comparison(
        verdict=choose_verdict(low, high, rule),
        difference=difference,
        low=low,
        high=high,
        confidence=rule.confidence,
        p_value=float(np.exp(-max(0.0, both.max()))),
        method=f"betting confidence sequence {how}",
        items_used=differences.size,
        clusters_used=int(np.unique(sample.clusters).size),
        flips_to_right=None if flips is None else flips[0],
        flips_to_wrong=None if flips is None else flips[1],
        e_value=float(np.exp(min(700.0, both[-1]))),
        not_inferior=_is_noninferior(units, rule, reach),
    )
    if found.verdict != "undecided":
        return found
    needed = estimate_items_needed(difference, float((differences**2).mean()), differences.size, rule)
    return replace(found, items_needed=_adjust_for_clusters(needed, found, rule) if "cluster" in how else needed)


def _is_noninferior(units: Units, rule: Rule, reach: float) -> bool | None:
    """Return whether betting, one-sided, has ruled out that A is behind by the margin or more."""
    if rule.higher_is_better is None:
        return None
    if rule.margin >= reach:
        return True
    forward = units if rule.higher_is_better else units.mirror()
    evidence = best_log_wealth(forward, np.array([-rule.margin / reach]))[0]
    return bool(evidence >= -np.log(1 - rule.confidence))


def arrange_units(differences: Floats, clusters: Ints, rule: Rule) -> tuple[Units, str]:
    """Return what is bet on, in order, and in words how; ``differences`` are (n,) in [-1, 1].

    Raises:
        ValueError: clusters were shuffled, and one is larger than ``rule.largest_cluster`` or not in one piece; or
            there are more items than the benchmark has.
    """
    finite = rule.target == "benchmark" and rule.total is not None and not rule.noisy
    whole = float(rule.total) if finite and rule.total is not None else None
    if whole is not None and differences.size > whole:
        raise ValueError(f"{differences.size} items were answered of a benchmark of {rule.total}")
    if rule.shuffled == "clusters" and rule.largest_cluster > 1:
        return _group_by_cluster(differences, clusters, rule, whole), "over whole clusters"
    if finite:
        return Units(differences, np.ones(differences.size), whole), "without replacement"
    first = np.unique(clusters, return_index=True)[1]
    if first.size < clusters.size:
        kept = differences[np.sort(first)]
        return Units(kept, np.ones(kept.size)), "over the first item of each cluster"
    return Units(differences, np.ones(differences.size)), "over items"


def _scale_hints(hints: tuple[Floats, Floats], reach: float, rule: Rule) -> Hints:
    """Return the hints in units of the largest difference.  Raises ValueError if they are not about every item."""
    values, every = hints
    if len(every) != rule.total or not (np.isfinite(every).all() and np.isfinite(values).all()):
        raise ValueError(f"hints must be finite and {rule.total}, one for each item of the benchmark, not {len(every)}")
    found = Hints.from_units(values / reach, every / reach)
    if (found.values < found.lowest).any() or (found.values > found.highest).any():
        raise ValueError("the hints of the items seen must be among those of all items")
    return found


def _group_by_cluster(differences: Floats, clusters: Ints, rule: Rule, whole: float | None) -> Units:
    """Return whole clusters as units; the last one counts once the next has begun or all items are there."""
    starts = np.flatnonzero(np.concatenate([[True], clusters[1:] != clusters[:-1]]))
    if starts.size != np.unique(clusters).size:
        raise ValueError("the items of a cluster must follow one another when whole clusters were shuffled")
    sums = np.add.reduceat(differences, starts)
    sizes = np.diff(np.append(starts, clusters.size)).astype(np.float64)
    if sizes.max() > rule.largest_cluster:
        raise ValueError(f"a cluster has {sizes.max():.0f} items, more than the largest_cluster {rule.largest_cluster}")
    if clusters.size != rule.total:
        sums, sizes = sums[:-1], sizes[:-1]
    scale = float(rule.largest_cluster)
    return Units(sums / scale, sizes / scale, None if whole is None else whole / scale)


def estimate_items_needed(difference: float, square: float, used: int, rule: Rule) -> int | None:
    """Return about how many more items would settle the question if the rates seen so far stay.

    Args:
        difference: mean of the differences so far.
        square: mean of their squares (the discordance, for right-or-wrong items).
        used: items so far.
        rule: for the margin, the confidence and, with ``benchmark``, the finite number of items.

    Betting against a mean that is wrong by d gains about d^2 / (2 variance) an item.  None if neither a difference
    nor a tie is in sight.
    """
    reach = 1.0 if rule.bounds is None else rule.bounds[1] - rule.bounds[0]
    square = (square * used + reach**2) / (used + 1)
    evidence = float(np.log(2 / (1 - rule.confidence))) + _MIXTURE_COST
    far = abs(difference)
    distances = [far, rule.margin - far]
    needed = [2 * square * evidence / d**2 for d in distances if d > 0]
    if not needed:
        return None
    number = min(needed)
    if rule.sampled_share(1) > 0 and rule.total is not None:
        number = number / (1 + number / rule.total)
        return max(1, min(rule.total - used, int(np.ceil(number - used))))
    return max(1, int(np.ceil(number - used)))


def _adjust_for_clusters(needed: int | None, found: Comparison, rule: Rule) -> int | None:
    """Return the items needed where whole clusters are bet on: the width so far knows how large they are."""
    wide = estimate_more_items(
        found.difference,
        (found.low, found.high),
        found.items_used,
        (rule.margin, rule.sampled_share(found.items_used)),
    )
    return None if needed is None or wide is None else max(needed, wide)


def _make_undecided(sample: PairedSample, rule: Rule) -> Comparison:
    """Return an undecided comparison for a measure that cannot be judged before the end."""
    found = compare(sample, rule)
    edge = float("inf")
    return replace(
        found,
        verdict="undecided",
        low=-edge,
        high=edge,
        p_value=None,
        not_inferior=None,
        method="no sequential form for an unbounded or weighted measure: decided when all items are answered",
    )


def trace_interval(differences: Floats, rule: Rule, looks: Ints | None = None) -> IntervalPath:
    """Return the whole path of the interval of `decide`, for a picture; items are taken one by one.

    Args:
        differences: (n,) A - B, in the order of asking; no further apart than the rule's bounds allow.
        rule: as for `decide`; ``bounds`` must not be None.
        looks: (L,) numbers of items at which the interval is wanted, increasing, the last one n; default about 100.

    The last entry is `decide`'s interval for all n; earlier ones are rounded outwards to a grid of 40 values.

    Raises:
        ValueError: no items, no bounds, or looks that do not increase to n.
    """
    if rule.bounds is None or differences.size == 0:
        raise ValueError("a path needs at least one item and a bounded measure")
    reach = rule.bounds[1] - rule.bounds[0]
    count = differences.size
    if looks is None:
        looks = np.unique(np.linspace(1, count, min(count, 100)).astype(np.int64))
    elif looks.size == 0 or (np.diff(looks) <= 0).any() or looks[0] < 1 or looks[-1] != count:
        raise ValueError(f"looks must increase from at least 1 to the number of items, {count}")
    units, _ = arrange_units(differences / reach, np.arange(count), replace(rule, shuffled="items"))
    low, high = compute_limits(units, rule.confidence)
    return IntervalPath(
        looks,
        reach * _trace_lower_limit(units, low, looks, rule.confidence),
        -reach * _trace_lower_limit(units.mirror(), -high, looks, rule.confidence),
    )


def _trace_lower_limit(units: Units, final: float, looks: Ints, confidence: float) -> Floats:
    """Return the lower end at each look: the largest mean of a fine grid up to ``final`` rejected by then."""
    means = final - (1 + final) * np.append(0.85 ** np.arange(1, 40), 0.0)
    over = log_wealth(units, means, looks) >= np.log(2 / (1 - confidence))
    rejected = np.logical_or.accumulate(np.logical_or.accumulate(over, axis=1)[::-1], axis=0)
    count = rejected.sum(axis=0)
    path: Floats = np.where(count == 0, -1.0, means[np.maximum(count, 1) - 1])
    path[-1] = final
    return path


def compute_evidence_beyond(sample: PairedSample, rule: Rule, difference: float) -> float:
    """Return the largest evidence so far that A - B exceeds ``difference``; 1 / it is a p-value valid at any look.

    With ``difference = -0.01`` this is the claim "A is at most one point behind B" (non-inferiority), a question of
    its own with one side.  Evidence of 20 makes it at 95% confidence.

    Raises:
        ValueError: as `decide`; or the measure has no sequential form, or the difference is out of reach.
    """
    check_sample(sample, rule)
    if rule.bounds is None or not has_unit_weights(sample):
        raise ValueError("evidence at any look needs a bounded measure with all weights 1")
    reach = rule.bounds[1] - rule.bounds[0]
    if not -reach < difference < reach:
        raise ValueError(f"a difference of {difference} is out of reach: it lies between {-reach} and {reach}")
    units, _ = arrange_units((sample.a_values - sample.b_values) / reach, sample.clusters, rule)
    return float(np.exp(min(700.0, best_log_wealth(units, np.array([difference / reach]))[0])))


def find_least_units(value: float, mean: float, confidence: float, most: int = 100_000) -> int | None:
    """Return how many units, all of this value, rule out a mean at one side of `decide`'s interval; None for too many.

    Args:
        value: what each unit shows, in [-1, 1].
        mean: below it, above -1.
        confidence: of the interval.
        most: units that are tried.

    >>> find_least_units(1.0, 0.0, 0.95), find_least_units(0.0, -0.02, 0.95)
    (9, 303)
    """
    threshold = float(np.log(2 / (1 - confidence)))
    count = 16
    while count < 2 * most:
        wealth = log_wealth(Units(np.full(count, value), np.ones(count)), np.array([mean]))[0]
        if wealth[-1] >= threshold:
            return int(np.argmax(wealth >= threshold)) + 1
        count *= 2
    return None
