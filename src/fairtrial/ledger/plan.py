"""A trial's plan as the ledger keeps it: parsed once into frozen records, and checked while it is.

A ledger is a file that others can write: what does not have this shape is damage, and is said to be.  Keys that an
older plan lacks have defaults; keys that a record does not know are kept in its ``document``, where it has one, and
otherwise ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    Field,
    Strict,
    TypeAdapter,
)

from fairtrial.ledger.cards import CardRecord, MeasureRecord
from fairtrial.ledger.shape import (
    Bool,
    Empty,
    Finite,
    NoneIfOdd,
    One,
    StoredCount,
    Str,
    WithDocument,
    read_mapping,
    validate_record,
)
from fairtrial.ledger.training import TrainingRecord


@dataclass(frozen=True, slots=True)
class DecodingRecord:
    """How a candidate's answers are drawn, as far as verdicts depend on it."""

    temperature: Finite | None = None


@dataclass(frozen=True, slots=True)
class RecordedRecord:
    """How recorded answers were joined with items."""

    join: Str = ""
    key: Str = ""


def _check_lever(lever: Mapping[str, Any]) -> Mapping[str, Any]:
    if len(lever) != 1:
        raise ValueError(f"a lever has one key, its name, not {len(lever)}")
    [(name, settings)] = lever.items()
    kinds = _LEVER_KINDS.get(name)
    if kinds and not isinstance(settings, kinds):
        raise ValueError(f"the settings of {name} are of another kind: {type(settings).__name__}")
    learn = settings.get("learn") if name == "cascade" else None
    if not isinstance(learn, dict | None):
        raise ValueError(f"what {name} learns is of another kind: {type(learn).__name__}")
    return lever


_LEVER_KINDS: Mapping[str, tuple[type, ...]] = {"cascade": (dict,), "quantize": (dict, str)}
"""What the settings of our own levers are; of a plugin's, the short form can be anything."""


@dataclass(frozen=True, slots=True)
class SpecRecord:
    """A candidate as it was specified.

    Attributes:
        levers: one mapping of name to settings each, in the order in which they apply.
        document: all that was written.
    """

    model: Str
    levers: tuple[Annotated[dict[Str, Any], AfterValidator(_check_lever)], ...] = ()
    decoding: DecodingRecord | None = None
    recorded: RecordedRecord | None = None
    document: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sampled(self) -> bool:
        """Whether its answers are drawn at random."""
        return bool(self.decoding and self.decoding.temperature)


@dataclass(frozen=True, slots=True)
class WeightsRecord:
    """What engine and levers said of a candidate's weights; None or empty where nothing was said.

    Attributes:
        bytes: on disk.
        weights_type, quantized_to: type of most weights; the one that a lever rounded them to.
        parent_sha256, parent_type: hash and type of the weights that a lever started from.
        made_from: all types that they had before.
        elsewhere: whether they are computed with on another machine.
        host, base_url: of a hosted model.
        document: all that was said.
    """

    name: Annotated[Str, NoneIfOdd] | None = None
    engine: Annotated[Str, NoneIfOdd] | None = None
    sha256: Annotated[Str, NoneIfOdd] | None = None
    bytes: Annotated[StoredCount, NoneIfOdd] | None = None
    weights_type: Annotated[Str, NoneIfOdd] | None = None
    quantized_to: Annotated[Str, NoneIfOdd] | None = None
    parent_sha256: Annotated[Str, NoneIfOdd] | None = None
    parent_type: Annotated[Str, NoneIfOdd] | None = None
    made_from: Annotated[tuple[Str, ...], NoneIfOdd] | None = None
    elsewhere: Annotated[Bool, NoneIfOdd] | None = None
    host: Annotated[Str, NoneIfOdd] | None = None
    base_url: Annotated[Str, NoneIfOdd] | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PartRecord:
    """One of the candidates that answer for another: the name that its answers give it, its id, and its own parts."""

    name: Str
    id: Str
    parts: tuple[PartRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class CandidateRecord:
    """A candidate of a trial; ``parts`` are those that answer for it."""

    name: Str
    id: Str
    spec: Annotated[SpecRecord, WithDocument]
    record: Annotated[WeightsRecord, WithDocument]
    parts: tuple[PartRecord, ...] = ()


@dataclass(frozen=True, slots=True)
class EntryRecord:
    """What the trial's author wrote about a task, as far as it concerns what is read."""

    limit: StoredCount | None = None
    repeats: Annotated[int, Strict(), Field(ge=1), One] = 1
    sample: Str | None = None


@dataclass(frozen=True, slots=True)
class LogRecord:
    """What must be known of the log that a candidate's grades come from; see `fairtrial.planning.base.LogFacts`."""

    source: Str = ""
    model: Str = ""
    grades: Str = "log"
    why_log: Str = ""
    compared: StoredCount = 0
    differing: StoredCount = 0
    rows: StoredCount = 0
    copies: StoredCount = 0
    joined_by: Str = "document"
    unlike: StoredCount = 0
    prompts_differ: StoredCount = 0
    guessed_scale: tuple[Str, ...] = ()
    notes: tuple[Str, ...] = ()


@dataclass(frozen=True, slots=True)
class PairingRecord:
    """How a task's items and a recorded candidate's answers came together; see `fairtrial.planning.base.Pairing`."""

    candidate: Str
    items: StoredCount
    paired: StoredCount
    ambiguous: StoredCount = 0
    examples: tuple[Str, ...] = ()
    together: StoredCount | None = None
    empty: StoredCount = 0
    why: Str = ""
    log: LogRecord | None = None

    @property
    def matched(self) -> int:
        """Items to which every record of the trial has the answer, as far as it is known."""
        return self.paired if self.together is None else self.together


@dataclass(frozen=True, slots=True)
class TaskRecord:
    """A task of a trial.

    Attributes:
        measures: names of those that verdicts are about.
        items_total: items that it has in all, without those to learn from.
        order: what was put in random order: ``items``, or ``clusters`` with the items of each in one piece.
        largest_cluster: items in its largest cluster.
        united: cluster of each item that shares one with a copy of its question, and by its own name would not; None
            in plans that were made before copies were looked for.
        copies: items that ask what another one asks as well, and how many questions they are.
        pairings: of each recorded candidate, how the items and its answers came together.
        form, of: which other form of a task it is, and that task's id; empty for a task itself.
        unasked: names of candidates that are not asked it, since they are shown no images.
    """

    name: Str
    id: Str
    entry: EntryRecord
    card: Annotated[CardRecord, WithDocument]
    measures: tuple[Str, ...]
    items_total: StoredCount
    order: Literal["items", "clusters"] = "items"
    largest_cluster: StoredCount = 1
    united: Mapping[Str, Str] | None = None
    copies: tuple[StoredCount, StoredCount] | None = None
    pairings: tuple[PairingRecord, ...] = ()
    form: Str = ""
    of: Str = ""
    unasked: tuple[Str, ...] = ()

    def __post_init__(self) -> None:
        if lost := set(self.measures) - {measure.name for measure in self.card.measures}:
            raise ValueError(f"its card has no measure {sorted(lost)[0]!r}")

    @property
    def main_measure(self) -> MeasureRecord:
        """The measure that it is mainly about."""
        return self.card.measure(self.card.main_measure)

    @property
    def planned_items(self) -> int:
        """How many items the trial asks if nothing stops it."""
        limit = self.entry.limit
        return self.items_total if limit is None else min(self.items_total, limit)


@dataclass(frozen=True, slots=True)
class TextRecord:
    """The text on which the next-token distributions of a family are compared; its card says what of it is measured."""

    id: Str
    source: Str
    card: Annotated[CardRecord, WithDocument]
    name: Str = "text"


@dataclass(frozen=True, slots=True)
class JudgingRecord:
    """A measure of a candidate's answers to a task that a judge gives; all but ``measure`` are ids.

    ``id`` is that under which the ledger keeps what the judge was asked.
    """

    id: Str
    judge: Str
    task: Str
    candidate: Str
    measure: Str


@dataclass(frozen=True, slots=True)
class ExaminationRecord:
    """Answers that people have graded, put to a judge (its id), and the (task id, measure) that it grades alike."""

    id: Str
    judge: Str
    uses: tuple[tuple[Str, Str], ...]
    card: Annotated[CardRecord, WithDocument]


@dataclass(frozen=True, slots=True)
class AxisRecord:
    """A measure that is set against others; ``kind``: quality, item (measured item by item) or whole."""

    name: Str
    kind: Literal["quality", "item", "whole"]
    unit: Str
    less_is_better: Bool


@dataclass(frozen=True, slots=True)
class EarlierRecord:
    """Ids of the candidates whose earlier answers to every item help with a task (its id) and measure."""

    task: Str
    measure: Str
    candidates: tuple[Str, ...]


@dataclass(frozen=True, slots=True)
class DecideRecord:
    """The rule that decides; see `fairtrial.spec.trial.Decide`."""

    margin: Annotated[Finite, Field(ge=0)]
    confidence: Annotated[Finite, Field(gt=0, lt=1)]
    target: Literal["population", "benchmark"]
    margins: Annotated[Mapping[Str, Annotated[Finite, Field(ge=0)]], Empty] = field(default_factory=dict)
    least_matched: Finite = 0.8
    stop_early: Bool = False
    document: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LimitRecord:
    """A measure past a bound on each of these tasks (ids) is forbidden; ``suite`` is how the author named them."""

    suite: Str
    measure: Str
    side: Literal["at_most", "at_least"]
    bound: Finite
    tasks: tuple[Str, ...]


@dataclass(frozen=True, slots=True)
class TrialRecord:
    """The plan of a trial.

    Attributes:
        baseline: name of the candidate that the others are compared with.
        weights: the user's weight of each task, by name; empty if none are written.
        frontier: the measures that are set against each other.
        limits: what is forbidden.
        study: settings of the study that the trial is; None if it is none.
        text: what next-token distributions are compared on, if they are.
        earlier: whose earlier answers help.
        judges: those who grade answers, on trial or not; what they judge, and what they were examined with.
        training: what is known of what candidates were trained on, where there is something to say of it.
    """

    name: Str
    seed: Annotated[int, Strict()]
    baseline: Str
    decide: Annotated[DecideRecord, WithDocument]
    candidates: Annotated[tuple[CandidateRecord, ...], Field(min_length=1)]
    tasks: tuple[TaskRecord, ...]
    weights: Annotated[Mapping[Str, Finite], Empty] = field(default_factory=dict)
    frontier: tuple[tuple[AxisRecord, ...], ...] = ()
    limits: tuple[LimitRecord, ...] = ()
    study: Mapping[str, Any] | None = None
    text: TextRecord | None = None
    earlier: tuple[EarlierRecord, ...] = ()
    judges: tuple[CandidateRecord, ...] = ()
    judgings: tuple[JudgingRecord, ...] = ()
    examinations: tuple[ExaminationRecord, ...] = ()
    training: tuple[TrainingRecord, ...] = ()

    def __post_init__(self) -> None:
        if self.baseline not in {candidate.name for candidate in self.candidates}:
            raise ValueError(f"the baseline {self.baseline!r} is none of the candidates")

    def candidate(self, name: str) -> CandidateRecord:
        """Return a candidate by name."""
        return next(candidate for candidate in self.candidates if candidate.name == name)

    @property
    def asked(self) -> tuple[TaskRecord | TextRecord, ...]:
        """All that items are asked of: the tasks, and the text that distributions are compared on."""
        return (*self.tasks, *([self.text] if self.text else []))

    @property
    def own_tasks(self) -> tuple[TaskRecord, ...]:
        """The tasks themselves, without other forms of them."""
        return tuple(task for task in self.tasks if not task.form)


@dataclass(frozen=True, slots=True)
class LookRecord:
    """One look at a pair; ``document`` is all that was kept of it, without the columns of its row."""

    a: Str
    b: Str
    task_id: Str
    measure: Str
    items: StoredCount
    verdict: Str
    low: Finite | None = None
    high: Finite | None = None
    difference: Finite | None = None
    document: Mapping[str, Any] = field(default_factory=dict)


_PLAN, _LOOK = TypeAdapter(TrialRecord), TypeAdapter(Annotated[LookRecord, WithDocument])


@lru_cache(maxsize=16)
def read_plan(text: str, where: str = "") -> TrialRecord:
    """Return a trial's plan.  Raises LedgerError if it is no JSON, or no plan."""
    return make_plan_record(read_mapping(text, "the plan of a trial", where), where)


def make_plan_record(document: Mapping[str, Any], where: str = "") -> TrialRecord:
    """Return a plan from its JSON values.  Raises LedgerError if it is none."""
    return validate_record(_PLAN, document, "the plan of a trial", where)


def make_look_record(found: Mapping[str, Any]) -> LookRecord:
    """Return one look at a pair, given with the columns of its row.  Raises LedgerError if it is none."""
    return validate_record(_LOOK, found, "a look")
