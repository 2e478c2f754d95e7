"""The answer key of a task: the right answers of all its rows, and what is odd about them.

How answers are written is understood by `fairtrial.tasks.lmeval.golds`.  This module knows nothing of prompts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from fairtrial.errors import DataError
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.lmeval.config import DocFields, TaskConfig
from fairtrial.tasks.lmeval.golds import (
    POSITIONS,
    GoldFormat,
    RowTarget,
    UnreadError,
    convert_to_plain,
    describe,
    read_answer_texts,
    read_choices,
)
from fairtrial.tasks.lmeval.native import ChoiceGrader
from fairtrial.tasks.lmeval.template import Fields

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True)
class AnswerKey:
    """Right answers, row by row.

    Attributes:
        choices: the choices of each row; empty for free text.
        positions: of the right ones among them; empty where no choice is right.
        texts: the right answers; none where the row has none.
        several: whether the row gives a list, any of which counts.
        reading: how right choices are written; None for free text and for a family's own grading.
        notes: what the card says of them; empty where all is as usual.
    """

    choices: Sequence[tuple[str, ...]]
    positions: Sequence[tuple[int, ...]]
    texts: Sequence[tuple[str, ...]]
    several: Sequence[bool]
    reading: GoldFormat | None
    notes: dict[str, Any]


@dataclass(frozen=True)
class KeyMaker:
    """Makes the answer key of a task.

    Attributes:
        config: the task file.
        fields: how its fields are read.
        contexts_differ: the choices are contexts, and ``doc_to_text`` gives the right one.
        located: does some work about the row of a number, and names this row in what it raises.
    """

    config: TaskConfig
    fields: Fields
    contexts_differ: bool
    located: Callable[[int, Callable[[], Any]], Any]

    def make(self, rows: Sequence[RowDict]) -> AnswerKey:
        """Return the key.

        Raises DataError where a right answer is none of the choices, has a type that is not understood, or where no row
        has any.  A task that is graded by code of its own may have what it likes.
        """
        config = self.config
        choices = self._map_rows(rows, partial(self._list_choices, config.asking))
        if isinstance(config.process_results, ChoiceGrader):
            grader = config.process_results
            return _make_choice_key(choices, self._map_rows(rows, lambda row: tuple(grader.targets(row))), None, {})
        values = self._map_rows(rows, self._read_value)
        if config.asking.choices is not None:
            return self._make_chosen(choices, values)
        return self._make_written(choices, values)

    def _map_rows(self, rows: Sequence[T], work: Callable[[T], U]) -> list[U]:
        """Do ``work`` on each row, located."""
        return [self.located(number, partial(work, row)) for number, row in enumerate(rows)]

    def _list_choices(self, asking: DocFields, row: RowDict) -> tuple[str, ...]:
        return () if asking.choices is None else self.fields.choices(asking.choices, row)

    def _read_value(self, row: RowDict) -> Any:
        asking = self.config.asking
        if self.contexts_differ:
            return convert_to_plain(self.fields.text(asking.text, row))
        raw = self.fields.target(asking.target, row)
        try:
            return convert_to_plain(raw)
        except DataError:
            if self._graded_by_code:
                return str(raw)
            raise

    @property
    def _graded_by_code(self) -> bool:
        return self.config.process_results is not None

    def _make_chosen(self, choices: list[tuple[str, ...]], values: list[Any]) -> AnswerKey:
        targets = [RowTarget(value, own) for value, own in zip(values, choices, strict=True)]
        reading, notes = self._read(targets)
        found = [reading.read_positions(target) for target in targets]
        if not self._graded_by_code:
            notes |= describe(reading, {"missing": sum(not positions for positions in found)})
            self._refuse_none(found)
        return _make_choice_key(choices, found, reading, notes)

    def _read(self, targets: list[RowTarget]) -> tuple[GoldFormat, dict[str, Any]]:
        if not self._graded_by_code:
            self._map_rows(targets, RowTarget.list_atoms)
        try:
            return read_choices(targets), {}
        except UnreadError as error:
            if self._graded_by_code:
                return GoldFormat(POSITIONS), {}
            self.located(error.row, partial(_raise, error))
            raise
        except DataError:
            if self._graded_by_code:
                return GoldFormat(POSITIONS), {}
            raise

    def _make_written(self, choices: list[tuple[str, ...]], values: list[Any]) -> AnswerKey:
        several = [isinstance(value, list) for value in values]
        texts = [read_answer_texts(value) for value in values]
        counts: dict[str, int] = {}
        if self.config.output != "generate_until":
            self._map_rows(texts, _check_one)
        if not self._graded_by_code:
            counts = {
                "missing": sum(not own for own in texts),
                "empty": sum("" in own for own in texts) if self.config.output == "generate_until" else 0,
                "like_lists": sum(isinstance(value, str) and _looks_like_list(value) for value in values),
            }
            self._refuse_none(texts)
        return AnswerKey(choices, [()] * len(texts), texts, several, None, describe(None, counts))

    def _refuse_none(self, found: Sequence[Sequence[object]]) -> None:
        if not any(found):
            raise DataError(
                f"no row of the split {self.config.eval_split!r} has a right answer, so nothing can be graded",
                fix="Hidden labels are often written as -1 or left empty; name a split that has them as test_split.",
            )

    def shown(self, asking: DocFields, key: AnswerKey, pool: Sequence[RowDict]) -> Callable[[Any, Sequence[str]], Any]:
        """Return what turns an example's answer, as ``asking`` gives it, into what an example shows.

        Where right choices are written in the usual way, answers stay as they are.  Examples that are asked otherwise
        than items are read by themselves.
        """
        own = self.config.asking
        reading = key.reading
        if asking.choices is None or self._graded_by_code:
            reading = None
        elif (asking.target, asking.choices) != (own.target, own.choices):
            reading = replace(self, config=replace(self.config, asking=asking))._reading_of(pool)

        def show(value: Any, choices: Sequence[str]) -> Any:
            try:
                value = convert_to_plain(value)
            except DataError:
                return value
            if reading is None or reading.way in {POSITIONS, "texts"} or not choices:
                return value
            return next(iter(reading.read_positions(RowTarget(value, choices))), value)

        return show

    def _reading_of(self, pool: Sequence[RowDict]) -> GoldFormat | None:
        try:
            return read_choices(
                [RowTarget(self._read_value(row), self._list_choices(self.config.asking, row)) for row in pool]
            )
        except (DataError, LookupError, TypeError, ValueError):
            return None  # what is wrong is said when the example is made


def _make_choice_key(
    choices: list[tuple[str, ...]], found: list[tuple[int, ...]], reading: GoldFormat | None, notes: dict[str, Any]
) -> AnswerKey:
    texts = [tuple(own[n] for n in right) for own, right in zip(choices, found, strict=True)]
    return AnswerKey(choices, found, texts, [True] * len(texts), reading, notes)


def _raise(error: UnreadError) -> None:
    raise error


def _check_one(texts: tuple[str, ...]) -> None:
    if len(texts) != 1:
        raise DataError(f"doc_to_target must give one text to score; got {len(texts)}")


def _looks_like_list(text: str) -> bool:
    """Whether a text looks like a list of texts, e.g. ``["a", "b"]``."""
    return len(text) > 3 and text[0] == "[" and text[1] in "'\"" and text[-2] in "'\"" and text[-1] == "]"
