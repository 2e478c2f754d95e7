"""What all procedural tasks share: items from a seed, few-shot examples, prompts, grading of choices.

A generator makes scenes: a context with one or more questions about it.  `ProceduralTask` numbers the scenes, turns
them into items and puts examples before them.  It knows nothing of what the questions are about.

Scene number i of a task depends only on (task name, generator version, seed, level, i), so the first 100 of 200 items
are the 100 items, on every machine (see `fairtrial.tasks.procedural.draw`).  A scene that repeats an earlier question
is drawn again with the next attempt number.  Examples come from a stream of their own and no item ever equals one,
however many of them are shown.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from fairtrial.errors import SpecError, TaskError
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Measure,
    Observation,
    Pair,
    Part,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    TextPart,
    content_hash,
    make_example,
    render_parts,
)
from fairtrial.tasks.base import TaskCard, TaskOptions
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel

DEFAULT_ITEMS = 200
MOST_SHOTS = 16
_ITEMS, _EXAMPLES, _TRAINING = 0, 1, 2
_ATTEMPTS = 1000


@dataclass(frozen=True, slots=True)
class Question:
    """One question of a scene.

    Attributes:
        text: the question itself, one line.
        gold: the right answer.
        wrong: the wrong answers offered; empty for a written answer.
        facts: what grading or analysis needs beyond that, JSON values only.
    """

    text: str
    gold: str
    wrong: tuple[str, ...] = ()
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """A context and the questions about it.

    Attributes:
        kind: names the template and scenario; scenes of one kind differ in names and numbers only.
        questions: always the same number for one task.
        context: passage or table that the questions share; empty if each question stands alone.
    """

    kind: str
    questions: tuple[Question, ...]
    context: str = ""


SceneMaker = Callable[[Draw, Suite, SuiteLevel], Scene]


class ProceduralTask(ABC):
    """A task whose items come from a generator.

    Args:
        suite: card, levels and texts.
        maker: makes one scene of a stream of draws; pure, and always with the same number of questions.
        options: shots, seed, level, items.
        label: what stands before the context, e.g. ``Passage``; empty for none.

    Raises SpecError for a level, seed, number of shots or number of items that cannot be.
    """

    main_measure: str
    reading = 1
    """Version of how answers are read; a change makes another task of the same items."""

    def __init__(self, suite: Suite, maker: SceneMaker, options: TaskOptions, label: str = "") -> None:
        self._suite, self._maker, self._label = suite, maker, label
        self._number, self._level = suite.find_level(options.level)
        self._seed = _check_range(options.seed, 0, None, "seed", suite.name)
        shots = suite.shots if options.shots is None else options.shots
        self._shots = _check_range(shots, 0, MOST_SHOTS, "number of shots", suite.name)
        count = DEFAULT_ITEMS if options.items is None else options.items
        self._count = _check_range(count, 1, None, "number of items", suite.name)
        self._cached_examples: list[Item] | None = None
        self._cached_items: list[Item] | None = None
        self.card = TaskCard(
            name=suite.name,
            version=str(suite.version),
            revision=f"generator {suite.version} seed {self._seed}",
            licence=suite.licence,
            measures=self.measures(suite),
            main_measure=self.main_measure,
            description=f"{suite.description} Level {self._number}: {self._level.description}",
            citation=suite.citation,
            chance=self.chance(self._level),
            settings={
                "level": self._number,
                "shots": self._shots,
                "seed": self._seed,
                **({"reading": self.reading} if self.reading > 1 else {}),
            },
        )

    def items(self) -> Sequence[Item]:
        """Return the first items of the endless series; see the module's docstring."""
        if self._cached_items is None:
            taken = {_hash_content(item) for item in self._example_pool()}
            self._cached_items = self._stream(_ITEMS, self._count, taken, whole_scenes=True)
        return self._cached_items

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the one request for ``item``."""
        pool = self._example_pool()[: self._shots]
        shots = [message for shown in pool for message in make_example(self._ask(shown), shown.gold[0])]
        prompt = Prompt(self._ask(item), self._suite.system.strip() + "\n\n", examples=shots)
        return [self.request(item, prompt, f"{self.card.name} item {item.doc_id}")]

    def examples(self) -> Sequence[str]:
        """Return the examples that shots are taken from; see `fairtrial.tasks.base.ShowsExamples`."""
        return [f"{render_parts(self._ask(shown))} {shown.gold[0]}" for shown in self._example_pool()]

    @property
    def level(self) -> int:
        """Number of its level."""
        return self._number

    @property
    def instruction(self) -> str:
        """What the model is told before everything."""
        return self._suite.system.strip()

    def write_question(self, item: Item) -> Sequence[Part]:
        """Return an item's question as it stands in the prompt."""
        return self._ask(item)

    def list_asked(self) -> set[str]:
        """Return the content of all examples and items, by which a question is known again.

        Of a level with too few different questions, as many as there are.
        """
        taken = {_hash_content(item) for item in self._example_pool()}
        with suppress(TaskError):  # what was found until then is in `taken`
            self._stream(_ITEMS, self._count, taken, whole_scenes=True)
        return taken

    def draw_training(self, number: int) -> list[tuple[str, Item]]:
        """Return the questions of a scene that no trial draws, each with its content as in `list_asked`."""
        scene, rows = self._draw(_TRAINING, number, 0)
        cluster = self._name_cluster(scene, number)
        return [(content_hash(_list_asked(row)), self._make_item(scene, row, cluster, number)) for row in rows]

    @abstractmethod
    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Judge the one answer to `requests`."""

    @abstractmethod
    def request(self, item: Item, prompt: Prompt, label: str) -> Request:
        """Make the request of ``prompt``."""

    @abstractmethod
    def measures(self, suite: Suite) -> tuple[Measure, ...]:
        """Return what `grade` returns."""

    @abstractmethod
    def chance(self, level: SuiteLevel) -> float | None:
        """Return the expected main measure of blind guessing at ``level``."""

    def _ask(self, item: Item) -> Sequence[Part]:
        context = f"{self._label}:\n{item.data['context']}\n" if item.data["context"] else ""
        return (TextPart(f"{context}Question: {item.data['question']}\nAnswer:"),)

    def _example_pool(self) -> list[Item]:
        if self._cached_examples is None:
            self._cached_examples = self._stream(_EXAMPLES, MOST_SHOTS, set(), whole_scenes=False)
        return self._cached_examples

    def _stream(self, stream: int, count: int, taken: set[str], whole_scenes: bool) -> list[Item]:
        """Return ``count`` items of which none is in ``taken``; all questions of a scene, or its first only."""
        found: list[Item] = []
        number = 0
        while len(found) < count:
            scene, rows = self._draw_fresh(stream, number, taken)
            for row in rows if whole_scenes else rows[:1]:
                taken.add(content_hash(_list_asked(row)))
                found.append(self._make_item(scene, row, self._name_cluster(scene, number), len(found)))
            number += 1
        return found[:count]

    def _draw_fresh(self, stream: int, number: int, taken: set[str]) -> tuple[Scene, list[dict[str, Any]]]:
        for attempt in range(_ATTEMPTS):
            scene, rows = self._draw(stream, number, attempt)
            keys = [content_hash(_list_asked(row)) for row in rows]
            if len(set(keys)) == len(keys) and taken.isdisjoint(keys):
                return scene, rows
        raise TaskError(
            f"no new question in {_ATTEMPTS} attempts: level {self._number} has too few different ones.",
            fix="Ask for fewer items or a higher level.",
            where=f"task {self._suite.name}, scene {number}",
        )

    def _draw(self, stream: int, number: int, attempt: int) -> tuple[Scene, list[dict[str, Any]]]:
        """Return a scene and the rows of its questions; nothing else decides them but the card."""
        name = zlib.crc32(self._suite.name.encode())
        draw = Draw(name, self._suite.version, self._seed, self._number, stream, number, attempt)
        scene = self._maker(draw, self._suite, self._level)
        return scene, [self._make_row(scene, question, draw) for question in scene.questions]

    def _make_row(self, scene: Scene, question: Question, draw: Draw) -> dict[str, Any]:
        return {
            "task": self._suite.name,
            "version": self._suite.version,
            "level": self._number,
            "kind": scene.kind,
            "context": scene.context,
            "question": question.text,
            "choices": draw.shuffle([question.gold, *question.wrong]) if question.wrong else [],
            "gold": question.gold,
            "facts": dict(question.facts),
        }

    def _name_cluster(self, scene: Scene, number: int) -> str:
        name = f"{self._suite.name}/{self._number}/{scene.kind}"
        return f"{name}/{number}" if scene.context else name

    def _make_item(self, scene: Scene, row: dict[str, Any], cluster: str, doc_id: int) -> Item:
        shown = f"{row['context']}\n{row['question']}" if row["context"] else str(row["question"])
        return Item(
            id=content_hash(row),
            doc_id=doc_id,
            question=shown,
            choices=tuple(row["choices"]),
            gold=(row["gold"],),
            cluster=cluster,
            data=row,
        )


class ChoiceTask(ProceduralTask):
    """Multiple choice by log-probability.

    ``acc``: the likeliest choice is the right one (the first of equals counts as chosen).  ``acc_norm``: the same with
    each log-probability divided by the number of characters of its choice; only for suites whose choices differ much.
    """

    main_measure = "acc"

    def measures(self, suite: Suite) -> tuple[Measure, ...]:
        """Return ``acc``, and ``acc_norm`` if the suite asks for it."""
        return (Measure("acc"), Measure("acc_norm")) if suite.by_length else (Measure("acc"),)

    def chance(self, level: SuiteLevel) -> float | None:
        """Return 1 / number of choices, exact since every item of a level offers as many."""
        return 1.0 / level.choices if level.choices else None

    def request(self, item: Item, prompt: Prompt, label: str) -> Request:
        """Ask for the score of every choice after the prompt."""
        return ScoreRequest(pairs=tuple(Pair(prompt, choice) for choice in item.choices), label=label)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the measures of the card, each 0 or 1."""
        (answer,) = answers
        if not isinstance(answer, ScoreAnswer):
            raise TypeError(f"{self.card.name} grades scores, got {type(answer).__name__}")
        gold = item.choices.index(item.gold[0])
        plain = list(answer.logprobs)
        graded = [Observation("acc", float(plain.index(max(plain)) == gold))]
        if self._suite.by_length:
            norm = [score / len(choice) for score, choice in zip(plain, item.choices, strict=True)]
            graded.append(Observation("acc_norm", float(norm.index(max(norm)) == gold)))
        return graded


class WrittenTask(ProceduralTask):
    """A task whose answers are written by the model and graded by code."""

    max_tokens = 24
    stop: tuple[str, ...] = ("\n",)

    def chance(self, level: SuiteLevel) -> float | None:
        """Return 0: there is nothing to guess from."""
        return 0.0

    def request(self, item: Item, prompt: Prompt, label: str) -> Request:
        """Ask for text, greedily."""
        return GenerateRequest(prompt=prompt, max_tokens=self.max_tokens, stop=self.stop, label=label)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what `judge` makes of the text."""
        (answer,) = answers
        if not isinstance(answer, GenerateAnswer):
            raise TypeError(f"{self.card.name} grades text, got {type(answer).__name__}")
        return self.judge(item, answer.text)

    @abstractmethod
    def judge(self, item: Item, text: str) -> Sequence[Observation]:
        """Judge the text that the model wrote; pure."""


def _list_asked(row: Mapping[str, Any]) -> list[object]:
    return [row.get("pictures", row["context"]), row["question"], row["gold"], sorted(row["choices"])]


def _hash_content(item: Item) -> str:
    return content_hash(_list_asked(item.data))


def _check_range(value: int, low: int, high: int | None, what: str, task: str) -> int:
    if value < low or (high is not None and value > high):
        allowed = f"at least {low}" if high is None else f"from {low} to {high}"
        raise SpecError(f"the {what} is {value}; allowed is {allowed}.", where=f"task {task}")
    return value
