"""Choices asked once for each rotation of their order: an item counts if the right one is named every time.

Whoever guesses, or prefers a letter, is right in some places only.  ``circular`` is the share of items that are right
in all rotations (MMBench: arXiv 2307.06281, section 4.3), ``acc`` that of single rotations.  Knows nothing of models.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from fairtrial.errors import TaskError
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, ImagePart, Item, Measure, Observation
from fairtrial.records.held_back import read_own_words
from fairtrial.tasks.base import NamesAnswerColumns, Task, TaskOptions, list_images, list_kept_forms
from fairtrial.tasks.find import TaskFinder
from fairtrial.tasks.signs import CHOSE
from fairtrial.tasks.variants.letters import (
    ACC,
    UNREAD,
    LetterTask,
    are_letters,
    find_options_asked,
    list_letters,
    read_letter,
    write_letter_request,
)

T = TypeVar("T")

CIRCULAR = Measure("circular")


class CircularTask:
    """The items of a task of choices, each asked by letter in every rotation of its options.  See `Task`.

    Items keep their ids, and options their order, from which each rotation takes the first one to the end.  Raises
    TaskError if the items have no choices after one prompt.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        about = f"{task.card.description} Options are asked by letter, in every rotation of their order.".strip()
        sizes = [len(item.choices) for item in self.items()]
        even = all(len(item.gold) == 1 for item in self.items()) and sizes
        self.card = replace(
            task.card,
            measures=(CIRCULAR, ACC, UNREAD),
            main_measure=CIRCULAR.name,
            description=about,
            chance=sum(size**-size for size in sizes) / len(sizes) if even and min(sizes) > 1 else None,
            settings={**task.card.settings, "ask": "circular"},
        )

    def items(self) -> Sequence[Item]:
        """Return the task's own items, less those without a right choice."""
        return [item for item in self.task.items() if item.gold or not item.choices]

    def requests(self, item: Item) -> Sequence[GenerateRequest]:
        """Return one request for a letter for each rotation."""
        prompt, options, label = find_options_asked(self.task, item)
        if are_letters(options):
            raise TaskError(
                "has options that are letters, whose order its own prompt shows, so that they cannot be rotated.",
                fix="Leave out `ask: circular`.",
                where=f"task {self.task.card.name} item {item.doc_id}",
            )
        return [
            write_letter_request(prompt, turned, f"{label}, rotation {n + 1}")
            for n, turned in enumerate(_rotate(options))
        ]

    def answer_columns(self) -> Collection[str] | None:
        """Return those of the task itself."""
        return self.task.answer_columns() if isinstance(self.task, NamesAnswerColumns) else None

    def kept_forms(self) -> Collection[str] | None:
        """Return those of the task itself."""
        return list_kept_forms(self.task)

    def images(self, item: Item) -> Iterable[tuple[ImagePart, bytes]]:
        """Return the images that the task's own requests show."""
        return list_images(self.task, item)

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return whether all letters are right, the share of right ones, and the share that could not be read."""
        read = self._read(item, answers)
        right = [letter and option in item.gold for letter, option in read]
        return [
            Observation(CIRCULAR.name, float(all(right))),
            Observation(ACC.name, sum(map(bool, right)) / len(right)),
            Observation(UNREAD.name, sum(not letter for letter, _ in read) / len(read)),
        ]

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return that some letter could not be read, or the letter that was named in every rotation."""
        letters = {letter for letter, _ in self._read(item, answers)}
        if "" in letters:
            return ["unread"]
        return [CHOSE + letter for letter in letters] if len(letters) == 1 else []

    def _read(self, item: Item, answers: Sequence[Answer]) -> list[tuple[str, str]]:
        """Return the letter of each answer, empty if none can be read, and the choice that it names."""
        _, options, _ = find_options_asked(self.task, item)
        found = []
        for answer, places in zip(answers, _rotate(range(len(options))), strict=True):
            assert isinstance(answer, GenerateAnswer)
            shown = [options[at] for at in places]
            letter = read_letter(read_own_words(answer.text, answer.trace), shown)
            found.append((letter, item.choices[places[list_letters(shown).index(letter)]] if letter else ""))
        return found


def _rotate(values: Sequence[T]) -> list[list[T]]:
    """Return every rotation of some values, from their own order on."""
    return [[*values[n:], *values[:n]] for n in range(len(values))]


def build_task(finder: TaskFinder, name: str, options: TaskOptions, ask: str) -> Task:
    """Build a task as a trial asks it: its own way, or by letters, once or in every rotation, without examples.

    Raises what the finder raises, and TaskError where letters are no way to ask it.
    """
    if ask not in ("letter", "circular"):
        return finder.build(name, options)
    plain = finder.build(name, replace(options, shots=0))
    task: Task = LetterTask(plain) if ask == "letter" else CircularTask(plain)
    for item in task.items()[:1]:
        task.requests(item)
    return task
