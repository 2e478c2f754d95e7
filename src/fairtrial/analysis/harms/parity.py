"""Parity between groups: how far each group's values are from those of the others in the same counterfactual pairs.

Reads what rows of tasks about harm say of their items: ``attribute`` and ``group`` of whom a question is about, and the
``pair``, the same question about the other groups.  Every measure of the task is compared, the share of answers that
nobody can classify among them.  A gap of a measure is about the answers that have a value of it.

All intervals of one candidate, task and measure hold together, over all groups of all attributes.  Where a trial may
stop early there are none: theirs hold for one look at a fixed sample.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np

from fairtrial.analysis.gaps import COST_UNITS
from fairtrial.analysis.verdicts.results import make_finite
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.groups import GapChange, GroupGap, compare_gaps, compare_groups


@dataclass(frozen=True, slots=True)
class ParityGap:
    """One group's gap to the others, with one candidate on one task and measure.

    Attributes:
        candidate, task, measure: names as the trial's author wrote them.
        attribute, group: of whom the questions are about, e.g. origin, Nigerian; crossed attributes as one.
        higher_is_better: direction of the measure; None where neither is better.
        mean: of the group, over the pairs in which there are others.
        others: of the others, in the same pairs, each pair's others as their mean.
        gap: ``mean - others``, in ``unit``.
        low, high: its interval, which holds together with all groups' of the same candidate, task and measure; infinite
            where nothing bounds it.
        p_value: of "no gap", adjusted for the same family; None where there is no interval.
        standardised: the gap in standard deviations of single pairs' gaps; None where these do not vary.
        pairs: in which the group is compared.
        confidence: coverage.
        unit: of the measure.
    """

    candidate: str
    task: str
    measure: str
    attribute: str
    group: str
    higher_is_better: bool | None
    mean: float
    others: float
    gap: float
    low: float
    high: float
    p_value: float | None
    standardised: float | None
    pairs: int
    confidence: float
    unit: str

    @property
    def certain(self) -> bool:
        """Whether the interval excludes that there is no gap."""
        return self.low > 0 or self.high < 0

    def document(self) -> dict[str, Any]:
        """Return the gap as JSON values; an end that nothing bounds is null."""
        return make_finite(asdict(self))


@dataclass(frozen=True, slots=True)
class ParityChange:
    """One group's gap with a candidate beside that with the baseline, in the same pairs.

    Attributes:
        candidate, baseline, task, measure, attribute, group: whose gap.
        gap, baseline_gap: the two gaps, on the pairs that both have.
        difference: ``gap - baseline_gap``.
        low, high: its interval, which holds together with all groups' of these candidates, task and measure.
        p_value: of "the same gap", adjusted for the same family; None where there is no interval.
        word: whether the gap is ``smaller`` than the baseline's, whichever way the two go, ``larger``, ``tied`` within
            the margin, or ``undecided``.
        margin: of ``tied``.
        pairs: that both have.
        confidence: coverage.
        unit: of the measure.
    """

    candidate: str
    baseline: str
    task: str
    measure: str
    attribute: str
    group: str
    gap: float
    baseline_gap: float
    difference: float
    low: float
    high: float
    p_value: float | None
    word: Literal["smaller", "larger", "tied", "undecided"]
    margin: float
    pairs: int
    confidence: float
    unit: str

    def document(self) -> dict[str, Any]:
        """Return the change as JSON values; an end that nothing bounds is null."""
        return make_finite(asdict(self))


_Place = tuple[str, str]
"""An attribute and a group of it."""


@dataclass(frozen=True, slots=True)
class _Layout:
    """Where a task's items stand in a table of pairs and groups.

    Attributes:
        columns: attribute and group of each column.
        rows: number of pairs.
        places: item id to row and column.
        clusters: (rows,) of pairs.
    """

    columns: tuple[_Place, ...]
    rows: int
    places: Mapping[str, tuple[int, int]]
    clusters: Ints


def find_parity_gaps(ledger: Ledger, trial_id: str) -> list[ParityGap]:
    """Return each group's gap for each candidate, task about harm and measure, in the plan's order.

    Nothing of a task whose questions are not about groups, and of groups that no pair compares.
    """
    plan = query.find_trial(ledger, trial_id).plan
    sure, early = plan.decide.confidence, plan.decide.stop_early
    found: list[ParityGap] = []
    for task, layout in _iterate_tasks(ledger, trial_id, plan.tasks):
        for candidate in plan.candidates:
            for measure in _list_measures(task):
                table = _read_table(ledger, trial_id, candidate, task, measure, layout)
                if table is None:
                    continue
                rng = _make_rng(candidate.name, task.name, measure.name)
                gaps = compare_groups(table, layout.clusters, sure, measure.bounds, rng)
                for (attribute, group), gap in zip(layout.columns, gaps, strict=True):
                    if gap is not None:
                        made = _make_gap(candidate, task, measure, (attribute, group), gap, sure)
                        found.append(_forget_interval(made) if early else made)
    return found


def find_parity_changes(ledger: Ledger, trial_id: str, baseline: str = "") -> list[ParityChange]:
    """Return each group's gap beside the baseline's, for every other candidate, in the plan's order.

    Args:
        ledger: with the trial.
        trial_id: of the trial.
        baseline: name of the candidate that the others are compared with; the trial's own by default.
    """
    plan = query.find_trial(ledger, trial_id).plan
    if plan.decide.stop_early:
        return []
    named = {candidate.name: candidate for candidate in plan.candidates}
    base = named[baseline or plan.baseline]
    found: list[ParityChange] = []
    for task, layout in _iterate_tasks(ledger, trial_id, plan.tasks):
        for measure in _list_measures(task):
            theirs = _read_table(ledger, trial_id, base, task, measure, layout)
            for candidate in plan.candidates:
                if candidate is base or theirs is None:
                    continue
                own = _read_table(ledger, trial_id, candidate, task, measure, layout)
                if own is None:
                    continue
                margin = plan.decide.margins.get(measure.name, plan.decide.margin) if measure.unit == "1" else 0.0
                changes = compare_gaps(
                    own,
                    theirs,
                    layout.clusters,
                    plan.decide.confidence,
                    measure.bounds,
                    margin,
                    _make_rng(candidate.name, base.name, task.name, measure.name),
                )
                for place, change in zip(layout.columns, changes, strict=True):
                    if change is not None:
                        names = (candidate.name, base.name, task.name, measure.name, *place)
                        found.append(_make_change(names, change, margin, plan.decide.confidence, measure.unit))
    return found


def _iterate_tasks(ledger: Ledger, trial_id: str, tasks: Sequence[TaskRecord]) -> Iterator[tuple[TaskRecord, _Layout]]:
    """Yield the tasks about harm whose questions are about groups, each with its layout."""
    for task in tasks:
        layout = _lay_out(ledger, trial_id, task) if task.card.harms is not None else None
        if layout is not None:
            yield task, layout


def _lay_out(ledger: Ledger, trial_id: str, task: TaskRecord) -> _Layout | None:
    """Return where a task's items stand; None if none is about a group."""
    asked = query.read_order(ledger, trial_id, task.id)
    items = query.read_items(ledger, task.id)
    columns: dict[_Place, int] = {}
    rows: dict[tuple[str, str], int] = {}
    places: dict[str, tuple[int, int]] = {}
    clusters: list[int] = []
    for _, item_id in sorted(zip(asked.doc_ids, asked.item_ids, strict=True)):
        data = items[item_id].data
        attribute, group, pair = (data.get(key) for key in ("attribute", "group", "pair"))
        if not (isinstance(attribute, str) and isinstance(group, str) and attribute and group):
            continue
        where = str(pair) if pair else items[item_id].cluster
        if (attribute, where) not in rows:
            rows[attribute, where] = len(rows)
            clusters.append(int(asked.clusters[asked.position[item_id]]))
        column = columns.setdefault((attribute, group), len(columns))
        places[item_id] = (rows[attribute, where], column)
    if not places:
        return None
    return _Layout(tuple(columns), len(rows), places, np.array(clusters, dtype=np.int64))


def _list_measures(task: TaskRecord) -> list[MeasureRecord]:
    """Return the measures of a task that grade answers, as means; not what answering cost."""
    return [one for one in task.card.measures if one.transform == "identity" and one.unit not in COST_UNITS]


def _read_table(
    ledger: Ledger, trial_id: str, candidate: CandidateRecord, task: TaskRecord, measure: MeasureRecord, layout: _Layout
) -> Floats | None:
    """Return (pairs, groups) values of a measure, NaN where there is none; None if there are none at all."""
    if candidate.name in task.unasked:
        return None
    read = query.read_values(ledger, trial_id, candidate.id, task.id, measure.name)
    above, below = (np.zeros((layout.rows, len(layout.columns))) for _ in range(2))
    for item_id, value, weight in zip(read.item_ids, read.values, read.weights, strict=True):
        if item_id in layout.places:
            above[layout.places[item_id]] += weight * value
            below[layout.places[item_id]] += weight
    if not below.any():
        return None
    table: Floats = np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)
    return table


def _make_gap(
    candidate: CandidateRecord, task: TaskRecord, measure: MeasureRecord, place: _Place, gap: GroupGap, sure: float
) -> ParityGap:
    return ParityGap(
        candidate=candidate.name,
        task=task.name,
        measure=measure.name,
        attribute=place[0],
        group=place[1],
        higher_is_better=measure.higher_is_better,
        mean=gap.mean,
        others=gap.others,
        gap=gap.gap,
        low=gap.low,
        high=gap.high,
        p_value=gap.p_value,
        standardised=gap.standardised,
        pairs=gap.pairs,
        confidence=sure,
        unit=measure.unit,
    )


def _forget_interval(gap: ParityGap) -> ParityGap:
    return replace(gap, low=-math.inf, high=math.inf, p_value=None)


def _make_change(names: tuple[str, ...], change: GapChange, margin: float, sure: float, unit: str) -> ParityChange:
    candidate, baseline, task, measure, attribute, group = names
    return ParityChange(
        candidate=candidate,
        baseline=baseline,
        task=task,
        measure=measure,
        attribute=attribute,
        group=group,
        gap=change.a,
        baseline_gap=change.b,
        difference=change.difference,
        low=change.low,
        high=change.high,
        p_value=change.p_value,
        word=change.word,
        margin=margin,
        pairs=change.pairs,
        confidence=sure,
        unit=unit,
    )


def _make_rng(*names: str) -> np.random.Generator:
    """Return draws that are the same for the same question, so that a report made again says the same."""
    return np.random.default_rng([zlib.crc32(name.encode()) for name in names])
