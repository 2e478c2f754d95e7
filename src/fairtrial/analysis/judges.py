"""Judges of a trial: what they graded, what that cost, and how far they agree with people.  Reads the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.judged import LabelledGrade, read_judge_costs, read_labelled_grades
from fairtrial.ledger.plan import CandidateRecord, TrialRecord
from fairtrial.ledger.training import find_graded_on
from fairtrial.stats.agreement import estimate_kappa
from fairtrial.stats.intervals import IntervalEstimate, estimate
from fairtrial.stats.prediction_powered import estimate_correlation, estimate_error

FEWEST_LABELS = 20
"""Graded answers below which nobody knows how far a judge agrees with people."""


@dataclass(frozen=True, slots=True)
class JudgeAgreement:
    """How far a judge agrees with people about the answers that they have graded.

    Attributes:
        count: answers that both have graded.
        unread: answers of which the judge gave no grade that could be read.
        same: share of ``count`` with the same grade, with its interval.
        kappa: agreement beyond chance, quadratic weights; None where it is not defined.
        file: where the grades of people are from.
        error: mean of the grade of people less the judge's, with its interval; the scale is 0 to 1.
        verbosity: correlation of the judge's grade less that of people with the logarithm of an answer's words, above 0
            where it is kind to long answers; None where it is not defined.
        left_out: answers that people have graded and on which nothing here is counted: the judge was trained on them.
    """

    count: int
    unread: int
    same: IntervalEstimate | None
    kappa: IntervalEstimate | None
    file: str
    error: IntervalEstimate | None = None
    verbosity: IntervalEstimate | None = None
    left_out: int = 0

    def describe(self) -> str:
        """Return it in words, for people."""
        if self.same is None and self.left_out and not self.unread:
            return "was trained on all answers by which its agreement with people could be measured"
        if self.same is None:
            return f"gave no grade that could be read to the {self.unread} answers that people have graded"
        low, high = round(100 * self.same.low), round(100 * self.same.high)
        text = f"agrees with people on {100 * self.same.mean:.0f}% [{low}, {high}] of {self.count} graded answers"
        if self.kappa is not None:
            text += f", kappa {self.kappa.mean:z.2f} [{self.kappa.low:z.2f}, {self.kappa.high:z.2f}]"
        text += f"; {self.unread} more could not be read" if self.unread else ""
        text += f" ({self.left_out:,} left out, which it was trained on)" if self.left_out else ""
        return text + self._describe_verbosity()

    def _describe_verbosity(self) -> str:
        """Return in words that the judge prefers long answers, or short ones; empty where neither is certain."""
        found = self.verbosity
        if found is None or found.low <= 0 <= found.high:
            return ""
        kind = "long" if found.mean > 0 else "short"
        return (
            f"; it is kinder to {kind} answers than people are (correlation of its error with length "
            f"{found.mean:.2f} [{found.low:.2f}, {found.high:.2f}])"
        )


@dataclass(frozen=True, slots=True)
class JudgeReport:
    """One judge.

    Attributes:
        name: in the trial.
        on_trial: whether it judges its own answers as well.
        uses: (task, measure) that it gives, by name.
        agreements: by the (task, measure) that they are about.
        judged: answers that it has graded.
        costs: measure to its sum over them; what was not measured is not in it.
    """

    name: str
    on_trial: bool
    uses: tuple[tuple[str, str], ...]
    agreements: Mapping[tuple[str, str], JudgeAgreement]
    judged: int
    costs: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "name": self.name,
            "on_trial": self.on_trial,
            "judged": self.judged,
            "costs": dict(self.costs),
            "uses": [
                {
                    "task": task,
                    "measure": measure,
                    "agreement": asdict(found) if (found := self.agreements.get((task, measure))) else None,
                }
                for task, measure in self.uses
            ],
        }


def find_judges(ledger: Ledger, trial_id: str) -> list[JudgeReport]:
    """Return the judges of a trial; none where nobody judges."""
    trial = query.find_trial(ledger, trial_id)
    plan = trial.plan
    tasks = {task.id: task.name for task in plan.tasks}
    on_trial = {candidate.id for candidate in plan.candidates}
    found = []
    for judge in plan.judges:
        mine = [one for one in plan.judgings if one.judge == judge.id]
        uses = tuple(dict.fromkeys((tasks[one.task], one.measure) for one in mine if one.task in tasks))
        kept = [one.id for one in mine] + [one.id for one in plan.examinations if one.judge == judge.id]
        judged, costs = read_judge_costs(ledger, judge.id, kept)
        agreements = dict(_find_agreements(ledger, plan, judge, tasks))
        found.append(JudgeReport(judge.name, judge.id in on_trial, uses, agreements, judged, costs))
    return found


def _find_agreements(
    ledger: Ledger, plan: TrialRecord, judge: CandidateRecord, tasks: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str], JudgeAgreement]]:
    trained_on = find_graded_on(plan.training, judge.name)
    for one in plan.examinations:
        if one.judge != judge.id:
            continue
        scale = one.card.settings.document.get("scale")
        grades = [str(grade) for grade in scale] if isinstance(scale, list) else []
        rows = read_labelled_grades(ledger, judge.id, one.id)
        fair = [row for row in rows if row.item_id not in trained_on]
        agreement = _measure_agreement(fair, grades, plan.decide.confidence, one.card.name)
        agreement = replace(agreement, left_out=len(rows) - len(fair))
        for task, measure in one.uses:
            if task in tasks:
                yield (tasks[task], measure), agreement


def _measure_agreement(
    rows: Sequence[LabelledGrade], grades: Sequence[str], confidence: float, file: str
) -> JudgeAgreement:
    """Return the agreement of people and a judge about the same answers."""
    both = [
        (grades.index(one.people) / (len(grades) - 1), one.judge, one.words) for one in rows if one.judge is not None
    ]
    unread = len(rows) - len(both)
    if not both:
        return JudgeAgreement(0, unread, None, None, file)
    people, judge, words = (np.array(column, dtype=np.float64) for column in zip(*both, strict=True))
    same = (np.abs(people - judge) < 1e-9).astype(np.float64)
    ones, codes = np.ones(len(same)), np.arange(len(same))
    share = estimate(same, ones, codes, confidence, (0.0, 1.0))
    kappa = estimate_kappa(people, judge, confidence, np.random.default_rng(0))
    error = estimate_error(people, judge, confidence)
    verbosity = estimate_correlation(judge - people, np.log1p(words), confidence, np.random.default_rng(0))
    return JudgeAgreement(len(both), unread, share, kappa, file, error, verbosity)
