"""Keeping votes in a ledger, one transaction each, and telling what they say."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fairtrial.ledger import Ledger
from fairtrial.ledger.votes import Vote, add_vote

VotedCandidate = tuple[str, str, Mapping[str, Any]]
"""A candidate's id, its name and its specification."""


class Ballot:
    """Keeps votes.

    Attributes:
        path: of the ledger.
    """

    def __init__(
        self, path: Path, people: Mapping[str, VotedCandidate], count: Callable[[Ledger], Mapping[str, Any]]
    ) -> None:
        """Begin.

        Args:
            path: of the ledger.
            people: candidates that may be voted on, by their ids.
            count: tells what the votes of a ledger say, as JSON values.

        Raises LedgerError if the ledger cannot be written.
        """
        self.path, self._people, self._count = path, people, count
        self._lock = threading.Lock()
        with Ledger.open(path) as ledger, ledger.writing(wait_seconds=10):
            self._add_people(ledger, people)

    def add(self, vote: Vote) -> None:
        """Keep a vote.  Raises LedgerError if that cannot be done."""
        with self._lock, Ledger.open(self.path) as ledger, ledger.writing(wait_seconds=30):
            self._add_people(ledger, (vote.left, vote.right))
            add_vote(ledger, vote)

    def tell(self) -> Mapping[str, Any]:
        """Return what all votes so far say."""
        with Ledger.open(self.path, create=False) as ledger:
            return self._count(ledger)

    def _add_people(self, ledger: Ledger, ids: Any) -> None:
        for one in ids:
            ledger.add_candidate(*self._people[one])
