"""What a trial's plan asks, and the rule that decides each question."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import CandidateRecord, TaskRecord, TrialRecord
from fairtrial.records import Measure
from fairtrial.stats.families import compute_shared_level
from fairtrial.stats.paired import PairedSample, Rule

MEASURED_UNITS = frozenset({"s", "J", "W", "g", "USD", "B/s", "token/s"})
"""Units of quantities that come out otherwise when measured again."""


@dataclass(frozen=True, slots=True)
class TrialQuestion:
    """One pair, task and measure of a trial's plan, with the rule that decides it.

    Attributes:
        stops_early: whether the trial may stop when its questions are settled, so that looks count.
        earlier: ids of the candidates whose values of this measure were known for every item before the trial began.
        family: questions of the trial, this one included: what a word means is said of all of them together.
        ended_by: where this measure has no bounds, and so no look before the end: the trial's questions about the same
            candidates and task that have bounds.  When they are settled, so is when to stop, and this one is judged
            once.
    """

    a: CandidateRecord
    b: CandidateRecord
    task: TaskRecord
    measure: MeasureRecord
    rule: Rule
    stops_early: bool = False
    earlier: tuple[str, ...] = ()
    ended_by: tuple[TrialQuestion, ...] = ()
    family: int = 1

    def make_family_rule(self, excluded: int = 0) -> Rule:
        """Return the rule by which its word holds among all questions of the trial.

        See `fairtrial.stats.families.compute_shared_level`; with no ``excluded`` ones this is what ends the asking.
        """
        if self.family == 1:
            return self.rule
        return replace(self.rule, confidence=1 - compute_shared_level(self.family, excluded, 1 - self.rule.confidence))


def iterate_questions(plan: TrialRecord, baseline: str = "") -> Iterator[TrialQuestion]:
    """Yield what a trial's plan asks: each task, each of its verdict measures, each candidate but the baseline.

    With another baseline than the trial's: what is then asked of the same answers.  What ended the asking are still
    the trial's own questions.
    """
    candidates = {candidate.name: candidate for candidate in plan.candidates}
    own, other = candidates[plan.baseline], candidates[baseline or plan.baseline]
    early = plan.decide.stop_early
    family = sum(len(list(_iterate_task_questions(plan, task, own))) for task in plan.tasks)
    for task in plan.tasks:
        for question in (replace(q, family=family) for q in _iterate_task_questions(plan, task, other)):
            if early and question.rule.bounds is None:
                pair = {question.a.name, other.name}
                ended = (
                    q
                    for q in _iterate_task_questions(plan, task, own)
                    if q.rule.bounds is not None and q.a.name in pair
                )
                question = replace(question, ended_by=tuple(replace(q, family=family) for q in ended))
            yield question


def _iterate_task_questions(plan: TrialRecord, task: TaskRecord, baseline: CandidateRecord) -> Iterator[TrialQuestion]:
    """Yield the questions on one task about one baseline, without the ones that end them."""
    measures = {measure.name: measure for measure in task.card.measures}
    early = plan.decide.stop_early
    known = {(e.task, e.measure): e.candidates for e in plan.earlier}
    for name in task.measures:
        for candidate in plan.candidates:
            if candidate.name != baseline.name and not {candidate.name, baseline.name} & {*task.unasked}:
                rule = make_rule(plan, task, measures[name], (candidate, baseline))
                told = known.get((task.id, name), ())
                yield TrialQuestion(candidate, baseline, task, measures[name], rule, early, told)


def make_rule(
    plan: TrialRecord,
    task: TaskRecord,
    measure: Measure,
    pair: tuple[CandidateRecord, CandidateRecord],
) -> Rule:
    """Return the rule for one question: the trial's ``decide`` section with what the measure says about itself.

    A task that asks only its first items makes no random sample of the others: its benchmark is those items.  A task's
    ``order`` (``items`` or ``clusters``) and ``largest_cluster`` say what was shuffled; items if absent.  The margin
    is as it was written, a share; see `scale_margin`.
    """
    decide = plan.decide
    margin = decide.margins.get(measure.name, decide.margin)
    if measure.bounds is not None and measure.unit != "1":  # a scale such as 1 to 5: a share of its range
        margin *= float(measure.bounds[1]) - float(measure.bounds[0])
    sampled = any(candidate.spec.sampled for candidate in pair)
    repeated = task.entry.repeats > 1
    return Rule(
        margin=margin,
        confidence=decide.confidence,
        target=decide.target,
        total=task.planned_items if task.entry.sample == "first" else task.items_total,
        higher_is_better=measure.higher_is_better,
        bounds=get_bounds(measure),
        transform=measure.transform,
        noisy=sampled or repeated or measure.unit in MEASURED_UNITS,
        shuffled=task.order,
        largest_cluster=task.largest_cluster,
    )


def scale_margin(rule: Rule, measure: Measure, sample: PairedSample) -> Rule:
    """Return the rule with its margin in the unit of the measure's differences.

    A margin is written as a share.  Of shares it is as many points; of scales (other measures with bounds) `make_rule`
    has taken that share of their range; of logarithms
    (perplexities) a ratio, which is what a difference of logarithms is; of all else, which has a unit and no bounds,
    that share of the baseline's value on the items at hand.
    """
    if rule.bounds is not None or measure.transform == "exp" or measure.unit == "nat" or not rule.margin:
        return rule
    total = float(sample.b_weights.sum())
    value = float((sample.b_values * sample.b_weights).sum()) / total if total > 0 else 0.0
    return replace(rule, margin=rule.margin * abs(value))


def get_bounds(measure: Measure) -> tuple[float, float] | None:
    """Return the measure's bounds as numbers, or None."""
    bounds = measure.bounds
    return None if bounds is None else (float(bounds[0]), float(bounds[1]))


def get_transformed_unit(measure: Measure) -> str:
    """Return the unit of a measure after its transform; a perplexity has none."""
    return "" if measure.transform == "exp" else measure.unit
