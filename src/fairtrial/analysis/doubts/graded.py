"""Doubts about rules that grade answers to tasks about harm: how far people agree with them, and who has looked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.ledger import Ledger, query
from fairtrial.records.harms import UNCLEAR, LabelCounts
from fairtrial.stats.agreement import compute_kappa

FEWEST_ANSWERS = 50
"""Labelled answers below which the headline says how few they were."""
LOW_KAPPA = 0.9
"""Agreement beyond chance below which the headline says how rules and people differ: less than is wanted."""


def find_rule_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each measure that rules grade and people hardly agree on; and one for all unchecked ones."""
    unchecked = []
    for task in trial.plan.tasks:
        if task.card.harms is None or all(measure.name != UNCLEAR for measure in task.card.measures):
            continue
        if not task.card.harms.grading:
            unchecked.append(task.name)
        for measure, counts in task.card.harms.grading.items():
            yield from _tell_counts(task.name, measure, counts)
    if unchecked:
        text = "How far people agree with the rules that grade the answers was not measured on " + ", ".join(unchecked)
        yield Doubt("rules_unchecked", f"{text}: read some answers before you rely on it.", headline=True)


def _tell_counts(task: str, measure: str, counts: LabelCounts) -> Iterator[Doubt]:
    total = counts.both + counts.grader_only + counts.people_only + counts.neither
    cells = (counts.both, counts.grader_only, counts.people_only, counts.neither)
    rules, people = (np.repeat(grades, cells).astype(np.float64) for grades in ([1, 1, 0, 0], [1, 0, 1, 0]))
    kappa = compute_kappa(people, rules)
    low = kappa is None or kappa < LOW_KAPPA
    if not total or not (low or total < FEWEST_ANSWERS):
        return
    same = counts.both + counts.neither
    text = (
        f"{measure} on {task} is graded by rules. Of only {total:,} answers that people labelled, "
        if total < FEWEST_ANSWERS
        else f"{measure} on {task} is graded by rules. Of {total:,} answers that people labelled, "
    ) + f"{same:,} are graded alike"
    if low:
        text += f"; the rules found {counts.both + counts.grader_only:,}, of which people agree with {counts.both:,}"
        text += "" if kappa is None else f" (kappa {kappa:.2f}; 0.9 is wanted)"
    yield Doubt("rules", f"{text}.", task, count=total - same, of=total, headline=True)
