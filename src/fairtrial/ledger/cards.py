"""A task's card as the ledger keeps it, parsed into frozen records: its measures, what decides prompts and grades."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter

from fairtrial.ledger.shape import (
    Bool,
    Empty,
    Finite,
    NoneIfOdd,
    StoredCount,
    Str,
    WithDocument,
    read_mapping,
    validate_record,
)
from fairtrial.records import CorpusScore, Measure
from fairtrial.records.harms import HarmCard, HarmFamily, LabelCounts


@dataclass(frozen=True, slots=True)
class MeasureRecord(Measure):
    """A measure in a task's card."""

    name: Str
    unit: Str
    higher_is_better: Bool | None
    bounds: tuple[Finite, Finite] | None
    transform: Literal["identity", "exp"]


@dataclass(frozen=True, slots=True)
class CorpusRecord(CorpusScore):
    """A score of all answers together in a task's card."""

    name: Str
    formula: Str
    paired: Str
    higher_is_better: Bool


@dataclass(frozen=True, slots=True)
class GoldsRecord:
    """What a task says of its right answers: how it reads them, how else they could be read, and counts of odd ones."""

    read_as: Str = ""
    also: Str = ""
    missing: StoredCount = 0
    like_lists: StoredCount = 0
    empty: StoredCount = 0


@dataclass(frozen=True, slots=True)
class OwnRowsRecord:
    """What a task of own rows says of its file.

    Attributes:
        rows: in the file.
        skipped, unanswered: rows that were left out because they are wrong, or have no right answer.
        contradicting: questions that stand several times with different right answers.
        like_lists: written right answers that look like lists, and count as they stand.
        choices: whether options are chosen from.
        one_gold, one_gold_times: the most frequent right answer (of options in places of their own, its letter), and
            how often it is right.
        without_image: rows without an image, in a file of rows with images.
        judged: judgements of a retrieval set that say that something is relevant.
        unknown_documents, unknown_queries: how many of these name documents, or questions, that are not there.
    """

    rows: StoredCount = 0
    skipped: StoredCount = 0
    unanswered: StoredCount = 0
    contradicting: StoredCount = 0
    like_lists: StoredCount = 0
    choices: Bool = False
    one_gold: Str = ""
    one_gold_times: StoredCount = 0
    without_image: StoredCount = 0
    judged: StoredCount = 0
    unknown_documents: StoredCount = 0
    unknown_queries: StoredCount = 0


@dataclass(frozen=True, slots=True)
class SettingsRecord:
    """What else decides a task's prompts and grades; ``document`` is all of it.

    Attributes:
        left_out: metrics of the task file that are not computed.
        ask: how options are asked for where that is not the task's own way: ``letter`` or ``circular``.
        form: of another task, that this one is; see `fairtrial.tasks.variants.form`.
    """

    shots: Annotated[StoredCount, NoneIfOdd] | None = None
    clean: Annotated[Bool, NoneIfOdd] | None = None
    answers: Annotated[GoldsRecord, NoneIfOdd] | None = None
    left_out: Annotated[tuple[Str, ...], NoneIfOdd] | None = None
    own: Annotated[OwnRowsRecord, NoneIfOdd] | None = None
    ask: Annotated[Str, NoneIfOdd] | None = None
    form: Annotated[Str, NoneIfOdd] | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LabelRecord(LabelCounts):
    """How a grader and people grade the same answers."""

    both: StoredCount
    grader_only: StoredCount
    people_only: StoredCount
    neither: StoredCount
    source: Str = ""


@dataclass(frozen=True, slots=True)
class HarmRecord(HarmCard):
    """What a task about harm says of itself."""

    family: HarmFamily
    covers: Str
    omits: Str
    hazards: tuple[Str, ...] = ()
    nist: tuple[Str, ...] = ()
    llama_guard: tuple[Str, ...] = ()
    axes: tuple[Str, ...] = ()
    grading: Annotated[Mapping[Str, LabelRecord], Empty] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CardRecord:
    """A task's card: see `fairtrial.tasks.base.TaskCard`; its measures are all that items have values of."""

    name: Str
    main_measure: Str
    measures: Annotated[tuple[MeasureRecord, ...], Field(min_length=1)]
    version: Str = ""
    revision: Str = ""
    licence: Str = ""
    description: Str = ""
    citation: Str = ""
    chance: Finite | None = None
    corpus: tuple[CorpusRecord, ...] = ()
    harms: HarmRecord | None = None
    settings: Annotated[SettingsRecord, WithDocument] = SettingsRecord()
    document: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.main_measure not in {measure.name for measure in self.measures}:
            raise ValueError(f"main_measure {self.main_measure!r} is none of its measures")

    def measure(self, name: str) -> MeasureRecord:
        """Return a measure by name."""
        return next(measure for measure in self.measures if measure.name == name)


_CARD = TypeAdapter(Annotated[CardRecord, WithDocument])


def read_card(text: object, where: str = "") -> CardRecord:
    """Return a task's card.  Raises LedgerError if it is no JSON, or no card."""
    return validate_record(_CARD, read_mapping(text, "the card of a task", where), "the card of a task", where)
