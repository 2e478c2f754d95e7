"""Doubts that follow from scores: worse than blind guessing, or no better where a tie is told; a candidate twice."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.analysis.verdicts import find_verdicts, get_bounds
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.intervals import IntervalEstimate, estimate


def find_guessing_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield who is certainly worse than blind guessing, and ties on tasks where nobody is certainly better than it.

    Of the first, the answers or the right answers may be misread; the second say little: guessers are alike.
    """
    at_chance = set()
    for task in trial.plan.tasks:
        chance = task.card.chance
        if not chance:
            continue
        scores = _estimate_scores(ledger, trial, task)
        if scores and all(found.low <= chance for found in scores.values()):
            at_chance.add(task.name)
        for candidate, found in scores.items():
            if found.high < chance:
                text = (
                    f"{candidate} is certainly worse than blind guessing on {task.name} ({found.mean:.1%} against "
                    f"{chance:.1%}): its answers, or the right ones, may be read wrongly."
                )
                yield Doubt("below_guessing", text, task.name, candidate, headline=True)
    for verdict in find_verdicts(ledger, trial.id) if at_chance else ():
        if verdict.task in at_chance and (verdict.verdict == "tied" or verdict.not_inferior):
            what = {
                "tied": f"{verdict.a} is as good as {verdict.b}",
                "better": f"{verdict.a} is better than {verdict.b}",
                "worse": f"{verdict.a} is worse than {verdict.b}, though within the margin,",
            }.get(verdict.verdict, f"{verdict.a} is not worse than {verdict.b}")
            text = (
                f"On {verdict.task} no candidate is certainly better than blind guessing, so it says little that "
                f"{what} there."
            )
            yield Doubt("guessed_tie", text, verdict.task, verdict.a, headline=True)


def _estimate_scores(ledger: Ledger, trial: query.TrialRow, task: TaskRecord) -> dict[str, IntervalEstimate]:
    """Return the main measure of each candidate that has answers, if it is one of which more is better."""
    name = task.card.main_measure
    measure = next(m for m in task.card.measures if m.name == name)
    if measure.higher_is_better is not True or measure.transform != "identity":
        return {}
    confidence, found = trial.plan.decide.confidence, {}
    for candidate in trial.plan.candidates:
        rows = query.read_values(ledger, trial.id, candidate.id, task.id, name)
        if (rows.weights > 0).any():
            found[candidate.name] = estimate(rows.values, rows.weights, rows.clusters, confidence, get_bounds(measure))
    return found


def find_same_candidate_doubts(_: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that stands trial under several names: it is compared with itself."""
    names: dict[str, list[str]] = {}
    for candidate in trial.plan.candidates:
        names.setdefault(candidate.id, []).append(candidate.name)
    for several in names.values():
        if len(several) > 1:
            named = f"{', '.join(several[:-1])} and {several[-1]}"
            text = f"{named} are one and the same candidate: same model, levers and settings, and the same answers."
            yield Doubt("same_candidate", text, candidate=several[0], headline=True)
