"""What tasks about harm share: questions in counterfactual pairs, a balanced order, requests and grading.

A suite says which questions there are and how an answer to one is graded; `HarmTask` makes a task of it.
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import chain, zip_longest
from typing import Any, Protocol

from fairtrial.conduct import METHOD
from fairtrial.errors import SpecError
from fairtrial.records import (
    COUNT,
    Answer,
    CorpusScore,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Measure,
    Message,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    TextPart,
    content_hash,
)
from fairtrial.records.harms import HARMFUL, HELPFUL, UNCLEAR, HarmCard
from fairtrial.records.held_back import METHOD as HELD_BACK
from fairtrial.records.held_back import REFUSAL, find_held_back
from fairtrial.tasks.base import TaskCard, TaskOptions
from fairtrial.tasks.procedural.draw import Draw

HARM = Measure(HARMFUL, higher_is_better=False)
HELP = Measure(HELPFUL)
DOUBT = Measure(UNCLEAR, higher_is_better=False)

HarmGrades = Mapping[str, float | tuple[float, float]]
"""Measure name to its value, or to value and weight (`fairtrial.records.Measure`)."""


@dataclass(frozen=True, slots=True)
class HarmQuestion:
    """One question of a suite.

    Attributes:
        text: what the user says.
        row: what grading and analysis must know of it, JSON values only.  Keys that reports know: ``hazard`` (a code of
            `fairtrial.records.harms.AILUMINATE`), ``attribute`` and ``group`` (e.g. gender, woman), ``twin`` (harmful
            or benign), ``attack`` (what the request is disguised by), ``kind`` (the template's sort).
        pair: what all versions of one question have in common: they are one cluster.
        level: how hard, from 1.
        stratum: beginnings of the task are balanced over these; default: the row's ``kind`` and ``hazard``.
        system: what the model is told before everything.
        turns: what the user and the assistant said before, the user first.
        choices: answers whose likelihood is asked for; empty for a written answer.
        gold: right answers, if there are.
    """

    text: str
    row: Mapping[str, Any]
    pair: str
    level: int = 1
    stratum: str = ""
    system: str = ""
    turns: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()
    gold: tuple[str, ...] = ()

    @property
    def prompt(self) -> Prompt:
        """The question as a model is shown it through a chat template."""
        said = [Message("assistant" if i % 2 else "user", (TextPart(turn),)) for i, turn in enumerate(self.turns)]
        return Prompt(self.text, self.system, examples=said)


class HarmSuite(ABC):
    """A set of questions about one harm, and how answers to them are graded.  Holds no state."""

    name: str
    version: int
    """Raise it whenever an item or a grade would change."""
    description: str
    harms: HarmCard
    levels: Mapping[int, str]
    """Level to what its questions are like, from 1; a task of a level has those of all levels up to it."""
    measures: tuple[Measure, ...] = (HARM, HELP, DOUBT)
    main_measure: str = HARMFUL
    chance: float | None = None
    licence: str = "CC0-1.0"
    citation: str = ""
    max_tokens: int = 96
    """Of a written answer."""
    corpus: tuple[CorpusScore, ...] = ()
    """Scores of all answers together; each needs a count of every answer, see `count_answer`."""

    @abstractmethod
    def make_questions(self, draw: Draw) -> Iterable[HarmQuestion]:
        """Return all questions of all levels, those of one pair one after the other; a function of ``draw`` alone."""

    def grade_text(self, row: Mapping[str, Any], text: str) -> HarmGrades:
        """Return the measures of a written answer that apply to it; pure."""
        raise NotImplementedError

    def write_held_back(self, row: Mapping[str, Any], words: str) -> str:
        """Return what stands, for grading, for a guard's own words: a plain refusal, however they read; pure.

        A suite that wants more of an answer than that it declines, e.g. a referral, looks for it in the words.
        """
        return REFUSAL

    def grade_choice(self, row: Mapping[str, Any], logprobs: Sequence[float]) -> HarmGrades:
        """Return the measures of a question with choices by their log-probabilities in nats; pure."""
        raise NotImplementedError

    def count_answer(self, row: Mapping[str, Any], answer: Answer) -> Mapping[str, float]:
        """Return what an answer contributes to the scores of ``corpus``, by ``SCORE:NAME``; pure."""
        return {}


@dataclass(frozen=True)
class HarmTask:
    """See `fairtrial.tasks.base.Task`.

    Args:
        suite: what is asked and graded.
        options: seed, level, number of items.

    Raises SpecError for a level that there is not, a wrong seed or number of items, or examples.
    """

    suite: HarmSuite
    options: TaskOptions = field(default_factory=TaskOptions)

    def __post_init__(self) -> None:
        suite, options = self.suite, self.options
        if self._level not in suite.levels:
            raise SpecError(
                f"level {self._level} does not exist; task {suite.name!r} has the levels 1 to {len(suite.levels)}.",
                fix="\n".join(f"{n}: {text}" for n, text in suite.levels.items()),
                where=f"task {suite.name}",
            )
        if options.shots:
            raise SpecError(
                f"{options.shots} examples were asked for, and this task shows none.",
                fix="Leave the shots out.",
                where=f"task {suite.name}",
            )
        for what, value, least in (("seed", options.seed, 0), ("number of items", options.items, 1)):
            if value is not None and value < least:
                raise SpecError(f"the {what} is {value}; allowed is at least {least}.", where=f"task {suite.name}")

    @property
    def _level(self) -> int:
        return len(self.suite.levels) if self.options.level is None else self.options.level

    @cached_property
    def card(self) -> TaskCard:
        """What the task is."""
        suite = self.suite
        return TaskCard(
            name=suite.name,
            version=str(suite.version),
            revision=f"generator {suite.version} seed {self.options.seed}",
            licence=suite.licence,
            measures=suite.measures,
            main_measure=suite.main_measure,
            description=f"{suite.description} Level {self._level}: {suite.levels[self._level]}",
            citation=suite.citation,
            chance=suite.chance,
            corpus=suite.corpus,
            harms=suite.harms,
            settings={"level": self._level, "seed": self.options.seed, "conduct": METHOD, "held_back": HELD_BACK},
        )

    def items(self) -> Sequence[Item]:
        """Return the questions: whole pairs, in an order of which every beginning is balanced over strata."""
        return self._items

    @cached_property
    def _questions(self) -> list[HarmQuestion]:
        suite = self.suite
        draw = Draw(zlib.crc32(suite.name.encode()), suite.version, self.options.seed)
        pairs: dict[str, list[HarmQuestion]] = {}
        for one in suite.make_questions(draw):
            if one.level <= self._level:
                pairs.setdefault(one.pair, []).append(one)
        strata: dict[str, list[list[HarmQuestion]]] = {}
        for pair in draw.shuffle(pairs.values()):
            strata.setdefault(_name_stratum(pair[0]), []).append(pair)
        ordered = [pair for pair in chain.from_iterable(zip_longest(*strata.values())) if pair is not None]
        return list(_take_whole(ordered, self.options.items))

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        return tuple(_make_item(self.suite, number, one) for number, one in enumerate(self._questions))

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the one request for an item."""
        return [self.ask(self._questions[item.doc_id], item.doc_id)]

    def ask(self, question: HarmQuestion, number: int) -> Request:
        """Return the request for a question; ``number`` of its item."""
        label = f"{self.suite.name} item {number}"
        prompt = question.prompt if self.options.chat else _write_out(question)
        query, relevant = question.row.get("query", ""), tuple(question.row.get("relevant", ()))
        if question.choices:
            pairs = tuple(Pair(prompt, choice) for choice in question.choices)
            return ScoreRequest(pairs, label=label, query=query, relevant=relevant)
        stop = () if self.options.chat else ("\nUser:",)
        return GenerateRequest(prompt, self.suite.max_tokens, stop, label=label, query=query, relevant=relevant)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the measures of the card that apply."""
        (answer,) = answers
        return self.list_observations(self.grade_answer(item, answer))

    def grade_answer(self, item: Item, answer: Answer) -> HarmGrades:
        """Return the suite's grades of one answer to an item."""
        if isinstance(answer, ScoreAnswer) and item.choices:
            return self.suite.grade_choice(item.data, answer.logprobs)
        if isinstance(answer, GenerateAnswer) and not item.choices:
            return grade_written(self.suite, item.data, answer)
        raise TypeError(f"{self.suite.name} cannot grade {type(answer).__name__} to item {item.doc_id}")

    def list_observations(self, grades: HarmGrades) -> list[Observation]:
        """Return grades as observations, in the order of the card."""
        return [
            Observation(measure.name, *_weigh(grades[measure.name]), measure.unit)
            for measure in self.suite.measures
            if measure.name in grades
        ]

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what an item contributes to the scores of all answers together, if the suite has some."""
        if not self.suite.corpus:
            return []
        (answer,) = answers
        return [Observation(f"{COUNT}{name}", n) for name, n in self.suite.count_answer(item.data, answer).items()]

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return ``unread`` where nobody can tell whether the answer does harm."""
        return ["unread"] if any(one.measure == UNCLEAR and one.value for one in grades) else []


class GradesText(Protocol):
    """A suite, as far as written answers are concerned."""

    def grade_text(self, row: Mapping[str, Any], text: str) -> HarmGrades:
        """See `HarmSuite`."""
        ...

    def write_held_back(self, row: Mapping[str, Any], words: str) -> str:
        """See `HarmSuite`."""
        ...


def grade_written(suite: GradesText, row: Mapping[str, Any], answer: GenerateAnswer) -> HarmGrades:
    """Return a suite's grades of a written answer, also of one that a server refused or a guard ended.

    What a model wrote before a guard ended it was given, and is graded; helped with is nothing that was ended.  So is
    nothing by a plain refusal of a guard, also where a model that declines has said what there is to say.
    """
    if answer.finish == "refused":  # by the server, which tells no words of the model
        return suite.grade_text(row, REFUSAL)
    held = find_held_back(answer.text, answer.trace)
    if held is None:
        return suite.grade_text(row, answer.text)
    words = suite.write_held_back(row, held.words)
    if not held.given and words != REFUSAL:  # it refers, or names help
        return suite.grade_text(row, words)
    grades = suite.grade_text(row, held.given or words)
    return {**grades, **({HELPFUL: 0.0} if HELPFUL in grades else {})}


def read_written(answer: GenerateAnswer) -> str:
    """Return the text by which an answer is compared with others: a plain refusal where it was refused or held back."""
    if answer.finish == "refused":
        return REFUSAL
    held = find_held_back(answer.text, answer.trace)
    return answer.text if held is None else f"{held.given} {REFUSAL}".strip()


def _weigh(given: float | tuple[float, float]) -> tuple[float, float]:
    return given if isinstance(given, tuple) else (float(given), 1.0)


def _name_stratum(question: HarmQuestion) -> str:
    return question.stratum or f"{question.row.get('kind', '')}/{question.row.get('hazard', '')}"


def _take_whole(pairs: Iterable[list[HarmQuestion]], most: int | None) -> Iterable[HarmQuestion]:
    """Yield the questions of as many pairs as fit into ``most``, of the first one in any case."""
    taken = 0
    for pair in pairs:
        if taken and most is not None and taken + len(pair) > most:
            return
        taken += len(pair)
        yield from pair


def _write_out(question: HarmQuestion) -> Prompt:
    """Return the question as running text, for models without a chat template."""
    said = "".join(f"{'Assistant' if i % 2 else 'User'}: {turn}\n" for i, turn in enumerate(question.turns))
    head = f"{question.system}\n\n" if question.system else ""
    return Prompt(f"{head}{said}User: {question.text}\nAssistant:")


def _make_item(suite: HarmSuite, number: int, one: HarmQuestion) -> Item:
    row = {
        **one.row,
        "task": suite.name,
        "version": suite.version,
        "level": one.level,
        "pair": one.pair,
        "question": one.text,
        **({"system": one.system} if one.system else {}),
        **({"turns": list(one.turns)} if one.turns else {}),
        **({"choices": list(one.choices)} if one.choices else {}),
        **({"gold": list(one.gold)} if one.gold else {}),
    }
    return Item(content_hash(row), number, one.text, one.choices, one.gold, f"{suite.name}/{one.pair}", row)
