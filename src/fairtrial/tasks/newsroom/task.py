"""The task ``newsroom``: questions about the archive of an invented town, graded exactly.

An answer is right if it gives the value that is asked for and no other of its kind; where reports contradict each
other, all of their values.  Where the articles that may be used do not tell it, only declining is right.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from fairtrial.errors import SpecError
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Measure,
    Observation,
    Prompt,
    Request,
    content_hash,
)
from fairtrial.tasks.base import TaskCard, TaskOptions
from fairtrial.tasks.newsroom.archive import build_newsroom
from fairtrial.tasks.newsroom.questions import LEVEL, LEVELS, NewsQuestion
from fairtrial.tasks.newsroom.reading import declines, gives, gives_all, gives_something
from fairtrial.tasks.newsroom.tracing import MEASURES as TRACED
from fairtrial.tasks.newsroom.tracing import RequiredContext, explain_missing_measures, observe_trace, observe_use
from fairtrial.tasks.newsroom.values import FactValue
from fairtrial.tasks.newsroom.world import VERSION

NAME = "newsroom"
DECLINE = "The archive does not say."
"""What the prompt asks for where there is no answer."""

SYSTEM = (
    "You answer questions about the town of {town} from its newspapers. Answer in a few words. "
    "Corrected articles count as corrected; satire and paid pieces are no evidence. "
    "If reports contradict each other, give what each says. "
    f"If the articles do not say it, answer: {DECLINE}"
)
TEXT_MEASURES = (
    Measure("acc"),
    Measure("acc_answerable"),
    Measure("abstention_precision"),
    Measure("abstention_recall"),
)
"""Those that a text alone decides."""


def build_newsroom_task(options: TaskOptions) -> NewsroomTask:
    """Return the task ``newsroom``."""
    return NewsroomTask(options)


class NewsroomTask:
    """See `fairtrial.tasks.base.Task`.

    Args:
        options: seed of the archive, level, number of items.

    Raises SpecError for a level that there is not, or examples: they would show answers without an archive.
    """

    def __init__(self, options: TaskOptions) -> None:
        level = LEVEL if options.level is None else options.level
        if level not in LEVELS:
            raise SpecError(
                f"level {level} does not exist; task {NAME!r} has the levels 1 to {len(LEVELS)}.",
                fix="\n".join(f"{n}: {text}" for n, text in LEVELS.items()),
                where=f"task {NAME}",
            )
        if options.shots:
            raise SpecError(
                f"{options.shots} examples were asked for, and this task shows none.", fix="Leave the shots out."
            )
        if options.seed < 0:
            raise SpecError(f"the seed is {options.seed}; allowed is at least 0.", where=f"task {NAME}")
        if options.items is not None and options.items < 1:
            raise SpecError(f"the number of items is {options.items}; allowed is at least 1.", where=f"task {NAME}")
        self._level, self._seed, self._most, self._chat = level, options.seed, options.items, options.chat

    @cached_property
    def card(self) -> TaskCard:
        """What the task is."""
        questions = self._questions
        declined = sum(not one.golds for one in questions) / len(questions)
        return TaskCard(
            name=NAME,
            version=str(VERSION),
            revision=f"generator {VERSION} seed {self._seed}",
            licence="CC0-1.0",
            measures=(*TEXT_MEASURES, *TRACED),
            main_measure="acc",
            description=f"Questions about the news archive of an invented town (`fairtrial archive example` writes "
            f"it). Level {self._level}: {LEVELS[self._level]} Always declining is right in {declined:.0%}.",
            settings={"level": self._level, "seed": self._seed},
        )

    @cached_property
    def _questions(self) -> list[NewsQuestion]:
        return [one for one in build_newsroom(self._seed).questions if one.level <= self._level][: self._most]

    def items(self) -> Sequence[Item]:
        """Return the questions of the level, in an order that tells nothing."""
        return self._items

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        return tuple(_make_item(self._seed, number, one) for number, one in enumerate(self._questions))

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the one request for an item."""
        question = self._questions[item.doc_id]
        system = SYSTEM.format(town=build_newsroom(self._seed).town.name) + "\n\n"
        prompt = Prompt(f"Question: {question.text}\nAnswer:", system)
        return [
            GenerateRequest(
                prompt if self._chat else prompt.in_one_turn(),
                max_tokens=64,
                stop=() if self._chat else ("\n",),
                label=f"{NAME} item {item.doc_id}",
                query=question.text,
                relevant=tuple(places[0] for places in item.data["needs"]),
            )
        ]

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the measures of the card that apply."""
        (answer,) = answers
        if not isinstance(answer, GenerateAnswer):
            raise TypeError(f"{NAME} grades text, got {type(answer).__name__}")
        own = [Observation(name, value) for name, value in _grade_text(item.data, answer.text)]
        told = observe_trace(answer.trace, item.data["needs"], self._contexts, gives_something(answer.text))
        return [*own, *told, *observe_use(answer.trace, answer.text, self._texts)]

    @cached_property
    def _contexts(self) -> Mapping[str, RequiredContext]:
        return build_newsroom(self._seed).find_contexts()

    @cached_property
    def _texts(self) -> Mapping[str, str]:
        return build_newsroom(self._seed).find_texts()

    def traced_measures(self) -> Collection[str]:
        """Return the measures of what was found, cited and quoted."""
        return [measure.name for measure in TRACED]

    def absences(self, item: Item, answers: Sequence[Answer]) -> Mapping[str, str]:
        """Return which of these an answer without any search cannot have."""
        (answer,) = answers
        assert isinstance(answer, GenerateAnswer)
        return explain_missing_measures(answer.trace, item.data["needs"], gives_something(answer.text))

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return nothing: an answer that gives no value is wrong, and there is no other way to read it."""
        return []


def _make_item(seed: int, number: int, one: NewsQuestion) -> Item:
    row: dict[str, Any] = {
        "task": NAME,
        "version": VERSION,
        "seed": seed,
        "question": one.text,
        "sort": one.sort,
        "level": one.level,
        "story": one.story,
        "form": one.form,
        "golds": [_write_value(value) for value in one.golds],
        "rivals": [_write_value(value) for value in one.rivals],
        "needs": [[f"{p.uri}#{p.start}-{p.end}" if p.end else p.uri for p in places] for places in one.needs],
        "barred": list(one.barred),
    }
    gold = " and ".join(value.text for value in one.golds) or DECLINE
    return Item(content_hash(row), number, one.text, (), (gold,), f"{NAME}/{one.story}", row)


def _grade_text(row: Mapping[str, Any], text: str) -> Iterator[tuple[str, float]]:
    """Yield the measures that a text alone decides."""
    golds = [_read_value(value) for value in row["golds"]]
    rivals = [_read_value(value) for value in row["rivals"]]
    declined = declines(text)
    if declined and not golds and rivals:  # who declines and names a value all the same has not declined
        declined = not any(gives(text, value, row["question"]) for value in rivals)
    right = declined if not golds else not declined and _gives_right(text, golds, rivals, row["question"])
    yield "acc", float(right)
    if golds:
        yield "acc_answerable", float(right)
    else:
        yield "abstention_recall", float(declined)
    if declined:
        yield "abstention_precision", float(not golds)


def _gives_right(text: str, golds: Sequence[FactValue], rivals: Sequence[FactValue], asked: str) -> bool:
    return gives(text, golds[0], asked, rivals) if len(golds) == 1 else gives_all(text, golds, asked)


def _write_value(value: FactValue) -> list[str]:
    return [value.kind, value.key, value.text]


def _read_value(row: Sequence[str]) -> FactValue:
    kind, key, text = row
    return FactValue(kind, key, text, text)  # type: ignore[arg-type]
