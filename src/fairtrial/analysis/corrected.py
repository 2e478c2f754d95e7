"""Means of grades that a judge or rules gave, corrected for the errors that they make on answers graded by people.

A corrected value stands beside the plain one and never in its place: verdicts are about what was measured.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from fairtrial.analysis.judges import FEWEST_LABELS, JudgeReport
from fairtrial.analysis.verdicts import Estimate
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TrialRecord
from fairtrial.ledger.signs import count_signs
from fairtrial.stats.intervals import IntervalEstimate
from fairtrial.stats.prediction_powered import correct_mean, correct_rate

GradedBy = Literal["judge", "rules"]
HELD_BACK = ("guard_blocked", "guard_referred")
"""Signs of answers that a guard gave in place of the model's."""
ASSUMES: dict[GradedBy, str] = {
    "judge": "The judge is as far from people on these answers, on average, as on those that people have graded.",
    "rules": "The rules err on these answers as often as on those that people have labelled, on answers that deserve "
    "a 1 and on those that deserve a 0 alike.",
}
"""What a correction rests on, by who graded."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """One candidate's value of a measure as people would probably have graded it.

    Attributes:
        candidate, task, measure: names as the trial's author wrote them.
        mean, low, high: the value with its interval.
        confidence: coverage of the interval.
        by: who gave the grades that are corrected.
        graded: answers graded by people that the correction rests on.
        source: where these are from.
    """

    candidate: str
    task: str
    measure: str
    mean: float
    low: float
    high: float
    confidence: float
    by: GradedBy
    graded: int
    source: str

    def document(self) -> dict[str, Any]:
        """Return it as JSON values, with what it assumes."""
        return {**asdict(self), "assumes": ASSUMES[self.by]}


def find_corrected(
    plan: TrialRecord,
    estimates: Sequence[Estimate],
    judges: Sequence[JudgeReport],
    held: Collection[tuple[str, str]] = (),
) -> list[Corrected]:
    """Return the corrected values of a trial: of measures whose grader people have checked on enough answers.

    Only shares can be corrected, of measures that are shown as they are.

    Args:
        plan: of the trial.
        estimates: of it.
        judges: what is known of each.
        held: candidates and tasks, by name, with answers that a guard ended in its own words.  They are graded by what
            the guard did, so that the rules' errors are not those of all answers: nothing is corrected.
    """
    found: list[Corrected] = []
    shares = {
        (task.name, measure.name)
        for task in plan.tasks
        for measure in task.card.measures
        if measure.transform == "identity" and measure.bounds == (0.0, 1.0)
    }
    for one in estimates:
        if (one.task, one.measure) in shares:
            found += _correct_by_judge(one, judges)
            found += _correct_by_rules(one, plan) if (one.candidate, one.task) not in held else ()
    return found


def find_held_back_pairs(ledger: Ledger, trial_id: str) -> set[tuple[str, str]]:
    """Return the candidates and tasks of a trial, by name, with answers that a guard ended in its own words."""
    plan = query.find_trial(ledger, trial_id).plan
    signed = {(one.candidate_id, one.task_id) for one in count_signs(ledger, trial_id) if one.sign in HELD_BACK}
    return {(one.name, task.name) for one in plan.candidates for task in plan.tasks if (one.id, task.id) in signed}


def _correct_by_judge(one: Estimate, judges: Sequence[JudgeReport]) -> Iterator[Corrected]:
    for judge in judges:
        agreement = judge.agreements.get((one.task, one.measure))
        if agreement is not None and agreement.error is not None and agreement.count >= FEWEST_LABELS:
            made = correct_mean(IntervalEstimate(one.mean, one.low, one.high), agreement.error)
            yield _make(one, made, "judge", agreement.count, agreement.file)


def _correct_by_rules(one: Estimate, plan: TrialRecord) -> Iterator[Corrected]:
    card = next((task.card for task in plan.tasks if task.name == one.task), None)
    labels = card.harms.grading.get(one.measure) if card is not None and card.harms is not None else None
    if labels is None:
        return
    counts = (labels.both, labels.grader_only, labels.people_only, labels.neither)
    made = correct_rate(IntervalEstimate(one.mean, one.low, one.high), counts, one.confidence)
    if made is not None and sum(counts) >= FEWEST_LABELS:
        yield _make(one, made, "rules", sum(counts), labels.source)


def _make(one: Estimate, made: IntervalEstimate, by: GradedBy, graded: int, source: str) -> Corrected:
    return Corrected(
        one.candidate, one.task, one.measure, made.mean, made.low, made.high, one.confidence, by, graded, source
    )
