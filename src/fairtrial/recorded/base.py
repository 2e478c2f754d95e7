"""What a record of answers is, and what one recorded answer holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from fairtrial.recorded.graded.base import GradedReader
from fairtrial.records import Answer, GenerateAnswer, Request
from fairtrial.spec.recorded import Recorded
from fairtrial.thoughts import Tags, separate


@dataclass(frozen=True, slots=True)
class RecordedAnswer:
    """One recorded answer.

    Attributes:
        asked: the whole prompt, or the question alone.
        text: what was answered; None where continuations were scored.
        scores: (prompt, continuation) to (log-probability in nats, whether greedy decoding would have produced it).
        at: where it was read, for errors and examples.
        key: the id or row number by which it is found, where not by what was asked.
    """

    asked: str
    text: str | None
    at: str
    scores: Mapping[tuple[str, str], tuple[float, bool]] = field(default_factory=dict)
    key: str = ""


LogRows = Iterator[tuple[str, Mapping[str, Any]]]
"""Rows of a log, each with its place for errors, e.g. ``log.jsonl:3``."""


@dataclass(frozen=True, slots=True)
class Importer:
    """How the logs of one tool are read.

    Attributes:
        rows: gives the rows of a file, read as the settings say.  Raises ModelError, with the place of a mistake.
        said: of place, row and settings gives what the row says; None for a row without an answer.
        suffixes: of the files in a folder that may be logs.
        begins: beginning of the names of these files; where none is named so there is no log.  Empty: any name.
        verbatim: whether answers are there to the byte; logs of other tools may have lost a model's white space.
        graded: reads the answers with their grades, for logs that are compared with each other; None if it has none.
    """

    rows: Callable[[Path, Recorded], LogRows]
    said: Callable[[str, Mapping[str, Any], Recorded], RecordedAnswer | None]
    suffixes: tuple[str, ...] = (".jsonl", ".json", ".eval", ".csv")
    begins: str = ""
    verbatim: bool = False
    graded: GradedReader | None = None


class RecordedAnswers(Protocol):
    """Recorded answers of one candidate, found by what is asked.

    Attributes:
        size: recorded answers in all.
        rows: rows of the record, those without an answer included.
        ambiguous: of these, how many were recorded more than once with different answers, and are not used.
        facts: for the candidate's record, JSON values: whose log, of which model, hash of the files.
    """

    size: int
    rows: int
    ambiguous: int
    facts: Mapping[str, object]

    def answer(self, request: Request) -> Answer | None:
        """Return the recorded answer to a request; None if there is none."""
        ...

    def explain(self, request: Request) -> str:
        """Return why a request may have found no answer, as a sentence; empty if nothing is known."""
        ...

    def close(self) -> None:
        """Let go of what the answers are read from."""
        ...


def make_answer(text: str, stop: Sequence[str], tags: Tags) -> GenerateAnswer:
    """Return a recorded text as an answer: its thought apart, what follows up to the first stop string."""
    thought, answer, ended, _ = separate(text, tags)
    ends = [answer.find(one) for one in stop if one and one in answer]
    kept = answer[: min(ends)] if ends else answer
    return GenerateAnswer(kept, tokens=0, finish="stop" if ended else "length", thought=thought)
