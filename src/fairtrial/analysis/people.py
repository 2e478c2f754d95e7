"""How far people agree with the grades of a trial, by the marks that they left.  Reads the ledger only.

Answers that were drawn at random for people to look at say something about all answers; those that people chose, to
complain or to confirm, do not.  Where there are any of the first kind, they alone are counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.marks import GradeMark, read_marks
from fairtrial.stats.intervals import IntervalEstimate, estimate

SHARE = (0.0, 1.0)


@dataclass(frozen=True, slots=True)
class PeopleAgreement:
    """How far people agree with the grades of one task (one measure).

    Attributes:
        task, measure: names.
        count: grades that were looked at; what several people say of one grade is averaged.
        wrong: those of them that at least half of the people take for wrong.
        drawn: whether the answers were drawn at random; else people chose them.
        chosen: grades that were marked beside those drawn, and are not counted.
        share: of the grades that people take for right, with its interval; one answer a unit.
        people: how many there were, by their names.
    """

    task: str
    measure: str
    count: int
    wrong: int
    drawn: bool
    chosen: int
    share: IntervalEstimate
    people: int

    def describe(self) -> str:
        """Return it in a sentence."""
        ends = f"{100 * self.share.low:.0f} to {100 * self.share.high:.0f}%"
        how = "drawn at random" if self.drawn else "that people chose, which says nothing certain about the others"
        grades = "grade" if self.count == 1 else "grades"
        sure = (
            f"people agree with {100 * self.share.mean:.0f}% [{ends}]"
            if self.drawn
            else (f"people agree with {self.count - self.wrong:,}")
        )
        return (
            f"{self.task} ({self.measure}): of {self.count:,} {grades} {how}, {sure} and take {self.wrong:,} for wrong."
        )


def find_people_agreements(ledger: Ledger, trial: query.TrialRow) -> list[PeopleAgreement]:
    """Return, for each task and measure of which grades were marked, how far people agree; in the plan's order."""
    candidates = [candidate.id for candidate in trial.plan.candidates]
    return [
        found
        for task in trial.plan.tasks
        for found in _gather(task.name, read_marks(ledger, task.id, candidates), trial.plan.decide.confidence)
    ]


def _gather(task: str, marks: Sequence[GradeMark], confidence: float) -> Iterator[PeopleAgreement]:
    for measure in dict.fromkeys(mark.place.measure for mark in marks):
        own = [mark for mark in marks if mark.place.measure == measure]
        drawn = [mark for mark in own if mark.drawn]
        counted = drawn or own
        said: dict[tuple[str, str, int], list[bool]] = {}
        for mark in counted:
            said.setdefault((mark.place.candidate, mark.place.item, mark.place.repeat), []).append(mark.agrees)
        shares = np.array([np.mean(votes) for votes in said.values()], dtype=np.float64)
        items = {item: at for at, item in enumerate(dict.fromkeys(item for _, item, _ in said))}
        clusters = np.array([items[item] for _, item, _ in said], dtype=np.int64)
        yield PeopleAgreement(
            task,
            measure,
            count=len(said),
            wrong=int((shares <= 0.5).sum()),
            drawn=bool(drawn),
            chosen=len({mark.place for mark in own}) - len(said) if drawn else 0,
            share=estimate(shares, np.ones(shares.size), clusters, confidence, SHARE),
            people=len({mark.who for mark in counted}),
        )
