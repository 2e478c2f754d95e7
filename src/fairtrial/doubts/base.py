"""What a doubt is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
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


Finder = Callable[[Ledger, query.TrialRow], Iterable[Doubt]]
"""Looks through one trial in a ledger for doubts of one family."""
