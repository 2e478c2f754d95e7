"""Who is ahead of whom on one task and measure, and how certain each place is.

Places are those of the means.  A place is certain as far as paired differences say so: a candidate may stand anywhere
behind those that are certainly ahead of it and before those that are certainly behind it (ranks from paired tests;
Mohamad, Goeman and van Zwet 2019, arXiv 1812.05507).  "Certainly" is said of all such orders of the trial together, so
that one or more of them are false with a chance of at most 1 - confidence (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np

from fairtrial.analysis.standings.values import CandidateValues, TrialValues
from fairtrial.analysis.verdicts import Verdict, apply_transform, get_bounds, get_transformed_unit, make_rule
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import PairedSample, Rule, compute_fixed_interval, has_unit_weights
from fairtrial.stats.ranking import rank_rows
from fairtrial.stats.sequential import decide


@dataclass(frozen=True, slots=True)
class CandidateRank:
    """One candidate's place on one task and measure.

    Attributes:
        candidate: its name.
        mean, low, high: the measure with its interval, after the measure's transform.
        rank: place by the mean, 1 the best; those with equal means share the mean of their places.
        best: the best place that no certain difference excludes.
        worst: the worst.
    """

    candidate: str
    mean: float
    low: float
    high: float
    rank: float
    best: int
    worst: int

    @property
    def certain(self) -> bool:
        """Whether only one place is left."""
        return self.best == self.worst


@dataclass(frozen=True, slots=True)
class PairOrder:
    """Two candidates on one task and measure.

    Attributes:
        a, b: names, in the plan's order.
        difference, low, high: a - b with its interval, one question at a time, turned so that more is better; of
            logarithms for a measure shown through ``exp``.
        ahead: the one that is certainly ahead, among all such orders of the trial; None if none.
        ahead_alone: the one that ``low`` and ``high`` say is ahead, as if this were the only order.
    """

    a: str
    b: str
    difference: float
    low: float
    high: float
    ahead: str | None
    ahead_alone: str | None


@dataclass(frozen=True, slots=True)
class Ranking:
    """The places of the candidates that have values, and all pairs of them, on one task and measure."""

    task: str
    measure: str
    unit: str
    places: tuple[CandidateRank, ...]
    pairs: tuple[PairOrder, ...]

    def place(self, candidate: str) -> CandidateRank:
        """Return a candidate's place."""
        return next(place for place in self.places if place.candidate == candidate)


@dataclass(frozen=True, slots=True)
class RankingInput:
    """One task and measure on which candidates are ranked.

    Attributes:
        rows: of the trial.
        task, measure: the plan's entries.
        cells: the values of each candidate that has any that count.
        known: verdicts on the pairs that the trial itself decides, by names (a, b).
        family: number of orders that the trial's rankings ask about.
    """

    rows: TrialValues
    task: TaskRecord
    measure: MeasureRecord
    cells: Mapping[str, CandidateValues]
    known: Mapping[tuple[str, str], Verdict]
    family: int

    @property
    def sign(self) -> int:
        """1 if more is better, -1 if less is."""
        return 1 if self.measure.higher_is_better else -1

    def rule(self, a: str, b: str) -> Rule:
        """Return the rule that decides a pair."""
        return make_rule(self.rows.plan, self.task, self.measure, (self.rows.candidate(a), self.rows.candidate(b)))


def _list_ranked_measures(task: TaskRecord) -> list[MeasureRecord]:
    """Return the measures on which a task ranks: the main one and those of its verdicts, if they have a direction."""
    wanted = {task.card.main_measure, *task.measures}
    return [m for m in task.card.measures if m.name in wanted and m.higher_is_better is not None]


def make_rankings(rows: TrialValues, verdicts: Sequence[Verdict]) -> list[Ranking]:
    """Return a ranking for each task and measure on which at least one candidate has values, in the plan's order.

    Args:
        rows: of the trial.
        verdicts: on its questions; in a trial that may stop early they are taken as they are.
    """
    asked = [(task, measure) for task in rows.plan.tasks if not task.form for measure in _list_ranked_measures(task)]
    family = len(asked) * len(rows.names) * (len(rows.names) - 1) // 2
    known: dict[tuple[str, str], dict[tuple[str, str], Verdict]] = {}
    for verdict in verdicts:
        known.setdefault((verdict.task, verdict.measure), {})[verdict.a, verdict.b] = verdict
    found = []
    for task, measure in asked:
        cells = {name: cell for name in rows.names if (cell := rows.cell(name, task, measure.name)).counts}
        if cells:
            pairs = known.get((task.name, measure.name), {})
            found.append(_make_ranking(RankingInput(rows, task, measure, cells, pairs, family)))
    return found


def _make_ranking(given: RankingInput) -> Ranking:
    """Return the ranking of one task and measure."""
    rows, task, measure = given.rows, given.task, given.measure
    raw = {
        name: estimate(cell.values, cell.weights, rows.clusters(task, cell.at), rows.confidence, get_bounds(measure))
        for name, cell in given.cells.items()
    }
    ranks = rank_rows(np.array([[-given.sign * got.mean] for got in raw.values()]))[:, 0]
    pairs = tuple(found for a, b in combinations(given.cells, 2) if (found := _order_pair(given, a, b)) is not None)
    places = []
    for (name, got), rank in zip(raw.items(), ranks, strict=True):
        behind = sum(pair.ahead not in {None, name} and name in {pair.a, pair.b} for pair in pairs)
        ahead = sum(pair.ahead == name for pair in pairs)
        best, worst = min(1 + behind, math.floor(rank)), max(len(raw) - ahead, math.ceil(rank))
        shown = apply_transform(measure.transform, got)
        places.append(CandidateRank(name, shown.mean, shown.low, shown.high, float(rank), best, worst))
    return Ranking(task.name, measure.name, get_transformed_unit(measure), tuple(places), pairs)


@dataclass(frozen=True, slots=True)
class PairDifference:
    """a - b as measured, with its interval, and whether it is clear among all orders of the trial."""

    difference: float
    low: float
    high: float
    together: bool


def _order_pair(given: RankingInput, a: str, b: str) -> PairOrder | None:
    """Return who of two is ahead; None if no item counts for both."""
    found = _read_decided(given, a, b)
    if found is None:
        found = _compare_at_any_look(given, a, b) if given.rows.early else _compare_at_end(given, a, b)
    if found is None:
        return None
    low, high = (found.low, found.high) if given.sign > 0 else (-found.high, -found.low)
    ahead = a if low > 0 else b if high < 0 else None
    certain = ahead if found.together else None
    return PairOrder(a, b, given.sign * found.difference, low, high, certain, ahead)


def _read_decided(given: RankingInput, a: str, b: str) -> PairDifference | None:
    """Return what the trial's own verdict says of the only two candidates; None where there are more, or no verdict."""
    known = given.known.get((a, b)) or given.known.get((b, a))
    if known is None or len(given.rows.names) != 2 or known.family != given.family:
        return None
    apart = known.low_together > 0 or known.high_together < 0
    apart = apart and (known.p_value is None or known.p_value <= 1 - known.confidence_together)
    low, high = (known.low, known.high) if known.a == a else (-known.high, -known.low)
    return PairDifference(known.difference if known.a == a else -known.difference, low, high, apart)


def _compare_at_end(given: RankingInput, a: str, b: str) -> PairDifference | None:
    """Return a pair's difference by all its items, looked at once."""
    sample = given.rows.pair(given.task, given.measure.name, a, b)
    return None if sample is None else _compare_once(sample, given.rule(a, b), given.family)


def _compare_once(sample: PairedSample, rule: Rule, family: int) -> PairDifference:
    """Return the difference of a fixed sample."""
    low, high = compute_fixed_interval(sample, rule)
    strict = compute_fixed_interval(sample, replace(rule, confidence=1 - (1 - rule.confidence) / family))
    return PairDifference(_compute_difference(sample), low, high, strict[0] > 0 or strict[1] < 0)


def _compare_at_any_look(given: RankingInput, a: str, b: str) -> PairDifference | None:
    """Return a pair's difference as `fairtrial.analysis.verdicts.judge_question` would, without a p-value."""
    needed = given.family / (1 - given.rows.confidence)
    for verdict, sign in ((given.known.get((a, b)), 1), (given.known.get((b, a)), -1)):
        if verdict is not None:
            low, high = (verdict.low, verdict.high) if sign > 0 else (-verdict.high, -verdict.low)
            return PairDifference(sign * verdict.difference, low, high, _is_enough(verdict.e_value, low, high, needed))
    sample, last = given.rows.pair_leading(given.task, given.measure.name, a, b)
    if sample is None:
        return None
    rule = given.rule(a, b)
    sequential = rule.bounds is not None and has_unit_weights(sample)
    if last and (not sequential or rule.sampled_share(sample.a_values.size) >= 1):
        return _compare_once(sample, rule, given.family)
    if not sequential:
        return PairDifference(_compute_difference(sample), -math.inf, math.inf, together=False)
    got = decide(sample, rule, last=last)
    return PairDifference(got.difference, got.low, got.high, _is_enough(got.e_value, got.low, got.high, needed))


def _is_enough(e_value: float | None, low: float, high: float, needed: float) -> bool:
    """Return whether the evidence is enough among all orders; an exact difference always is."""
    return low == high if e_value is None else e_value >= needed


def _compute_difference(sample: PairedSample) -> float:
    """Return the difference of the two ratios of sums."""
    a = np.average(sample.a_values, weights=sample.a_weights)
    return float(a - np.average(sample.b_values, weights=sample.b_weights))
