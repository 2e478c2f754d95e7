"""What a doubt is."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fairtrial.ledger import Ledger, query


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason to doubt a number of a trial, or what must be known before it is believed.

    Attributes:
        kind: name of the reason, e.g. ``unread``; one word, for programs.
        text: the reason as one or two plain sentences that name candidate and task, for people.
        task: name of the task that it is about; empty if it is about none in particular.
        candidate: name of the candidate that it is about; empty if it is about the items, or about all.
        count: how many answers or items it concerns; None where nothing is counted.
        of: of how many.
        headline: whether the headline must say it, because the verdict or the score may mean something else.
    """

    kind: str
    text: str
    task: str = ""
    candidate: str = ""
    count: int | None = None
    of: int | None = None
    headline: bool = False

    def document(self) -> dict[str, Any]:
        """Return the doubt as JSON values."""
        return asdict(self)


HEADLINE_SHARE = 0.05
"""Share of a candidate's answers, or of a task's items, from which the headline says what is odd about them.

They are not odd at random, and 5 points are more than most differences that trials are about."""


def is_grave(count: int, of: int) -> bool:
    """Return whether so many of so many belong in the headline."""
    return count >= HEADLINE_SHARE * of


def get_names_by_id(trial: query.TrialRow) -> tuple[Mapping[str, str], Mapping[str, str]]:
    """Return the names of a trial's candidates and of its tasks, by their ids: the first one of several."""
    return {c.id: c.name for c in reversed(trial.plan.candidates)}, {t.id: t.name for t in trial.plan.tasks}


DoubtFinder = Callable[[Ledger, query.TrialRow], Iterable[Doubt]]
"""Looks through one trial in a ledger for doubts of one family."""
