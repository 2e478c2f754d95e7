"""What planning makes: candidates whose weights are at hand, tasks whose items are drawn.  Plain values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from fairtrial.levers import AppliedLever, Calls, count_calls
from fairtrial.models import ResolvedModel
from fairtrial.records import Item, Request, content_hash
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.trial import TaskEntry
from fairtrial.tasks.base import Task
from fairtrial.tasks.variants.blind import BLIND


@dataclass(frozen=True, slots=True)
class LogFacts:
    """What must be known of the log that a candidate's grades come from.

    Attributes:
        source: whose log it is, and of which model or prompt.
        model: that the log names; empty if none.
        grades: ``log``: as the log has them; ``anew``: made anew by its configuration.
        why_log: why they could not be made anew, where they were to be.
        compared: rows that were graded anew to compare; ``differing``: of these, rows graded otherwise than in the log.
        rows: of the log, those without a grade included; ``copies``: rows that say again what another one says.
        joined_by: ``document`` or ``id``: what rows of two logs about one item have in common.
        unlike: items to which the logs have different right answers.
        prompts_differ: items that were asked with different prompts.
        guessed_scale: measures whose scale is taken to end where the grades end.
        notes: what else must be known, as sentences.
    """

    source: str = ""
    model: str = ""
    grades: str = "log"
    why_log: str = ""
    compared: int = 0
    differing: int = 0
    rows: int = 0
    copies: int = 0
    joined_by: str = "document"
    unlike: int = 0
    prompts_differ: int = 0
    guessed_scale: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pairing:
    """How a task's items and a recorded candidate's answers came together.

    Attributes:
        candidate: its name.
        items: of the task.
        paired: items with a recorded answer; the others are skipped for all candidates.
        recorded: answers in the record, of whatever task.
        ambiguous: questions that were recorded more than once with different answers; not used.
        examples: questions of some items without one.
        together: items to which every record of the trial has the answer; these are asked.
        empty: rows of the record without an answer.
        why: why the first of the examples found none, in words.
        log: what must be known of its log, where grades come from there.
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
    log: LogFacts | None = None


@dataclass(frozen=True, slots=True)
class SeenItems:
    """Items of one task that a candidate was trained on.

    Attributes:
        task: its name.
        items: their ids.
        of: how many items are asked.
        rules: by what in common they were found, in words, to how many.
        example: words in common, or the question of one.
    """

    task: str
    items: tuple[str, ...]
    of: int
    rules: Mapping[str, int]
    example: str


@dataclass(frozen=True, slots=True)
class Training:
    """What is known of what a candidate was trained on.

    Attributes:
        seen: items of the trial among it, by task.
        unknown: there is an adapter of which nothing tells what it was trained on.
        withdrawn: how many of the documents that it was trained on were withdrawn from their archive since.
        denied: how many of them may not be trained on any more, as their rights are now.
        graded: answers that people have graded for the trial's judges among it, by file.
    """

    seen: tuple[SeenItems, ...] = ()
    unknown: bool = False
    withdrawn: int = 0
    denied: int = 0
    graded: tuple[SeenItems, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedCandidate:
    """A candidate whose weights are at hand.

    Attributes:
        model: its weights, or of several models that answer together what is known of all.
        parts: where its last lever acts while it answers: the candidate without that lever, then those that the lever
            refers to, by the names that traces give them.
        lever: that lever.
        training: what is known of what it was trained on here.
    """

    spec: Candidate
    id: str
    model: ResolvedModel
    parts: Mapping[str, PlannedCandidate] = field(default_factory=dict)
    lever: AppliedLever | None = None
    training: Training = Training()

    @property
    def models(self) -> dict[str, PlannedCandidate]:
        """Whose engines answer for it, by their names in traces; itself under no name if it has one of its own."""
        if not self.parts:
            return {"": self}
        inner = ((name, part.models.items()) for name, part in self.parts.items())
        return {f"{name}/{deep}" if deep else name: one for name, found in inner for deep, one in found}

    def with_parts(self) -> Iterator[PlannedCandidate]:
        """Yield it, its parts, and theirs."""
        yield self
        for part in self.parts.values():
            yield from part.with_parts()

    def parts_document(self) -> list[dict[str, Any]]:
        """Return names and ids of its parts, and of theirs, as JSON values."""
        return [
            {"name": name, "id": part.id, **({"parts": part.parts_document()} if part.parts else {})}
            for name, part in self.parts.items()
        ]

    def count_calls(self, request: Request) -> Iterator[tuple[PlannedCandidate, Calls]]:
        """Yield who is asked, and how often, for one answer to a request."""
        if self.lever is None:
            yield self, Calls()
            return
        own, others = count_calls(self.lever, request)
        for i, part in enumerate(self.parts.values()):
            for one, calls in part.count_calls(request):
                yield one, calls.times(others if i else own)

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
        form: another form of a task, see `fairtrial.tasks.variants.forms`; empty for the task itself.
        of: id of the task that it is a form of.
        plugin: name and version of the distribution that it comes from; empty if no plugin brings it.
        judged_by: measure to the id of the candidate that gives it by reading the answers.
        bare: the task without its images, as ``plain`` and ``chat``, for candidates that are shown none; None where it
            shows none.
        unasked: names of candidates that are not asked: they are shown no images, and this form is about seeing.
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
    plugin: str = ""
    judged_by: Mapping[str, str] = field(default_factory=dict)
    bare: tuple[Task, Task] | None = None
    unasked: frozenset[str] = frozenset()

    def shares_answers(self, candidate: Candidate) -> bool:
        """Return whether a candidate that is shown no images has answered this form when it has answered the task."""
        return candidate.blind and self.form == BLIND

    def for_candidate(self, candidate: Candidate) -> Task:
        """Return the task as this candidate is asked it."""
        plain, chat = self.bare if candidate.blind and self.bare else (self.plain, self.chat)
        return plain if candidate.chat == "none" else chat


def join_models(lever: str, models: Mapping[str, ResolvedModel]) -> ResolvedModel:
    """Return models that answer together as one: bytes of all, and each one's own record under ``parts``.

    Answers are made elsewhere if one of them makes them elsewhere; prices stay with the parts.  One alone stays as it
    is.

    Args:
        lever: what joins them.
        models: by the name of the part, the candidate's own first.
    """
    own, *others = models.values()
    if not others:
        return own
    parts = {name: model.record() for name, model in models.items()}
    sizes = [record.get("bytes") for record in parts.values()]
    known = [size for size in sizes if isinstance(size, int)]
    away = {"elsewhere": True} if any(record.get("elsewhere") for record in parts.values()) else {}
    return ResolvedModel(
        own.spec,
        own.engine,
        own.path,
        content_hash([lever, *(model.sha256 for model in models.values())]),
        " then ".join(model.name for model in models.values()),
        {**own.notes, **away, "bytes": sum(known) if known else None, "parts": parts},
    )
