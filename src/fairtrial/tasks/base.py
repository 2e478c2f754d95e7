"""What a task is: a benchmark with a card, items, requests and a pure grade.

A task knows how questions are asked and judged; it knows nothing of models, engines or the ledger.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeGuard, runtime_checkable

from fairtrial.errors import TaskError
from fairtrial.records import Answer, CorpusScore, ImagePart, Item, Measure, Observation, Request
from fairtrial.records.harms import HarmCard


@dataclass(frozen=True, slots=True)
class TaskCard:
    """Who made a task, what it measures and under which terms.

    Attributes:
        name: the task's name, as a trial file writes it.
        version: the task definition's own version.
        revision: what pins the data: a dataset revision, a file's sha256, or a generator's version and seed.
        licence: SPDX id of the data, or ``unknown``.
        measures: what `Task.grade` returns.
        main_measure: the one of ``measures`` that verdicts are about unless the trial says otherwise.
        description: one or two sentences for a person.
        citation: where it comes from; empty if nowhere.
        chance: expected main measure of blind guessing, or None if unknown.
        corpus: scores of all answers together, beside the measures.
        harms: what a task about harm says of itself; None for one about quality.
        settings: whatever else decides the prompts (shots, level, filters ...), JSON values only.
    """

    name: str
    version: str
    revision: str
    licence: str
    measures: tuple[Measure, ...]
    main_measure: str
    description: str = ""
    citation: str = ""
    chance: float | None = None
    corpus: tuple[CorpusScore, ...] = ()
    harms: HarmCard | None = None
    settings: Mapping[str, object] = field(default_factory=dict)

    @property
    def category(self) -> Literal["quality", "harm"]:
        """Whether the task measures what a candidate can do, or what harm it does: the two are never added up."""
        return "quality" if self.harms is None else "harm"


@dataclass(frozen=True, slots=True)
class TaskOptions:
    """What a trial may say about a task when it is built.

    Attributes:
        shots: few-shot examples; None keeps the task's own number.
        seed: of a procedural task's items, and of whatever else a task draws.
        level: difficulty of a procedural task; None keeps the task's own.
        items: how many items a procedural task makes; None keeps the task's own number.
        chat: the candidate asks through a chat template.
        data_dir: folder with the task's rows, for tasks that look for local files.
        clean: take white space off the ends of written answers before they are graded; None leaves it to the task.
        groups: file of groups of people, for tasks about bias; None keeps the task's own.
    """

    shots: int | None = None
    seed: int = 1234
    level: int | None = None
    items: int | None = None
    chat: bool = False
    data_dir: Path | None = None
    clean: bool | None = None
    groups: Path | None = None


@runtime_checkable
class Task(Protocol):
    """A benchmark, ready to be asked.  Everything it returns is a function of its card alone: no hidden randomness."""

    card: TaskCard

    def items(self) -> Sequence[Item]:
        """Return the items in the task's own order.  Raises `DataError` if rows are missing or malformed."""
        ...

    def requests(self, item: Item) -> Sequence[Request]:
        """Return what has to be asked about ``item``: at least one request, the same ones at every call."""
        ...

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Judge the answers to `requests` (same order); pure.  One observation a measure, or none where a measure
        does not apply to this item.
        """
        ...


@runtime_checkable
class TellsSigns(Protocol):
    """A task that can tell more of how answers were given than their form shows; see `fairtrial.tasks.signs`."""

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return names of signs, e.g. ``unread``, or ``chose:B`` for the letter that was read; pure.

        Args:
            item: what was asked.
            answers: to its requests.
            grades: what `Task.grade` made of them.
        """
        ...


@runtime_checkable
class CountsForCorpus(Protocol):
    """A task with scores of all answers together (`TaskCard.corpus`), to which each item contributes counts."""

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the counts of one item's answers, named ``count:SCORE:NAME``; those that are 0 may be left out; pure.

        Every corpus score must have one at least of each answered item.
        """
        ...


def counts_for_corpus(task: Task) -> TypeGuard[CountsForCorpus]:
    """Return what `isinstance` would, which takes much longer."""
    return hasattr(task, "counts")


@runtime_checkable
class GradesTraces(Protocol):
    """A task with measures of what happened on the way to an answer, e.g. what was found for it."""

    def traced_measures(self) -> Collection[str]:
        """Return the names of these measures: a refusal to answer is no worst value of theirs."""
        ...

    def absences(self, item: Item, answers: Sequence[Answer]) -> Mapping[str, str]:
        """Return which of these measures an item's answers cannot have, and why; pure.

        One that does not apply to the item is not among them.
        """
        ...


def grades_traces(task: Task) -> TypeGuard[GradesTraces]:
    """Return what `isinstance` would; see `counts_for_corpus`."""
    return hasattr(task, "traced_measures") and hasattr(task, "absences")


@runtime_checkable
class ShowsImages(Protocol):
    """A task whose requests show images."""

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return every image that an item's requests show, those of few-shot examples included, with its bytes."""
        ...


def list_images(task: Task, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
    """Return the images that a task's requests about an item show; none where it shows no images at all."""
    return task.images(item) if _shows_images(task) else ()


def _shows_images(task: Task) -> TypeGuard[ShowsImages]:
    return hasattr(task, "images")


@runtime_checkable
class NamesAnswerColumns(Protocol):
    """A task that knows which columns of its rows candidates must not see."""

    def answer_columns(self) -> Collection[str] | None:
        """Return the columns of expected answers, and others that are not shown; None if that cannot be told."""
        ...


def list_answer_columns(task: Task) -> Collection[str] | None:
    """Return the columns of a task's rows that candidates must not see; None if that cannot be told."""
    return task.answer_columns() if isinstance(task, NamesAnswerColumns) else None


def hide_answers(task: Task, item: Item) -> dict[str, Any]:
    """Return an item's row without the columns that hold the expected answer.

    Raises TaskError if it cannot be told which these are.
    """
    columns = list_answer_columns(task)
    if columns is None:
        raise TaskError(
            "its rows cannot be given to a function: which columns hold the expected answers cannot be told.",
            where=f"task {task.card.name}",
            fix="Have the function take `prompt` or `messages`, or ask rows of your own, which name their answer.",
        )
    return {name: value for name, value in item.data.items() if name not in columns}


@runtime_checkable
class MeasuresChoices(Protocol):
    """A task of choices that measures more of the one taken than whether it is right, however it is asked."""

    def choice_measures(self) -> Sequence[Measure]:
        """Return these measures; they are among those of its card."""
        ...

    def measure_choice(self, item: Item, chosen: str) -> Sequence[Observation]:
        """Return their values for the choice that was taken."""
        ...


@runtime_checkable
class KeepsAnswers(Protocol):
    """A task with images that knows which changes of them leave its right answers right."""

    def kept_forms(self) -> Collection[str] | None:
        """Return such forms, e.g. ``blur``, see `fairtrial.tasks.variants.perturbing`; None if they are not known."""
        ...


def list_kept_forms(task: Task) -> Collection[str] | None:
    """Return the forms of changed pictures in which a task's right answers stay right; None if that is not known."""
    return task.kept_forms() if isinstance(task, KeepsAnswers) else None


@runtime_checkable
class ShowsExamples(Protocol):
    """A task that has worked examples beside its items."""

    def examples(self) -> Sequence[str]:
        """Return questions with their right answers, as they stand in a few-shot prompt; none of them is an item."""
        ...


@dataclass(frozen=True, slots=True)
class JudgeUse:
    """One measure of a task that a judge gives: another candidate, which reads the answers.

    Attributes:
        judge: its name in the trial.
        measure: what it gives; the value lies within its bounds.
        read: from the judge's answer to the value, or None where it cannot be read; pure.
        labelled: answers that people have graded, as a task for the judge itself; None if there are none.
    """

    judge: str
    measure: Measure
    read: Callable[[Answer], float | None]
    labelled: Task | None = None


@runtime_checkable
class NeedsJudge(Protocol):
    """A task whose answers, or some of its measures, a judge grades: `Task.grade` leaves these out."""

    def judges(self) -> Sequence[JudgeUse]:
        """Return who judges what; nothing if nobody does."""
        ...

    def judge_requests(self, item: Item, answers: Sequence[Answer]) -> Sequence[Request | None]:
        """Return what each of `judges` is asked about the answers to an item; pure.

        None where there is nothing to be judged: an empty answer gets the worst value.
        """
        ...


def list_judges(task: Task) -> Sequence[JudgeUse]:
    """Return who judges what of a task; nothing if it needs no judge."""
    return task.judges() if isinstance(task, NeedsJudge) else ()
