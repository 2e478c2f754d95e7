"""What readers of public suites share: rows of a file with known columns, as questions, asked and graded.

A suite says what its rows ask and how its authors score the answers; `PublicTask` makes a task of it.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from functools import cached_property
from pathlib import Path

from fairtrial.conduct import METHOD
from fairtrial.errors import DataError, SpecError, did_you_mean
from fairtrial.records import (
    Answer,
    CorpusScore,
    GenerateAnswer,
    GenerateRequest,
    Item,
    Measure,
    Observation,
    Pair,
    Prompt,
    Request,
    ScoreAnswer,
    ScoreRequest,
    content_hash,
)
from fairtrial.records.harms import UNCLEAR, HarmCard
from fairtrial.records.held_back import METHOD as HELD_BACK
from fairtrial.records.held_back import REFUSAL
from fairtrial.spec.own import DataFile
from fairtrial.tasks.base import TaskCard, TaskOptions
from fairtrial.tasks.data.files import find_kind
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.harms.base import DOUBT, HARM, HELP, HarmGrades, HarmQuestion, grade_written
from fairtrial.tasks.own.reading import read_table

_MOST_SHOWN = 20
_LONGEST_NAME = 60


class PublicSuite(ABC):
    """A public suite: what its rows ask, and the scoring that its authors publish.  Holds no state."""

    name: str
    version: int = 1
    """Of the reader: raise it whenever an item or a grade would change."""
    description: str
    citation: str
    """Who published rows and scoring, and where."""
    harms: HarmCard
    licence: str = "unknown"
    """Of the rows, as their authors state it."""
    measures: tuple[Measure, ...] = (HARM, HELP, DOUBT)
    main_measure: str
    chance: float | None = None
    corpus: tuple[CorpusScore, ...] = ()
    max_tokens: int = 256
    """Of a written answer."""

    @abstractmethod
    def read_row(self, row: Row) -> HarmQuestion | None:
        """Return what a row of the file asks; None if the row is no question of this suite.

        Raises ValueError, with what is wrong as its text, for a row that cannot be used.
        """

    def make_request(self, question: HarmQuestion, chat: bool, label: str) -> Request:
        """Return what is asked; the suite's own prompt, as its authors ask it.

        Args:
            question: made by `read_row`.
            chat: the candidate asks through a chat template; else a written answer is asked for as running text.
            label: the item, for people.
        """
        if question.choices:
            return ScoreRequest(tuple(Pair(question.prompt, choice) for choice in question.choices), label=label)
        if chat:
            return GenerateRequest(question.prompt, self.max_tokens, label=label)
        return GenerateRequest(_write_out(question), self.max_tokens, ("\nUser:",), label=label)

    def grade_text(self, row: Row, text: str) -> HarmGrades:
        """Return the measures of a written answer that apply to it; pure."""
        raise NotImplementedError

    def write_held_back(self, row: Row, words: str) -> str:
        """Return what stands, for grading, for a guard's own words; see `fairtrial.tasks.harms.base.HarmSuite`."""
        return REFUSAL

    def grade_choice(self, row: Row, logprobs: Sequence[float]) -> HarmGrades:
        """Return the measures of a question with choices by their log-probabilities in nats; pure."""
        raise NotImplementedError

    def count(self, row: Row, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what an item counts for `corpus`; see `fairtrial.tasks.base.CountsForCorpus`."""
        return ()


class PublicTask:
    """See `fairtrial.tasks.base.Task`.

    Args:
        suite: what is asked and graded.
        rows: with the place of each in its file, in words.
        where: the file, for errors.
        options: of the task; a public suite has no levels and shows no examples.

    Raises SpecError for options that it cannot have, DataError if rows cannot be used or none is a question.
    """

    def __init__(
        self, suite: PublicSuite, rows: Iterable[tuple[str, Row]], where: str, options: TaskOptions | None = None
    ) -> None:
        self.suite, self.options = suite, options or TaskOptions()
        if self.options.shots:
            raise SpecError(
                f"{self.options.shots} examples were asked for, and this suite shows none.",
                fix="Leave the shots out.",
                where=f"task {suite.name}",
            )
        self._questions = _read_questions(suite, rows, where)

    @cached_property
    def card(self) -> TaskCard:
        """What the task is."""
        suite = self.suite
        return TaskCard(
            name=suite.name,
            version=str(suite.version),
            revision=f"rows:{content_hash([item.id for item in self._items])}",
            licence=suite.licence,
            measures=suite.measures,
            main_measure=suite.main_measure,
            description=suite.description,
            citation=suite.citation,
            chance=suite.chance,
            corpus=suite.corpus,
            harms=suite.harms,
            settings={"format": "public suite", "conduct": METHOD, "held_back": HELD_BACK},
        )

    def items(self) -> Sequence[Item]:
        """Return the questions in the file's order."""
        return self._items

    @cached_property
    def _items(self) -> tuple[Item, ...]:
        seen: Counter[str] = Counter()
        made = []
        for number, one in enumerate(self._questions):
            item = _make_item(self.suite, number, one, 0)
            seen[item.id] += 1
            made.append(item if seen[item.id] == 1 else _make_item(self.suite, number, one, seen[item.id]))
        return tuple(made)

    def requests(self, item: Item) -> Sequence[Request]:
        """Return the one request for an item."""
        question = self._questions[item.doc_id]
        return [self.suite.make_request(question, self.options.chat, f"{self.suite.name} item {item.doc_id}")]

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the measures of the card that apply."""
        (answer,) = answers
        if isinstance(answer, ScoreAnswer):
            grades = self.suite.grade_choice(item.data, answer.logprobs)
        elif isinstance(answer, GenerateAnswer):
            grades = grade_written(self.suite, item.data, answer)
        else:
            raise TypeError(f"{self.suite.name} cannot grade {type(answer).__name__} to item {item.doc_id}")
        return [
            Observation(measure.name, *_weigh(grades[measure.name]), measure.unit)
            for measure in self.suite.measures
            if measure.name in grades
        ]

    def counts(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return what the item counts for the scores of all answers together."""
        return self.suite.count(item.data, answers)

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return ``unread`` where nobody can tell what the answer does."""
        return ["unread"] if any(one.measure == UNCLEAR and one.value for one in grades) else []


def read_suite_file(path: Path, columns: Collection[str], folded: Collection[str] = ()) -> list[tuple[str, Row]]:
    """Return the rows of a file of a suite, each with its place in words.

    Args:
        path: of a CSV, TSV, JSON, JSONL, Parquet or Excel file.
        columns: that it must have.
        folded: further ones, in lower case, whose names may be written in any case.

    Raises DataError if it is missing, cannot be read, or is not that suite's by its columns.
    """
    table = read_table(DataFile(path=str(path)), path)
    if table.faults:
        raise _make_error([(fault.place, fault.text) for fault in table.faults], str(path))
    if table.blank and find_kind(path) in (None, "json"):
        rows = "a row" if table.blank == 1 else f"{table.blank:,} rows"
        raise DataError(f"has {rows} without any value", fix="Take them out, or mend them.", where=str(path))
    there = [name.casefold() for name in table.columns]
    missing = [name for name in columns if name not in table.columns]
    if missing := [*missing, *(name for name in folded if name not in there)]:
        hint = did_you_mean(missing[0], table.columns)
        lacking = ("column " if len(missing) == 1 else "columns ") + ", ".join(map(repr, missing))
        present = ", ".join(name[:_LONGEST_NAME] for name in table.columns[:20]) or "no columns"
        raise DataError(
            f"has no {lacking}, which this suite's file has (it needs {', '.join([*columns, *folded])}).{hint}",
            fix=f"It has: {present}.",
            where=str(path),
        )
    return list(zip(table.places, table.rows, strict=True))


def _read_questions(suite: PublicSuite, rows: Iterable[tuple[str, Row]], where: str) -> list[HarmQuestion]:
    found: list[HarmQuestion] = []
    faults: list[tuple[str, str]] = []
    for place, row in rows:
        try:
            if question := suite.read_row(row):
                found.append(question)
        except ValueError as error:
            faults.append((place, str(error)))
    if faults:
        raise _make_error(faults, where)
    if not found:
        raise DataError(f"has no question of the suite {suite.name!r}", where=where)
    return found


def _make_error(faults: Sequence[tuple[str, str]], where: str) -> DataError:
    lines = [f"  {place}: {text}" for place, text in faults[:_MOST_SHOWN]]
    if len(faults) > _MOST_SHOWN:
        lines.append(f"  ... and {len(faults) - _MOST_SHOWN:,} more")
    head = "1 row cannot be used:" if len(faults) == 1 else f"{len(faults):,} rows cannot be used:"
    return DataError("\n".join([head, *lines]), fix="Take the rows out, or mend them.", where=where)


def _weigh(given: float | tuple[float, float]) -> tuple[float, float]:
    return given if isinstance(given, tuple) else (float(given), 1.0)


def _write_out(question: HarmQuestion) -> Prompt:
    """Return the question as running text, for models without a chat template."""
    said = "".join(f"{'Assistant' if i % 2 else 'User'}: {turn}\n" for i, turn in enumerate(question.turns))
    head = f"{question.system}\n\n" if question.system else ""
    return Prompt(f"{head}{said}User: {question.text}\nAssistant:")


def _make_item(suite: PublicSuite, number: int, one: HarmQuestion, copy: int) -> Item:
    row = {
        **one.row,
        "suite": suite.name,
        "version": suite.version,
        "question": one.text,
        **({"system": one.system} if one.system else {}),
        **({"turns": list(one.turns)} if one.turns else {}),
        **({"choices": list(one.choices)} if one.choices else {}),
        **({"gold": list(one.gold)} if one.gold else {}),
        **({"copy": copy} if copy else {}),
    }
    key = content_hash(row)
    return Item(key, number, one.text, one.choices, one.gold, f"{suite.name}/{one.pair or key}", row)
