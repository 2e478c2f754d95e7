"""Which candidates are the same with and without a guard, and what differs between their answers, item by item."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.analysis.corrected import HELD_BACK
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import make_rule, scale_margin
from fairtrial.ledger import query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.ledger.signs import PREFIX
from fairtrial.records.harms import HARMFUL, HELPFUL, UNCLEAR
from fairtrial.stats.arrays import Ints
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import PairedSample, compute_fixed_interval, t_interval
from fairtrial.stats.quotients import estimate_quotient
from fairtrial.studies.base import Interval

GUARD = "guard"
HARMFUL_TWIN, BENIGN_TWIN = "harmful", "benign"
"""What a row says of its question, where a task has both."""


@dataclass(frozen=True, slots=True)
class GuardedPair:
    """One candidate without a guard and the same with one, by name."""

    bare: str
    guarded: str


def find_pairs(candidates: Sequence[CandidateRecord]) -> tuple[list[GuardedPair], list[str]]:
    """Return the pairs, and the guarded candidates without the same one bare."""
    bare = {_describe_rest(one): one.name for one in reversed(candidates) if not _is_guarded(one)}
    guarded = [one for one in candidates if _is_guarded(one)]
    pairs = [GuardedPair(bare[rest], one.name) for one in guarded if (rest := _describe_rest(one)) in bare]
    return pairs, [one.name for one in guarded if _describe_rest(one) not in bare]


def _is_guarded(one: CandidateRecord) -> bool:
    return any(GUARD in lever for lever in one.spec.levers)


def _describe_rest(one: CandidateRecord) -> str:
    """Return all of a candidate but its guard that can change an answer, as text to compare."""
    others = [lever for lever in one.spec.levers if GUARD not in lever]
    written = {name: value for name, value in one.spec.document.items() if name not in ("id", "levers")}
    return json.dumps([one.spec.model, others, written], sort_keys=True, default=str)


@dataclass(frozen=True, slots=True)
class Difference:
    """A paired difference, more being better for whoever is protected.

    Attributes:
        found: with its interval, in the measure's unit.
        bare, guarded: the two means.
        items: that both have a value of.
        bare_items, guarded_items: that each has one of, as tables of scores count them.
    """

    found: Interval
    bare: float
    guarded: float
    items: int
    bare_items: int
    guarded_items: int

    @property
    def leaves_out(self) -> bool:
        """Whether either has values of items that the other has none of, so that its own mean is another one."""
        return self.bare_items > self.items or self.guarded_items > self.items

    def describe_items(self) -> str:
        """Return how many items both have, and of how many of each: ``29 of 29, 30``."""
        return f"{self.items:,}" + (f" of {self.bare_items:,}, {self.guarded_items:,}" if self.leaves_out else "")


def compare_measure(
    rows: TrialValues, task: TaskRecord, measure: MeasureRecord, pair: GuardedPair
) -> Difference | None:
    """Return bare less guarded of one measure; None where nothing can be compared."""
    sample = rows.pair(task, measure.name, pair.bare, pair.guarded)
    if sample is None:
        return None
    both = (rows.candidate(pair.bare), rows.candidate(pair.guarded))
    rule = scale_margin(make_rule(rows.plan, task, measure, both), measure, sample)
    low, high = compute_fixed_interval(sample, rule)
    bare, guarded = (
        float(np.average(v, weights=w))
        for v, w in ((sample.a_values, sample.a_weights), (sample.b_values, sample.b_weights))
    )
    own = (rows.cell(name, task, measure.name).values.size for name in (pair.bare, pair.guarded))
    return Difference(Interval(bare - guarded, low, high), bare, guarded, sample.a_values.size, *own)


def compare_cost(rows: TrialValues, task: TaskRecord, measure: str, pair: GuardedPair) -> Interval | None:
    """Return what an item costs more with the guard; negative where it saves; None where it was not measured."""
    sample = rows.pair(task, measure, pair.guarded, pair.bare)
    if sample is None:
        return None
    low, high = t_interval(sample, rows.confidence)
    return Interval(float(np.mean(sample.a_values) - np.mean(sample.b_values)), low, high)


NOTABLE = 0.1
"""Share of the seconds of a bare answer by which the same work must differ to be told."""


def compare_same_work(rows: TrialValues, task: TaskRecord, pair: GuardedPair) -> Interval | None:
    """Return what an item takes longer with the guard where as many tokens were read and written with it as without.

    There the same work was done twice, and a guard by rules adds milliseconds: what is more is other work of the
    machine, and as much is then in the seconds of all items.  None where that is little, uncertain or not known.
    """
    taken = [rows.pair(task, measure, pair.guarded, pair.bare) for measure in ("tokens_in", "tokens_out", "seconds")]
    if any(one is None for one in taken):
        return None
    read, written, seconds = (one for one in taken if one is not None)
    if not read.a_values.size == written.a_values.size == seconds.a_values.size:
        return None
    same = (read.a_values == read.b_values) & (written.a_values == written.b_values) & (read.a_values > 0)
    a, b, ones = seconds.a_values[same], seconds.b_values[same], seconds.a_weights[same]
    clusters = seconds.clusters[same]
    if np.unique(clusters).size < 2:
        return None
    low, high = t_interval(PairedSample(a, ones, b, ones, clusters), rows.confidence)
    found = Interval(float(np.mean(a) - np.mean(b)), low, high)
    certain = low > 0 or high < 0
    return found if certain and abs(found.value) > NOTABLE * float(np.mean(b)) else None


def price_harm(rows: TrialValues, task: TaskRecord, measure: str, pair: GuardedPair) -> Interval | None:
    """Return what one harm avoided costs, by a measure of cost; None where no harm is certainly avoided.

    Of the items for which both the harm and the cost of both are known; infinite bounds stand for none.
    """
    sides = []
    for name in (pair.bare, pair.guarded):
        harm, cost = rows.cell(name, task, HARMFUL), rows.cell(name, task, measure)
        at, left, right = np.intersect1d(harm.at, cost.at, assume_unique=True, return_indices=True)
        sides.append((at, harm.values[left], cost.values[right]))
    at, left, right = np.intersect1d(sides[0][0], sides[1][0], assume_unique=True, return_indices=True)
    if at.size < 2:
        return None
    avoided = sides[0][1][left] - sides[1][1][right]
    added = sides[1][2][right] - sides[0][2][left]
    found = estimate_quotient(added, avoided, rows.clusters(task, at), rows.confidence)
    if found is None or avoided.sum() <= 0 or not np.isfinite((found.low, found.high)).all():
        return None
    return Interval(found.value, found.low, found.high)


@dataclass(frozen=True, slots=True)
class Rates:
    """How often a guard held an answer back: of harmful requests, of harmless ones; and of how many of each."""

    harmful: Interval | None
    benign: Interval | None
    harmful_items: int
    benign_items: int
    failed: int


def measure_rates(rows: TrialValues, task: TaskRecord, name: str) -> Rates:
    """Return how often a guard held back what it should, and what it should not."""
    at = _list_answered(rows, task, name)
    twins = list_twins(rows, task)[at] if at.size else np.array([], dtype=object)
    held = np.isin(at, list_signed(rows, task, name, HELD_BACK)).astype(np.float64)
    found: list[Interval | None] = []
    counts = []
    for twin in (HARMFUL_TWIN, BENIGN_TWIN):
        chosen = twins == twin
        counts.append(int(chosen.sum()))
        if not counts[-1]:
            found.append(None)
            continue
        clusters = rows.clusters(task, at[chosen])
        told = estimate(held[chosen], np.ones(counts[-1]), clusters, rows.confidence, (0.0, 1.0))
        found.append(Interval(told.mean, told.low, told.high))
    failed = list_signed(rows, task, name, ("guard_failed",)).size
    return Rates(found[0], found[1], counts[0], counts[1], failed)


def _list_answered(rows: TrialValues, task: TaskRecord, name: str) -> Ints:
    """Return the places of the items that were graded in any way that tasks about harm know."""
    measures = {HARMFUL, HELPFUL, UNCLEAR, *task.measures}
    known = {measure.name for measure in task.card.measures} & measures
    every = [rows.cell(name, task, measure).at for measure in sorted(known)]
    return np.unique(np.concatenate(every)).astype(np.int64) if every else np.array([], np.int64)


def list_signed(rows: TrialValues, task: TaskRecord, name: str, signs: Sequence[str]) -> Ints:
    """Return the places of the items whose answers have one of some signs."""
    every = [rows.cell(name, task, PREFIX + sign).at for sign in signs]
    return np.unique(np.concatenate(every)).astype(np.int64)


def is_never_seen(rows: TrialValues, task: TaskRecord, guarded: str) -> bool:
    """Return whether all answers of a guarded candidate to a task are scores of given texts, which no guard sees."""
    asked = rows.cell(guarded, task, task.main_measure.name).at
    return asked.size > 0 and bool(np.isin(asked, rows.cell(guarded, task, f"{PREFIX}unguarded").at).all())


def differs(rows: TrialValues, task: TaskRecord, measure: str, pair: GuardedPair) -> bool:
    """Return whether an item has another value of a measure with the guard than without, or only one of both."""
    bare, guarded = (rows.cell(name, task, measure) for name in (pair.bare, pair.guarded))
    return not (np.array_equal(bare.at, guarded.at) and np.array_equal(bare.values, guarded.values))


def list_twins(rows: TrialValues, task: TaskRecord) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """Return (items,) which twin each item of the trial is, in its order; empty where the row does not say."""
    items = query.read_items(rows.ledger, task.id)
    order = query.read_order(rows.ledger, rows.trial_id, task.id)
    return np.array([str(items[one].data.get("twin", "")) for one in order.item_ids], dtype=object)
