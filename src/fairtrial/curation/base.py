"""What travels through curation: a row with its place, rights and history, or the reason why it was dropped.

Knows no file and no step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from fairtrial.records import content_hash


@dataclass(frozen=True, slots=True)
class ConversationTurn:
    """One message of a conversation: ``role`` is system, user, assistant or tool."""

    role: str
    content: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """Where a row came from.

    Attributes:
        source: name of the file or archive, without its folder.
        row: line of the file, or number of the document in the archive, from 1.
        document: id of the document of an archive; rows of one document always stand on one side of the split.
        uri: canonical address of the document.
    """

    source: str
    row: int
    document: str = ""
    uri: str = ""

    def to_json(self) -> dict[str, object]:
        """Return the place as a training set writes it."""
        more = {key: value for key in ("document", "uri") if (value := getattr(self, key))}
        return {"source": self.source, "row": self.row, **more}


@dataclass(frozen=True, slots=True)
class Permission:
    """Whether a row may be trained on, as its reader found; the step ``rights`` acts on it.

    Attributes:
        permitted: None where nobody has said anything.
        reason: why, as a reader of the dropped rows understands it.
    """

    permitted: bool | None
    reason: str


@dataclass(frozen=True, slots=True)
class Note:
    """What a step changed in a row, or found of it."""

    step: str
    detail: str


@dataclass(frozen=True, slots=True)
class TrainingRow:
    """One training row.  Exactly one of ``messages``, ``text`` and ``chosen`` with its prompt is there.

    Its `repr` has no words: it gets into error messages and logs, where the words may not be.

    Attributes:
        place: where it came from.
        messages: a conversation; of a preference row the prompt.
        text: plain text for continued training.
        chosen: of a preference row the better answer.
        rejected: of a preference row the worse answer.
        licence: SPDX id or address; empty where nobody has stated one.
        attribution: whom to name, and how; empty where nobody is.
        permission: what its reader found out about training on it.
        changes: what steps have changed in it, in order.
        grounds: what steps have found that lets it stay, e.g. its language with the confidence.
    """

    place: RowOrigin
    messages: tuple[ConversationTurn, ...] = field(default=(), repr=False)
    text: str = field(default="", repr=False)
    chosen: str = field(default="", repr=False)
    rejected: str = field(default="", repr=False)
    licence: str = ""
    attribution: str = ""
    permission: Permission | None = None
    changes: tuple[Note, ...] = ()
    grounds: tuple[Note, ...] = ()

    @property
    def id(self) -> str:
        """Hash of the words as they stand now, alone: exact duplicates share it."""
        return content_hash(self.content())

    def content(self) -> dict[str, object]:
        """Return the words as a training set writes them: ``messages``, ``text``, or ``prompt`` with two answers."""
        turns = [{"role": turn.role, "content": turn.content} for turn in self.messages]
        if self.chosen or self.rejected:
            return {"prompt": turns, "chosen": self.chosen, "rejected": self.rejected}
        return {"messages": turns} if self.messages else {"text": self.text}

    def texts(self) -> list[str]:
        """Return all its texts in reading order: of every turn, the text, the two answers."""
        told = (*(turn.content for turn in self.messages), self.text, self.chosen, self.rejected)
        return [text for text in told if text]

    def with_texts(self, change: Callable[[str], str]) -> TrainingRow:
        """Return the row with every text as ``change`` gives it; the row itself where nothing changed."""
        turns = tuple(ConversationTurn(turn.role, change(turn.content)) for turn in self.messages)
        text, chosen, rejected = (change(one) if one else one for one in (self.text, self.chosen, self.rejected))
        made = replace(self, messages=turns, text=text, chosen=chosen, rejected=rejected)
        return self if made == self else made

    def noted(self, step: str, detail: str) -> TrainingRow:
        """Return the row with a ground for keeping it."""
        return replace(self, grounds=(*self.grounds, Note(step, detail)))

    def changed(self, step: str, detail: str) -> TrainingRow:
        """Return the row with the note that it was changed."""
        return replace(self, changes=(*self.changes, Note(step, detail)))


@dataclass(frozen=True, slots=True)
class Drop:
    """Why a row is left out.

    Attributes:
        reason: one of few, for counting, e.g. ``gopher_quality: short_doc``; it has no value seen in it.
        detail: the value seen and what is allowed; never the row's words.
    """

    reason: str
    detail: str = ""


class Step(Protocol):
    """Judges rows one by one.  Made in every process from its settings; the same row always gives the same answer."""

    def apply(self, row: TrainingRow) -> TrainingRow | Drop:
        """Return the row, perhaps changed, or why it is left out."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return for the card what the settings do not say, as JSON values: method, versions, sources, known accuracy.

        All that can change what `apply` answers must be in here or in the settings.
        """
        ...


@dataclass(frozen=True, slots=True)
class StepContext:
    """What steps know of the run, the same in every process and after every interruption.

    Attributes:
        at: the moment for which rights are decided.
        work: folder where a step may keep what `prepare` made.
        rights: settings of the step ``rights`` (`fairtrial.spec.curate_steps.Rights`), None where it is off: readers
            decide in these circumstances.
    """

    at: datetime
    work: Path
    rights: Any = None


MakeStep = Callable[[Any, StepContext], Step]
"""Settings of the step (its section of `fairtrial.spec.curate.Curate`) and context to the step."""


@runtime_checkable
class Prepares(Protocol):
    """A step's class that makes something once, before any row, which every process then opens, e.g. an index."""

    @classmethod
    def prepare(cls, settings: Any, context: StepContext) -> None:
        """Make it in ``context.work``, whole or not at all; nothing to do where it is there already."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a source that one process reads at a time; the same source always falls into the same pieces.

    Attributes:
        source: which of the settings' sources, from 0.
        start: where it begins: a byte of a file, or a document of an archive, from 0.
        end: one after its last.
        first: number of its first row in the source, from 1.
    """

    source: int
    start: int
    end: int
    first: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A row that cannot be read: where, and why."""

    place: RowOrigin
    drop: Drop


class Reader(Protocol):
    """Reads one source.  Made in every process from the source's settings."""

    def list_pieces(self) -> Sequence[Piece]:
        """Return the pieces, in order, of about `fairtrial.curation.pieces.PIECE_BYTES` each.

        Raises FairtrialError if the source as a whole cannot be read.
        """
        ...

    def read(self, piece: Piece) -> Iterator[TrainingRow | Unread]:
        """Yield the rows of a piece, in order; a row that cannot be read is told and the rest goes on."""
        ...

    def describe(self) -> Mapping[str, Any]:
        """Return for the card, as JSON values: ``name``, ``sha256`` of the content, ``form``, ``licence`` as stated."""
        ...


MakeReader = Callable[[Any, int, StepContext], Reader]
"""A source's settings (`fairtrial.spec.curate.Source`), its number, and the context to its reader."""


@dataclass(frozen=True, slots=True)
class CardFacts:
    """What a card is written from.

    Attributes:
        settings: all of them, as JSON values, without folders of this machine.
        sources: what each reader describes, with ``rows`` read.
        steps: what each step describes, by name, in order.
        read: rows that could be read.
        unread: rows that could not.
        dropped: reason to number of rows, ``unreadable: ...`` included.
        by_step: step to rows dropped by it, in the order of the steps.
        changed: step to rows changed by it.
        train: rows of the training split.
        validation: rows held back.
        clusters: clusters of both, and rows of the largest.
        licences: licence as it is on the rows, to rows kept; empty for none.
        attributions: whom to name, to rows kept.
        documents: ids of all documents of archives that have a row in the set, sorted.
        files: name in the folder to sha256 and bytes.
        versions: packages that can change the outcome, by name.
        doubts: sentences that a reader of the set must know, e.g. that the split fell far from what was asked.
    """

    settings: Mapping[str, Any]
    sources: Sequence[Mapping[str, Any]]
    steps: Mapping[str, Mapping[str, Any]]
    read: int
    unread: int
    dropped: Mapping[str, int]
    by_step: Mapping[str, int]
    changed: Mapping[str, int]
    train: int
    validation: int
    clusters: tuple[int, int]
    licences: Mapping[str, int]
    attributions: Mapping[str, int]
    documents: Sequence[str]
    files: Mapping[str, Mapping[str, Any]]
    versions: Mapping[str, str]
    doubts: Sequence[str] = ()
