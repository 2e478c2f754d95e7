"""What the combinations of steps have on the same items, and the answers to what is asked of them.

All answers of one family hold together: each task has its share of what may go wrong, and within a task the intervals
are those of `fairtrial.stats.factorial.estimate_contrasts`.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.verdicts import get_bounds, make_rule, scale_margin
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.factorial import ContrastEstimate, estimate_contrasts
from fairtrial.stats.intervals import estimate
from fairtrial.stats.paired import PairedSample, Rule, Word, choose_verdict
from fairtrial.studies.base import Interval
from fairtrial.studies.levers.design import Arm, LeverDesign, StepQuestion

SEED = 11
"""What is drawn at random, with the trial's seed."""
_Asked = tuple[TaskRecord, MeasureRecord]


@dataclass(frozen=True, slots=True)
class ArmValues:
    """What the combinations have of one measure.

    Attributes:
        arms: in the order of the columns.
        values: (n, A) NaN where a combination has none.
        clusters: (n,) of the items.
    """

    arms: tuple[Arm, ...]
    values: Floats
    clusters: Ints

    def get_column(self, arm: Arm) -> Floats:
        """Return (n,) the values of a combination."""
        column: Floats = self.values[:, self.arms.index(arm)]
        return column

    def weigh(self, question: StepQuestion) -> Floats:
        """Return (A,) a question's weights in the order of the columns."""
        weights = dict(question.weights)
        return np.array([weights.get(arm, 0.0) for arm in self.arms])

    def keep_complete(self, arms: Sequence[Arm]) -> ArmValues:
        """Return the items that all of some combinations have."""
        kept = np.isfinite(np.stack([self.get_column(arm) for arm in arms], axis=1)).all(axis=1)
        return replace(self, values=self.values[kept], clusters=self.clusters[kept])


@dataclass(frozen=True, slots=True)
class StepAnswer:
    """The answer to one question on one task and measure.

    Attributes:
        found: the contrast, whose interval holds together with those of its family.
        word: that it gives, by the trial's margin.
        margin: differences inside +-margin do not matter; in the measure's unit.
        before, after: means without and with the steps on the same items; NaN for an interaction or an order.
    """

    question: StepQuestion
    task: TaskRecord
    measure: MeasureRecord
    found: ContrastEstimate
    word: Word
    margin: float
    before: float
    after: float

    @property
    def interval(self) -> Interval:
        """The change with its interval."""
        return Interval(self.found.value, self.found.low, self.found.high)

    @property
    def may_lose(self) -> bool:
        """Whether it may be worse by more than the margin."""
        low, high = self.found.low, self.found.high
        return high > self.margin if self.measure.higher_is_better is False else low < -self.margin

    @property
    def may_gain(self) -> bool:
        """Whether it may be better by more than the margin."""
        low, high = self.found.low, self.found.high
        return low < -self.margin if self.measure.higher_is_better is False else high > self.margin


Answers = Mapping[tuple[StepQuestion, str, str], StepAnswer]
"""By question, name of the task, and measure."""


def gather_values(rows: TrialValues, design: LeverDesign, task: TaskRecord, measure: str) -> ArmValues | None:
    """Return what all combinations have of a measure; None if none has any, or items do not weigh the same."""
    cells = [rows.cell(name, task, measure) for name in design.names.values()]
    every = [cell for cell in cells if cell.at.size]
    if not every or any((cell.weights != 1).any() for cell in every):
        return None
    places = np.unique(np.concatenate([cell.at for cell in every])).astype(np.int64)
    values = np.full((places.size, len(cells)), np.nan)
    for column, cell in enumerate(cells):
        values[np.searchsorted(places, cell.at), column] = cell.values
    return ArmValues(tuple(design.arms), values, rows.clusters(task, places))


def is_comparable(measure: MeasureRecord) -> bool:
    """Return whether differences of means say something: the values are shown as they are."""
    return measure.transform == "identity"


def answer_questions(
    rows: TrialValues, design: LeverDesign, questions: Sequence[StepQuestion], asked: Iterable[_Asked]
) -> dict[tuple[StepQuestion, str, str], StepAnswer]:
    """Return the answers to all questions on all of some tasks and measures, which hold together."""
    known = [
        (task, measure, values)
        for task, measure in asked
        if is_comparable(measure) and (values := gather_values(rows, design, task, measure.name)) is not None
    ]
    confidence = 1 - (1 - rows.confidence) / max(1, len(known))
    found = {}
    for task, measure, values in known:
        rng = np.random.default_rng([rows.plan.seed, SEED, zlib.crc32(f"{task.id}:{measure.name}".encode())])
        weights = [values.weigh(question) for question in questions]
        bounds = get_bounds(measure)
        estimates = estimate_contrasts(values.values, values.clusters, weights, confidence, bounds, rng)
        for question, one in zip(questions, estimates, strict=True):
            if one is not None:
                key = (question, task.name, measure.name)
                found[key] = _make_answer(rows, design, (question, task, measure), values, one)
    return found


def _make_answer(
    rows: TrialValues,
    design: LeverDesign,
    asked: tuple[StepQuestion, TaskRecord, MeasureRecord],
    values: ArmValues,
    found: ContrastEstimate,
) -> StepAnswer:
    question, task, measure = asked
    arms = [arm for arm, weight in question.weights if weight]
    used = values.keep_complete(arms)
    before, after = question.weigh_ends({arm: float(used.get_column(arm).mean()) for arm in arms})
    rule = _scale_rule(rows, design, task, measure, used)
    word = choose_verdict(found.low, found.high, rule)
    return StepAnswer(question, task, measure, found, word, rule.margin, before, after)


def _scale_rule(
    rows: TrialValues, design: LeverDesign, task: TaskRecord, measure: MeasureRecord, values: ArmValues
) -> Rule:
    """Return the trial's rule with its margin in the measure's unit, as a share of the base's value where it is one."""
    base = rows.candidate(design.base)
    column = values.values[:, 0]
    column = column[np.isfinite(column)]
    sample = PairedSample(column, np.ones_like(column), column, np.ones_like(column), np.zeros(column.size, np.int64))
    return scale_margin(make_rule(rows.plan, task, measure, (base, base)), measure, sample)


def estimate_level(values: ArmValues, arm: Arm, measure: MeasureRecord | None, confidence: float) -> Interval:
    """Return a combination's mean with its interval alone."""
    column = values.get_column(arm)
    there = np.isfinite(column)
    bounds = None if measure is None else get_bounds(measure)
    got = estimate(column[there], np.ones(int(there.sum())), values.clusters[there], confidence, bounds)
    return Interval(got.mean, got.low, got.high)
