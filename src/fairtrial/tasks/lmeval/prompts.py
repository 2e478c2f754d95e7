"""Puts description, few-shot examples and question together, to the byte as lm-evaluation-harness 0.4 does.

It knows how turns are joined, and nothing of metrics, filters or where rows come from.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from fairtrial.errors import DataError
from fairtrial.records import Message, Part, Prompt, make_example, render_messages
from fairtrial.tasks.data.rows import Row
from fairtrial.tasks.lmeval.config import DocFields, TaskConfig
from fairtrial.tasks.lmeval.pictures import Pictures, place
from fairtrial.tasks.lmeval.template import Fields

Shot = tuple[Message, Message]


@dataclass(frozen=True)
class Prompter:
    """Makes the prompts of a task.

    Attributes:
        config: the task file.
        fields: how its fields are read.
        pool: rows that examples are taken from.
        contexts_differ: the choices are contexts and share one continuation (as in WinoGrande).
        chat: a chat template will be applied, so nothing stands between question and answer.
        shown: makes of an example's answer, as the task file gives it, and its choices what the example shows.
        pictures: gives the images of rows.
    """

    config: TaskConfig
    fields: Fields
    pool: Sequence[Row]
    contexts_differ: bool
    chat: bool
    shown: Callable[[Any, Sequence[str]], Any] = lambda answer, _: answer
    pictures: Pictures = field(default_factory=lambda: Pictures(None, None))

    def prompts(self, row: Row, shots: Sequence[int], choices: Sequence[str]) -> list[Prompt]:
        """Return the prompt of a row, or one a choice where contexts differ.

        Args:
            row: the row asked about.
            shots: positions in the pool of its examples.
            choices: its choices, empty for free text.
        """
        asking = self.config.asking
        system = self.fields.prefix(self.config.description, row)
        examples = [message for position in shots for message in self._shown[position]]
        prefix = self.fields.prefix(asking.prefix, row)
        if self.contexts_differ:
            return [Prompt(self._place(context, row), system, prefix, examples) for context in choices]
        question = self.fields.text(asking.text, row)
        if not isinstance(question, str):
            raise DataError(f"doc_to_text must give a text; got {question!r}")
        gap = asking.delimiter if prefix and not self.chat and _needs_gap(question, prefix) else ""
        return [Prompt(self._place(question + gap, row), system, prefix, examples)]

    def _place(self, text: str, row: Row) -> tuple[Part, ...]:
        """Return a text of a row with the row's images in it."""
        return place(text, self.pictures.of(row, self.fields), self.pictures.shown)

    def examples(self) -> list[str]:
        """Return every row of the pool with its answer, as an example in a prompt."""
        return [render_messages(self._shown[position]).strip() for position in range(len(self.pool))]

    @property
    def delimiter(self) -> str:
        """What stands between prompt and continuation."""
        asking = self.config.asking
        if not self.chat or (asking.prefix and not asking.prefix[-1].isspace()):
            return asking.delimiter
        return ""

    @cached_property
    def _shown(self) -> _ExampleTurns:
        return _ExampleTurns(self._make_shot)

    def _make_shot(self, position: int) -> Shot:
        row, shot = self.pool[position], self.config.shot
        question = self.fields.text(shot.text, row)
        choices = self.fields.choices(shot.choices, row) if shot.choices is not None else ()
        answer = self.fields.target(shot.target, row)
        if self.contexts_differ:
            question, choices = choices[self.shown(question, choices)], ()
        if not isinstance(question, str):
            raise DataError(f"doc_to_text must give a text; got {question!r} for few-shot example {position}")
        written = _write_answer(self.shown(answer, choices), choices)
        asked, given = _make_turn(question, written, self.fields.prefix(shot.prefix, row), shot)
        return replace(asked, parts=self._place(question, row)), given


class _ExampleTurns(dict[int, Shot]):
    """Examples as turns, each made once."""

    def __init__(self, make: Callable[[int], Shot]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, position: int) -> Shot:
        self[position] = self._make(position)
        return self[position]


def _write_answer(answer: Any, choices: Sequence[str]) -> str:
    """Return the answer that an example shows: a choice by its index, the first of several, or the text itself.

    Raises DataError if it is none of these.
    """
    if answer is None:
        return ""
    if choices and isinstance(answer, int):
        if not -len(choices) <= answer < len(choices):
            raise DataError(f"a few-shot example's answer is choice {answer}; it has {len(choices)} choices")
        return choices[answer]
    first = answer[0] if isinstance(answer, list) and answer else answer
    if not isinstance(first, str):
        raise DataError(f"a few-shot example's answer must be a text; got {first!r}")
    return first


def _make_turn(question: str, answer: str, prefix: str, shot: DocFields) -> Shot:
    if answer and not prefix:
        return make_example(question, answer, shot.delimiter, shot.after)
    gap = shot.delimiter if prefix and _needs_gap(question, prefix) else ""
    if not answer:
        return make_example(question, prefix, gap, "")
    return make_example(question, prefix + (" " if _needs_gap(prefix, answer) else "") + answer, gap, shot.after)


def _needs_gap(before: str, after: str) -> bool:
    return bool(before) and not (before[-1].isspace() or after[0].isspace())
