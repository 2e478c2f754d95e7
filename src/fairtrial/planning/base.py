"""What planning makes: candidates whose weights are at hand, tasks whose items are drawn.  Plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from fairtrial.errors import SpecError
from fairtrial.models import ResolvedModel
from fairtrial.records import Item
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import Task


@dataclass(frozen=True, slots=True)
class Pairing:
    """How a task's items and a recorded candidate's answers came together.

    Attributes:
        candidate: its name.
        items: of the task.
        paired: items with a recorded answer; the others are asked of nobody.
        recorded: answers in the record, of whatever task.
        ambiguous: questions that were recorded more than once with different answers; not used.
        examples: questions of some items without one.
        together: items to which every record of the trial has the answer; these are asked.
        empty: rows of the record without an answer.
        why: why the first of the examples found none, in words.
    """

    candidate: str
    items: int
    paired: int
    recorded: int
    ambiguous: int
    examples: tuple[str, ...]
    together: int
    empty: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class PlannedCandidate:
    """A candidate whose weights are at hand.

    Attributes:
        parts: of a cascade, the candidates that answer for it, by the names that its answers give them.
    """

    spec: Candidate
    id: str
    model: ResolvedModel
    parts: Mapping[str, PlannedCandidate] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The name that the user gave."""
        return self.spec.id

    @property
    def recorded(self) -> bool:
        """Whether its answers were given earlier or elsewhere; what they cost is not measured here."""
        return self.model.engine == "recorded"


@dataclass(frozen=True, slots=True)
class PlannedTask:
    """A task whose items are drawn.

    Attributes:
        name: as shown in tables.
        id: content hash of the card: the same questions, asked and graded the same way.
        entry: what the user wrote.
        plain: the task as asked in running text.
        chat: the task as asked through a chat template; the same items.
        items: the items to ask, in the order in which they are asked.
        pairings: of each recorded candidate, how the task's items and its answers came together.
        tuning: items to learn thresholds from; none of them is among ``items``, nor of one cluster with one of these.
        total: items that the task has in all, without those to learn from.
        measures: those that verdicts are about.
        order: what was put in random order: ``items``, or ``clusters`` with the items of each in one piece.
        largest_cluster: items in the task's largest cluster.
        united: name of the cluster of each of ``items`` that shares one with a copy of its question, and by its own
            name would not.
        copies: items that ask what another one asks as well, and how many questions they are.
        form: another form of a task, see `fairtrial.tasks.forms`; empty for the task itself.
        of: id of the task that it is a form of.
    """

    name: str
    id: str
    entry: TaskEntry
    plain: Task
    chat: Task
    items: tuple[Item, ...]
    total: int
    measures: tuple[str, ...]
    order: Literal["items", "clusters"]
    largest_cluster: int
    tuning: tuple[Item, ...] = ()
    pairings: tuple[Pairing, ...] = ()
    united: Mapping[str, str] = field(default_factory=dict)
    copies: tuple[int, int] = (0, 0)
    form: str = ""
    of: str = ""

    def for_candidate(self, candidate: Candidate) -> Task:
        """Return the form of the task in which this candidate is asked."""
        return self.plain if candidate.chat == "none" else self.chat


def check_asked_alike(cascade: str, small: PlannedCandidate, larger: PlannedCandidate) -> None:
    """Raise SpecError if the two of a cascade would be asked otherwise."""
    for name in ("decoding", "fewshot_as_multiturn"):
        if getattr(small.spec, name) != getattr(larger.spec, name):
            raise SpecError(
                f"candidate {cascade!r} and the larger one of its cascade, {larger.name!r}, have different {name}.",
                fix="Write the same for both; a question goes to the larger one as it is.",
            )
