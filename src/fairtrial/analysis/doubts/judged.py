"""Doubts about numbers that a judge gave: another model's opinion, and how far people share it."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.analysis.judges import FEWEST_LABELS, JudgeAgreement, JudgeReport, find_judges
from fairtrial.ledger import Ledger, query

LOW_KAPPA = 0.4
"""Agreement beyond chance below which a judge's grades say little; "fair" at best by Landis and Koch 1977."""


def find_judge_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield, for each judge and what it grades, how far it agrees with people; and who grades its own answers."""
    if not trial.plan.judges:
        return
    for judge in find_judges(ledger, trial.id):
        for task, measure in judge.uses:
            yield _tell_agreement(judge, task, measure)
            found = judge.agreements.get((task, measure))
            if found is not None and found.left_out:
                yield _tell_left_out(judge, task, measure, found)
        if judge.on_trial:
            text = f"{judge.name} is on trial and grades its own answers: judges prefer what they wrote themselves."
            yield Doubt("own_judge", text, candidate=judge.name, headline=True)


def _tell_left_out(judge: JudgeReport, task: str, measure: str, found: JudgeAgreement) -> Doubt:
    """Return that a judge was trained on answers by which it was to be examined."""
    asked = found.left_out + found.count + found.unread
    text = (
        f"The judge {judge.name}, which gives {measure} on {task}, was trained on {found.left_out:,} of the {asked:,} "
        f"graded answers of {found.file}. They are left out of its agreement with people and of corrected values; "
        "where they are answers of this trial, its grades of these repeat what it learned."
    )
    return Doubt("judge_trained_on_labels", text, task, "", found.left_out, asked, True)


def _tell_agreement(judge: JudgeReport, task: str, measure: str) -> Doubt:
    found = judge.agreements.get((task, measure))
    what = f"{measure} on {task} is the opinion of a model, {judge.name}"
    if found is None:
        return Doubt(
            "judge_unexamined",
            f"{what}, and nobody has measured how far people agree with it: give it graded answers (labels: FILE).",
            task,
            headline=True,
        )
    text = f"{what}, which {found.describe()}."
    if found.same is None:
        return Doubt("judge_unexamined", text, task, headline=True)
    if found.kappa is None and found.same.mean == 1.0:
        text += " All of these have one grade, so that nothing is known of answers of other quality."
        return Doubt("judge_disagrees", text, task, count=found.count, headline=True)
    if found.kappa is None or found.kappa.mean < LOW_KAPPA:
        text += " That is little more than chance."
        return Doubt("judge_disagrees", text, task, count=found.count, headline=True)
    if found.count < FEWEST_LABELS:
        text += " So few graded answers say little."
    return Doubt("judged", text, task, count=found.count, headline=found.count < FEWEST_LABELS)
