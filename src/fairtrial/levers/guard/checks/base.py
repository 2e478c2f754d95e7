"""What a check is: it looks at a text in its surroundings and says what it found.  Others decide what follows."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from fairtrial.errors import SpecError, did_you_mean
from fairtrial.records.interventions import Stage
from fairtrial.records.trace import Trace


class CheckFailedError(Exception):
    """A check could not be made; its words are for the trace, and hold nothing of the text.

    Attributes:
        trace: models that were asked all the same.
        sent: bytes that went to another machine.
    """

    def __init__(self, message: str, trace: Trace = (), sent: int = 0) -> None:
        super().__init__(message)
        self.trace, self.sent = trace, sent


def check_categories(key: str, named: Sequence[str], known: Collection[str]) -> None:
    """Raise SpecError for a category that there is not: a check that looks for it would find nothing, and say so."""
    for one in named:
        if one not in known:
            near = did_you_mean(one, known)
            listed = ", ".join(sorted(known))
            raise SpecError(f"{key}: {one!r} is no category of this check.{near} There are: {listed}.")


@dataclass(frozen=True, slots=True)
class Supplied:
    """What was supplied to answer from.

    Attributes:
        texts: number of a passage, 0 for what has none, its publisher and its words.
        cited: numbers that the answer cites, as far as an archive's lever knows.
        searched: whether an archive was searched.
    """

    texts: tuple[tuple[int, str, str], ...] = ()
    cited: frozenset[int] = frozenset()
    searched: bool = False


@dataclass(frozen=True, slots=True)
class Looked:
    """What a check looks at.

    Attributes:
        stage: question or answer.
        text: that is judged.
        question: what was asked, without earlier turns.
        turns: what the user said in earlier turns, the oldest first.
        said: what the assistant said in earlier turns.
        before: what of the answer stands before ``text``, where it is checked sentence by sentence.
        last: whether nothing of the answer comes after ``text``.
        supplied: what the answer was to be taken from.
    """

    stage: Stage
    text: str
    question: str
    turns: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    before: str = ""
    last: bool = True
    supplied: Supplied = Supplied()


@dataclass(frozen=True, slots=True)
class Change:
    """A place of the text, and what is put there if the text is rewritten."""

    start: int
    end: int
    put: str


@dataclass(frozen=True, slots=True)
class CheckFinding:
    """What a check found.

    Attributes:
        rule: what it looks like.
        category: hazard or kind; empty if it has none.
        evidence: words that it rests on.
        changes: how the text becomes one without it.
    """

    rule: str
    category: str = ""
    evidence: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """What came of a look.

    Attributes:
        findings: what was found; nothing if all is fine.
        trace: models that were asked.
        sent: bytes that went to another machine.
    """

    findings: tuple[CheckFinding, ...] = ()
    trace: Trace = ()
    sent: int = 0


class Looker(Protocol):
    """A check that is ready to look.  Pure but for what it asks of others."""

    def look(self, at: Looked) -> Seen:
        """Return what is found.  Raises CheckFailedError, or any other error, where that cannot be known."""
        ...

    def close(self) -> None:
        """Let go of processes and connections."""
        ...


@runtime_checkable
class LooksAtMany(Protocol):
    """A check that is quicker with several texts at once."""

    def prepare(self, some: Sequence[Looked]) -> None:
        """Find out what will be asked about several texts."""
        ...
