"""Reliability diagrams: how often answers are right, by how sure the candidate is of them.

Of every task whose card has an expected calibration error; it is made of the same counts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.corpus import read_counts
from fairtrial.stats.calibration import ReliabilityBin, tabulate_reliability

FORMULA = "ece"


@dataclass(frozen=True, slots=True)
class Reliability:
    """One candidate's reliability on one task.

    Attributes:
        candidate, task: names as the trial's author wrote them.
        score: name of the calibration error on the task's card.
        answers: that have a confidence; of repeats each is one.
        bins: those that hold answers, by rising confidence.
    """

    candidate: str
    task: str
    score: str
    answers: int
    bins: Sequence[ReliabilityBin]


def find_reliability(ledger: Ledger, trial_id: str) -> list[Reliability]:
    """Return the reliability of each candidate on each task that measures it, in the plan's order."""
    plan = query.find_trial(ledger, trial_id).plan
    found = []
    for task in plan.tasks:
        for score in task.card.corpus:
            for candidate in plan.candidates if score.formula == FORMULA else ():
                sums: Counter[str] = Counter()
                for answer in read_counts(ledger, trial_id, candidate.id, task.id, score.name):
                    sums.update(answer.counts)
                if bins := tabulate_reliability(sums):
                    answers = round(sum(one.count for one in bins))
                    found.append(Reliability(candidate.name, task.name, score.name, answers, bins))
    return found
