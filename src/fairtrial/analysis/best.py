"""Which candidate is the best: on each task and measure, all candidates compared with each other.

The verdicts are about a baseline; this is about whoever comes first.  The answers hold together: one or more of them
are wrong with a chance of at most 1 - confidence (`fairtrial.stats.best`).  So do the words on all pairs, as a family
of their own (`fairtrial.stats.families.compute_shared_level`).  In a trial that may stop early both hold at any look.

Reads the ledger, half filled or whole.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np

from fairtrial.analysis.doubts.answers import count_uncounted, counts_wrong
from fairtrial.analysis.harms.limits import find_limit_checks, list_states
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import find_too_few_matched, make_rule, scale_margin
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.best import compute_best_level, find_best
from fairtrial.stats.families import compute_shared_level, count_excluded, holm
from fairtrial.stats.paired import Comparison, PairedSample, Rule, compare, compute_fixed_interval
from fairtrial.stats.sequential import decide

FEWEST = 3
"""Candidates from which on the question is asked; of two, the verdict says it."""


@dataclass(frozen=True, slots=True)
class PairResult:
    """Two candidates on one task and measure.

    Attributes:
        a, b: names, in the plan's order.
        verdict: better, worse, tied or undecided, of ``a`` against ``b``; holds among all pairs of the trial.  Barred:
            it would be better, and certainly breaks a limit.
        difference: a - b; of logarithms for a measure shown through ``exp``.
        low, high, confidence: the interval that ``verdict`` is read off, and its coverage.
        margin: differences inside +-margin are ties.
        items: that both have answered.
        gained, lost: items that only ``a`` has right, that only ``b`` has right; None if the measure is not 0 or 1.
        p_value: of this pair alone; at any look where the trial may stop early.
        p_adjusted: corrected (Holm) for all pairs of the trial that have one.
    """

    a: str
    b: str
    verdict: str
    difference: float
    low: float
    high: float
    confidence: float
    margin: float
    items: int
    gained: int | None
    lost: int | None
    p_value: float | None
    p_adjusted: float | None = None


@dataclass(frozen=True, slots=True)
class Contender:
    """One candidate, beside the one with the best value.

    Attributes:
        mean: its value; None without answers.  Of logarithms for a measure shown through ``exp``.
        difference: its value less the leader's on the items of both; 0 for the leader, None where nothing is known.
        low, high: the interval of the difference, at the answer's ``confidence``.
        may_be_best: whether no other candidate is certainly better.
        close: whether it is certainly behind the best by less than the margin, whichever that is.
    """

    candidate: str
    mean: float | None
    difference: float | None
    low: float
    high: float
    may_be_best: bool
    close: bool


@dataclass(frozen=True, slots=True)
class Uncounted:
    """A candidate that would perhaps not be behind if its answers that were not read as answers were right.

    Attributes:
        count, of: how many of its answers to the task these are.
    """

    candidate: str
    count: int
    of: int


@dataclass(frozen=True, slots=True)
class BestOnTask:
    """The answer for one task and measure.

    Attributes:
        unit: of the measure; differences are in it, or in points of a share.
        best: the candidate that is certainly better than each other one; None if none is.
        leader: the one with the best value so far; None without values.
        candidates: in the plan's order.
        margin: how far behind the best does not matter.
        confidence: coverage of the intervals, wide enough that all answers of the trial hold together.
        items_needed: about how many more items would tell the leader from the others that may be the best, if things
            stay as they are; None if it is told, or cannot be said.
        pairs: every two candidates.
        doubts: candidates that are said not to be the best only because of answers that were not read as answers.
        barred: candidates that certainly break a limit of the trial; none of them is ``best``.
    """

    task: str
    measure: str
    unit: str
    best: str | None
    leader: str | None
    candidates: tuple[Contender, ...]
    margin: float
    confidence: float
    items_needed: int | None
    pairs: tuple[PairResult, ...]
    doubts: tuple[Uncounted, ...] = ()
    barred: tuple[str, ...] = ()

    @property
    def doubtful(self) -> bool:
        """Whether the answer would perhaps be another if all answers had been read."""
        return bool(self.doubts)

    @property
    def contenders(self) -> tuple[str, ...]:
        """Names of those that may be the best."""
        return tuple(one.candidate for one in self.candidates if one.may_be_best)

    @property
    def close(self) -> tuple[str, ...]:
        """Names of those that are certainly close to the best."""
        return tuple(one.candidate for one in self.candidates if one.close)

    def document(self) -> dict[str, Any]:
        """Return the answer as JSON values; docs/schemas/run.schema.json describes them."""
        body: dict[str, Any] = _make_plain(asdict(self))
        return {**body, "doubtful": self.doubtful, "contenders": list(self.contenders), "close": list(self.close)}


def find_best_on_tasks(ledger: Ledger, trial_id: str) -> list[BestOnTask]:
    """Return who is the best on each task and each of its verdict measures that has a better side, in the plan's order.

    Empty for fewer than three candidates, and without answers.
    """
    trial = query.find_trial(ledger, trial_id)
    plan = trial.plan
    if len(plan.candidates) < FEWEST:
        return []
    rows = TrialValues(ledger, trial_id, plan)
    asked = [
        (task, measure)
        for task in plan.tasks
        if not task.form
        for measure in task.card.measures
        if measure.name in task.measures and measure.higher_is_better is not None
    ]
    tables = [_compare_all(rows, task, measure) for task, measure in asked]
    level = compute_best_level(len(plan.candidates), max(1, len(asked)), 1 - plan.decide.confidence)
    words = _judge_pairs(tables, 1 - plan.decide.confidence, len(plan.candidates))
    few = find_too_few_matched(plan)
    lost = count_uncounted(ledger, trial)
    states = list_states(find_limit_checks(ledger, trial_id)) if plan.limits else {}
    barred = {name for name, state in states.items() if state == "broken"}
    return [
        _bar_best(_answer(table, 1 - 2 * level, pairs, table.task.name in few, lost), barred)
        for table, pairs in zip(tables, words, strict=True)
        if table.samples
    ]


def _bar_best(found: BestOnTask, barred: Collection[str]) -> BestOnTask:
    """Return an answer in which nobody who certainly breaks a limit is the best."""
    named = tuple(one.candidate for one in found.candidates if one.candidate in barred)
    pairs = tuple(replace(p, verdict="barred") if p.verdict == "better" and p.a in named else p for p in found.pairs)
    return replace(found, barred=named, best=None if found.best in named else found.best, pairs=pairs)


@dataclass(frozen=True, slots=True)
class _PairTable:
    """All pairs of a trial's candidates on one task and measure; ``samples`` by places of the two."""

    rows: TrialValues
    task: TaskRecord
    measure: MeasureRecord
    samples: Mapping[tuple[int, int], tuple[PairedSample, Rule, bool]]

    def judge(self, pair: tuple[int, int], confidence: float) -> Comparison:
        """Return one pair's comparison at a confidence."""
        sample, rule, last = self.samples[pair]
        rule = replace(rule, confidence=confidence)
        return decide(sample, rule, last=last) if self.rows.early else compare(sample, rule)

    def find_interval(self, pair: tuple[int, int], confidence: float) -> tuple[float, float]:
        """Return the interval of `judge` alone."""
        if self.rows.early:
            found = self.judge(pair, confidence)
            return found.low, found.high
        sample, rule, _ = self.samples[pair]
        return compute_fixed_interval(sample, replace(rule, confidence=confidence))


def _compare_all(rows: TrialValues, task: TaskRecord, measure: MeasureRecord) -> _PairTable:
    """Return what every two candidates have in common."""
    samples = {}
    for i, j in combinations(range(len(rows.names)), 2):
        names = rows.names[i], rows.names[j]
        sample, last = (
            rows.pair_leading(task, measure.name, *names)
            if rows.early
            else (rows.pair(task, measure.name, *names), True)
        )
        if sample is not None:
            rule = make_rule(rows.plan, task, measure, (rows.candidate(names[0]), rows.candidate(names[1])))
            samples[i, j] = sample, scale_margin(rule, measure, sample), last
    return _PairTable(rows, task, measure, samples)


def _judge_pairs(tables: Sequence[_PairTable], alpha: float, candidates: int) -> list[list[PairResult]]:
    """Return the pairs of each table with the words that hold among all pairs of all tables."""
    asked = [(table, pair) for table in tables for pair in table.samples]
    family = max(1, len(tables) * candidates * (candidates - 1) // 2)

    def excludes(i: int, excluded: int) -> bool:
        table, pair = asked[i]
        low, high = table.find_interval(pair, 1 - compute_shared_level(family, excluded, alpha))
        return low > 0 or high < 0

    level = compute_shared_level(family, count_excluded(len(asked), excludes), alpha)
    found = [table.judge(pair, 1 - level) for table, pair in asked]
    adjusted = iter(holm([one.p_value for one in found if one.p_value is not None]))
    results = [
        _make_pair(*asked[i], one, None if one.p_value is None else next(adjusted)) for i, one in enumerate(found)
    ]
    told = iter(results)
    return [[next(told) for _ in table.samples] for table in tables]


def _make_pair(table: _PairTable, pair: tuple[int, int], found: Comparison, p_adjusted: float | None) -> PairResult:
    a, b = (table.rows.names[i] for i in pair)
    return PairResult(
        a,
        b,
        found.verdict,
        found.difference,
        found.low,
        found.high,
        found.confidence,
        table.samples[pair][1].margin,
        found.items_used,
        found.flips_to_right,
        found.flips_to_wrong,
        found.p_value,
        p_adjusted,
    )


def _answer(
    table: _PairTable,
    confidence: float,
    pairs: Sequence[PairResult],
    withheld: bool,
    lost: Mapping[tuple[str, str], tuple[int, int]],
) -> BestOnTask:
    """Return the answer of one task and measure; ``withheld``: too few items are matched to say anything.

    ``lost``: answers that were not read as answers, by candidate and task.
    """
    names = table.rows.names
    sign = 1 if table.measure.higher_is_better else -1
    ends = {pair: table.find_interval(pair, confidence) for pair in table.samples} if not withheld else {}
    lows, margins = np.full((2, len(names), len(names)), -math.inf)
    for (i, j), (low, high) in ends.items():
        lows[i, j], lows[j, i] = (low, -high) if sign > 0 else (-high, low)
        margins[i, j] = margins[j, i] = table.samples[i, j][1].margin
    found = find_best(lows, margins)
    means = [_compute_mean(table.rows, name, table.task, table.measure) for name in names]
    able = [i for i, mean in enumerate(means) if mean is not None and found.contenders[i]]
    leader = max(able, key=lambda i: sign * (means[i] or 0.0), default=None)
    rivals = [] if leader is None or withheld else [(min(i, leader), max(i, leader)) for i in able if i != leader]
    seen = {(pair.a, pair.b): pair.difference for pair in pairs}
    candidates = []
    for i, name in enumerate(names):
        difference, (low, high) = 0.0 if i == leader else None, (-math.inf, math.inf)
        if leader is not None and i != leader and (min(i, leader), max(i, leader)) in ends:
            low, high = ends[min(i, leader), max(i, leader)]
            difference = seen[names[min(i, leader)], names[max(i, leader)]]
            difference, low, high = (difference, low, high) if i < leader else (-difference, -high, -low)
        low, high = (0.0, 0.0) if i == leader else (low, high)
        told = bool(found.contenders[i]), bool(found.close[i])
        candidates.append(Contender(name, means[i], difference, low, high, *told))
    return BestOnTask(
        table.task.name,
        table.measure.name,
        table.measure.unit,
        None if found.best is None else names[found.best],
        None if leader is None else names[leader],
        tuple(candidates),
        max((rule.margin for _, rule, _ in table.samples.values()), default=0.0),
        confidence,
        _find_most_needed([table.judge(pair, confidence) for pair in rivals if pair in ends]),
        tuple(pairs),
        _find_uncounted(table, [i for i in range(len(names)) if not found.contenders[i]], lows, lost),
    )


def _find_uncounted(
    table: _PairTable,
    beaten: Sequence[int],
    lows: np.ndarray[Any, np.dtype[np.float64]],
    lost: Mapping[tuple[str, str], tuple[int, int]],
) -> tuple[Uncounted, ...]:
    """Return the beaten candidates that nobody would certainly be ahead of if their unread answers were right.

    ``lows``: at least so much is the first (row) ahead of the second (column).
    """
    if not counts_wrong(table.task.card, table.measure.name):
        return ()
    found = []
    for i in beaten:
        name = table.rows.names[i]
        count, of = lost.get((name, table.task.name), (0, 1))
        if count and lows[:, i].max() <= count / of:
            found.append(Uncounted(name, count, of))
    return tuple(found)


def _find_most_needed(found: Sequence[Comparison]) -> int | None:
    """Return the most items that one of the pairs still needs; None if one of them cannot say."""
    known = [one.items_needed for one in found if one.items_needed is not None]
    return max(known) if known and len(known) == len(found) else None


def _compute_mean(rows: TrialValues, name: str, task: TaskRecord, measure: MeasureRecord) -> float | None:
    """Return a candidate's mean as it was stored, before the measure's transform; None without values that count."""
    cell = rows.cell(name, task, measure.name)
    if not cell.counts:
        return None
    return float(np.average(cell.values, weights=cell.weights))


def _make_plain(value: Any) -> Any:
    """Return JSON values: lists for tuples, null for numbers that JSON lacks."""
    if isinstance(value, Mapping):
        return {key: _make_plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_make_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
