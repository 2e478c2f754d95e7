"""What a record of answers is, and what one recorded answer holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from fairtrial.records import Answer, Request


@dataclass(frozen=True, slots=True)
class Said:
    """One recorded answer.

    Attributes:
        asked: the whole prompt, or the question alone.
        text: what was answered; None where continuations were scored.
        scores: (prompt, continuation) to (log-probability in nats, whether greedy decoding would have produced it).
        at: where it was read, for errors and examples.
    """

    asked: str
    text: str | None
    at: str
    scores: Mapping[tuple[str, str], tuple[float, bool]] = field(default_factory=dict)


class Record(Protocol):
    """Recorded answers of one candidate, found by what is asked.

    Attributes:
        size: recorded answers in all.
        ambiguous: of these, how many were recorded more than once with different answers, and are not used.
        facts: for the candidate's record, JSON values: whose log, of which model, hash of the files.
    """

    size: int
    ambiguous: int
    facts: Mapping[str, object]

    def answer(self, request: Request) -> Answer | None:
        """Return the recorded answer to a request; None if there is none."""
        ...
