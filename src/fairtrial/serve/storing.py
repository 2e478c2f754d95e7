"""Keeping in a ledger a share of what is asked and answered, for a later comparison with the trial; and votes.

What users write is kept, so it is done only when asked for, and everyone who looks at ``/`` is told.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from fairtrial.errors import FairtrialError, SpecError
from fairtrial.ledger import Chunk, Ledger
from fairtrial.ledger.votes import Vote, add_vote
from fairtrial.records import GenerateAnswer, GenerateRequest

LOG = logging.getLogger("fairtrial.serve")
NOTICE = (
    "A share of the questions and answers is kept on the server operator's machine, with their full text, "
    "to compare live answers with tested ones. Do not send personal data."
)
MOST_HELD = 1000
"""Answers that may wait to be written; more are not kept."""
TOGETHER = 50


class Recorder:
    """Writes a share of the answers to a ledger, in a thread of its own.

    Attributes:
        path: of the ledger.
        share: of the answers that is kept, in (0, 1].
        kept, lost: answers written, and answers that could not be.
    """

    def __init__(
        self, path: Path, candidate: tuple[str, str, Mapping[str, Any]], share: float, secrets: Sequence[str] = ()
    ) -> None:
        """Begin; ``candidate`` is its id, its name and its specification.

        What names one of ``secrets``, the server's keys, is not kept.

        Raises SpecError for a share that is none, and LedgerError if the ledger cannot be written.
        """
        if not 0 < share <= 1:
            raise SpecError(f"--record-share {share:g}: must be above 0 and at most 1.")
        self.path, self.share, self.kept, self.lost = path, share, 0, 0
        self._candidate, self._secrets = candidate, tuple(secrets)
        self._random = random.Random()
        self._coming: queue.Queue[tuple[GenerateRequest, GenerateAnswer] | None] = queue.Queue(MOST_HELD)
        with Ledger.open(path) as ledger, ledger.writing(wait_seconds=10):
            ledger.add_candidate(*candidate)
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def note(self, request: GenerateRequest, answer: GenerateAnswer) -> None:
        """Keep an answer, or not: chance decides."""
        if self._random.random() < self.share:
            self.keep(request, answer)

    def keep(self, request: GenerateRequest, answer: GenerateAnswer) -> None:
        """Keep an answer, unless its question shows images, or a key of this server stands in either."""
        if request.prompt.images or self._names_secret(request, answer):
            return
        try:
            self._coming.put_nowait((request, answer))
        except queue.Full:
            self.lost += 1

    def _names_secret(self, request: GenerateRequest, answer: GenerateAnswer) -> bool:
        if not self._secrets:
            return False
        texts = (request.prompt.plain(), answer.text, answer.thought, *request.stop)
        return any(secret in text for secret in self._secrets for text in texts)

    def close(self) -> None:
        """Write what is left."""
        self._coming.put(None)
        self._thread.join(30)

    def describe(self) -> dict[str, Any]:
        """Return what users are told."""
        return {"share": self.share, "notice": NOTICE, "kept": self.kept, "lost": self.lost}

    def _write(self) -> None:
        ended = False
        while not ended:
            found = [self._coming.get()]
            while len(found) < TOGETHER and not self._coming.empty():
                found.append(self._coming.get_nowait())
            ended = None in found
            answers = {request.id: (request, answer) for request, answer in filter(None, found)}
            if not answers:
                continue
            try:
                with Ledger.open(self.path) as ledger, ledger.writing(wait_seconds=30):
                    ledger.commit(self._candidate[0], Chunk(answers=tuple((r, a) for r, a in answers.values())))
                self.kept += len(answers)
            except Exception as error:
                self.lost += len(answers)
                told = error.message if isinstance(error, FairtrialError) else type(error).__name__
                LOG.warning("answers could not be kept: %s", told)


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

    def _add_people(self, ledger: Ledger, ids: Iterable[str]) -> None:
        for one in ids:
            ledger.add_candidate(*self._people[one])
