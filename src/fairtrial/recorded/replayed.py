"""A candidate's answers in a ledger as a record, found by the identity of the request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from fairtrial.errors import ModelError
from fairtrial.ledger import Ledger
from fairtrial.ledger.known import count_answers
from fairtrial.records import Answer, GenerateAnswer, Request
from fairtrial.thoughts import TAGS, Tags, separate


class Replay:
    """Answers of one candidate of a ledger; see `fairtrial.recorded.base.RecordedAnswers`."""

    ambiguous = 0

    def __init__(self, ledger: Ledger, candidate_id: str, tags: Tags = TAGS) -> None:
        self._ledger = ledger
        self._tags = tags
        self._id = candidate_id
        self.facts: Mapping[str, object] = {"format": "ledger", "replayed_candidate": candidate_id}
        self.size = self.rows = count_answers(ledger, candidate_id)

    def answer(self, request: Request) -> Answer | None:
        """Return the answer that was given to this very request; None if there is none.

        Of answers that were kept whole, the thought is told apart.
        """
        found = self._ledger.answers(self._id, [request.id]).get(request.id)
        if not isinstance(found, GenerateAnswer) or found.thought:
            return found
        thought, answer, ended, apart = separate(found.text, self._tags)
        if not apart:
            return found
        return replace(found, text=answer, thought=thought, finish=found.finish if ended else "length")

    def explain(self, request: Request) -> str:
        """Return why a request may have found no answer."""
        return "The ledger holds no answer to that very request: look at shots, level, seed, decoding and chat."

    def close(self) -> None:
        """Close the ledger."""
        self._ledger.close()


def open_replay(path: Path, candidate_id: Any, tags: Tags = TAGS) -> Replay:
    """Open a ledger for reading.  Raises ModelError if it holds no answers of the candidate."""
    found = Replay(Ledger.open(path, create=False), str(candidate_id), tags)
    if found.size == 0:
        found.close()
        raise ModelError(f"the ledger {path.name} holds no answers of that candidate.")
    return found
