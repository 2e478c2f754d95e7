"""What a lever is: one improvement applied to a model.

A *build* lever makes a file once: it turns a model into a model.  A *wrap* lever acts while the model answers: it turns
an engine into an engine.  Both declare their settings; everything else that the program must know of them has a default
here, which is the safe one.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Generic, Literal, Protocol, TypeVar, runtime_checkable

from fairtrial.engines.base import Engine
from fairtrial.engines.settings import EngineSettings
from fairtrial.models import ResolvedModel
from fairtrial.records import Answer, Request
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.references import LeverSettings

OnBuildStep = Callable[[str], None]
S = TypeVar("S", bound=LeverSettings)
Need = Literal["score", "generate", "chat", "images"]
"""A capability of an engine, see `fairtrial.engines.base.Capabilities`."""


@dataclass(frozen=True, slots=True)
class ReferencedContent:
    """What a lever's settings refer to, by its content.

    Attributes:
        files: setting to the sha256 of each file that it names.
        candidates: setting to the id of each candidate that it names.
        learned_from: task id and ids of the items that the lever learns from, of every task.
    """

    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    candidates: Mapping[str, Sequence[str]] = field(default_factory=dict)
    learned_from: Sequence[tuple[str, Sequence[str]]] = ()


@dataclass(frozen=True, slots=True)
class Calls:
    """How often an engine is asked for one answer.

    Attributes:
        about: how often on average; None where nobody can know beforehand.
        most: how often at most.
        added: bytes at most that each call's prompt is longer than the request's.
        written: tokens at most that all calls together write beyond what the request allows each.
        images: whether it is shown the images of the request.
    """

    about: float | None = 1.0
    most: int = 1
    added: int = 0
    written: int = 0
    images: bool = True

    @property
    def is_sound(self) -> bool:
        """Whether these can be numbers of calls."""
        counts = all(type(count) is int and count >= 0 for count in (self.most, self.added, self.written))
        return counts and (self.about is None or (isinstance(self.about, int | float) and 0 <= self.about < math.inf))

    def times(self, outer: Calls) -> Calls:
        """Return the calls of an engine that is asked so often for each of the ``outer`` calls."""
        known = self.about is not None and outer.about is not None
        about = (self.about or 0.0) * (outer.about or 0.0) if known else None
        written = self.written * outer.most + outer.written
        images = self.images and outer.images
        return Calls(about, self.most * outer.most, self.added + outer.added, written, images)


@dataclass(frozen=True, slots=True)
class BuildContext:
    """Where a build lever works.

    Attributes:
        cache_dir: where artefacts are kept, under names made from their content.
        on_progress: called with a line for each step that takes time.
        trains: whether what takes minutes may be made; else a lever may return the model as it is, and say in its notes
            under ``unmade`` what it would take.
    """

    cache_dir: Path
    on_progress: OnBuildStep
    trains: bool = True


class Lever(ABC, Generic[S]):
    """What both kinds have in common.  A lever holds no state; one object serves all candidates."""

    Settings: ClassVar[type[LeverSettings]]
    """What may be written after its name: a subclass of `fairtrial.spec.references.LeverSettings`."""

    def __init__(self, name: str) -> None:
        """Make the lever that candidate files call ``name``."""
        self.name = name

    def identity(self, settings: S, referred: ReferencedContent) -> Sequence[object]:
        """Return the JSON values that enter the candidate's id: all that can change an answer.

        By default all settings, and the content of everything that they refer to.
        """
        files, candidates = ({k: list(v) for k, v in d.items()} for d in (referred.files, referred.candidates))
        return [settings.own(), files, candidates, [[task, list(items)] for task, items in referred.learned_from]]


class BuildLever(Lever[S]):
    """Makes an artefact from a model."""

    @abstractmethod
    def build(self, settings: S, model: ResolvedModel, context: BuildContext) -> ResolvedModel:
        """Return the improved model; called again with the same arguments, the same artefact at no cost.

        Args:
            settings: what the user wrote after the lever's name, paths made absolute.
            model: what is improved.
            context: where to work.

        Raises:
            SpecError: the settings are wrong; says what is allowed.
            ModelError: the lever cannot be applied to this model.
        """


class WrapLever(Lever[S]):
    """Stands between the trial and an engine."""

    own_part: ClassVar[str] = "model"
    """What traces call the candidate without this lever."""

    @abstractmethod
    def wrap(self, settings: S, engine: Engine, others: Mapping[str, Engine]) -> Engine:
        """Return an engine that answers in place of ``engine``, and tells in each answer's trace what it did.

        `fairtrial.levers.wrapping.WrappedEngine` is a good beginning.

        Args:
            settings: what the user wrote after the lever's name, paths made absolute.
            engine: of the candidate without this lever.
            others: of the candidates that the settings refer to, by name.  None of the engines is its to close.
        """

    def describe(self, settings: S) -> Mapping[str, object]:
        """Return what the candidate's record in the ledger says beside its model, as JSON values; by default nothing.

        Called after `identity`, with the same settings.
        """
        return {}

    def needs(self, settings: S) -> Sequence[Need]:
        """Return what the engine must be able to do, and those of all others, for this lever to work."""
        return ()

    def calls(self, settings: S, request: Request) -> tuple[Calls, Calls]:
        """Return how often its own engine, and each other one, is asked for one answer; budgets count on the most."""
        return Calls(), Calls()

    def check_others(self, candidate: Candidate, others: Mapping[str, Candidate]) -> None:
        """Raise SpecError if a candidate's settings do not go together with those of others that it refers to."""


@dataclass(frozen=True, slots=True)
class SeenItem:
    """An item that a lever learns from, as the candidate without the lever and all others have answered it.

    Attributes:
        cluster: items of one cluster are no independent evidence.
        requests: what was asked.
        answers: those of each candidate, its own first, to all requests.
        values: of each candidate its value of the task's main measure, more being better; None where it has none.
    """

    cluster: str
    requests: Sequence[Request]
    answers: Sequence[Sequence[Answer]]
    values: Sequence[float | None]


@runtime_checkable
class LearningLever(Protocol):
    """A wrap lever with a value that may be learned, from items that are asked for this alone and enter no verdict."""

    measure: str
    """Under which name the value stands in the ledger, as one of the candidate as a whole."""

    def items_to_learn(self, settings: Any) -> int:
        """Return how many items of every task it learns from; 0 if nothing is to be learned."""
        ...

    def learn(self, settings: Any, engine: Any, chunks: Iterable[Sequence[SeenItem]]) -> float:
        """Return the value.

        Args:
            settings: of the lever.
            engine: what `WrapLever.wrap` returned.
            chunks: items as they are asked, some at a time.

        Raises SpecError if there is too little to learn from.
        """
        ...

    def value_of(self, engine: Any) -> float | None:
        """Return the value that an engine uses; None if it has none yet."""
        ...

    def use_value(self, engine: Any, value: float) -> None:
        """Let an engine use a value that was learned."""
        ...


@runtime_checkable
class NotesLedgers(Protocol):
    """A wrap lever whose sources must know which ledgers hold something of them, so that it can be taken out."""

    def note_ledger(self, settings: Any, place: str) -> None:
        """Learn the path of a ledger, before anything is written to it."""
        ...


@runtime_checkable
class NeedsSettings(Protocol):
    """An engine made by a wrap lever that looks at images, or has work of its own for several threads."""

    def use_settings(self, settings: EngineSettings) -> None:
        """Learn how engines run here, before anything is asked."""
        ...


@dataclass(frozen=True, slots=True)
class AppliedLever:
    """A lever with the settings that a candidate gives it."""

    lever: Lever[Any]
    settings: LeverSettings

    @property
    def name(self) -> str:
        """The lever's name."""
        return self.lever.name

    @property
    def items_to_learn(self) -> int:
        """How many items of every task it learns from; 0 if nothing is to be learned."""
        return self.lever.items_to_learn(self.settings) if isinstance(self.lever, LearningLever) else 0
