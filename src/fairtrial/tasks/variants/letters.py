"""Choices asked in writing: the options are shown with letters, and the model writes the letter of one.

For candidates that give no token scores; every candidate of a trial is then asked alike.  That is another question than
the scored one, and another task in the ledger, so that results of the one never stand beside those of the other.  Where
the right option stands may give it away (some data sets put it first), so options are shown in an order drawn for each
item.  Knows nothing of models.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from string import ascii_uppercase

from fairtrial.errors import TaskError
from fairtrial.records import (
    Answer,
    GenerateAnswer,
    GenerateRequest,
    ImagePart,
    Item,
    Measure,
    Observation,
    Prompt,
    ScoreRequest,
    place_images,
)
from fairtrial.records.held_back import read_own_words
from fairtrial.tasks.base import MeasuresChoices, NamesAnswerColumns, Task, list_images, list_kept_forms
from fairtrial.tasks.reading import read_option
from fairtrial.tasks.signs import CHOSE

ACC = Measure("acc")
UNREAD = Measure("unread", higher_is_better=False)

TOKENS = 16
"""Of an answer, unless the candidate's decoding says otherwise; one that reasons first needs more."""

ASK = "Reply with the letter of the right option only."
CUE = re.compile(r"\n[^\n]{0,24}:[ \t]*\Z")
"""The last line of a prompt, where that is e.g. ``Answer:``; options stand before it."""

DEFAULT_CUE = "\nAnswer:"

LETTER = re.compile(r"\(?([A-Z])\)?")


class LetterTask:
    """The items of a task of choices, to be answered by a letter.  See `Task`.

    Items keep their ids.  ``acc``: whether the letter is that of a right option; ``unread``: whether no letter could be
    read, which counts as wrong.  Raises TaskError if the items have no choices after one prompt.

    Args:
        task: whose items are asked.
        keep_order: show options in the task's own order, for answers in which letters were given to that one.
    """

    def __init__(self, task: Task, *, keep_order: bool = False) -> None:
        self.task, self._keep_order = task, keep_order
        about = f"{task.card.description} Options are shown with letters, and a letter is written.".strip()
        self.card = replace(
            task.card,
            measures=(ACC, UNREAD, *(task.choice_measures() if isinstance(task, MeasuresChoices) else ())),
            main_measure=ACC.name,
            description=about,
            settings={
                **task.card.settings,
                "ask": "letter",
                "ask_version": 2,
                **({"options": "in the task's order"} if keep_order else {}),
            },
        )

    def items(self) -> Sequence[Item]:
        """Return the task's own items, less those without a right choice."""
        return [item for item in self.task.items() if item.gold or not item.choices]

    def requests(self, item: Item) -> Sequence[GenerateRequest]:
        """Return the one request for a letter."""
        return [write_letter_request(*self._make_prompt(item))]

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
        """Return whether the letter is right, and whether there was none."""
        letter, options = self._read(item, answers)
        places = dict(zip(list_letters(options), self._order(item, options), strict=True))
        right = {x for x, at in places.items() if item.choices[at] in item.gold}
        more = (
            self.task.measure_choice(item, item.choices[places[letter]])
            if letter and isinstance(self.task, MeasuresChoices)
            else ()
        )
        return [Observation(ACC.name, float(letter in right)), Observation(UNREAD.name, float(not letter)), *more]

    def signs(self, item: Item, answers: Sequence[Answer], grades: Sequence[Observation]) -> Sequence[str]:
        """Return which letter was read, or that none was."""
        letter, _ = self._read(item, answers)
        return [CHOSE + letter] if letter else ["unread"]

    def _read(self, item: Item, answers: Sequence[Answer]) -> tuple[str, tuple[str, ...]]:
        """Return the letter that was answered, empty if none can be read, and the options as they are shown."""
        [answer] = answers
        assert isinstance(answer, GenerateAnswer)
        _, options, _ = self._make_prompt(item)
        return read_letter(read_own_words(answer.text, answer.trace), options), options

    def _make_prompt(self, item: Item) -> tuple[Prompt, tuple[str, ...], str]:
        """Return an item's prompt, its options as they are shown, and its label."""
        prompt, options, label = find_options_asked(self.task, item)
        return prompt, tuple(options[at] for at in self._order(item, options)), label

    def _order(self, item: Item, options: Sequence[str]) -> list[int]:
        return list(range(len(options))) if self._keep_order else _draw_order(item, options)


def find_options_asked(task: Task, item: Item) -> tuple[Prompt, tuple[str, ...], str]:
    """Return an item's prompt, its options in the task's order, and its label.

    Raises TaskError if it has no options after one prompt, or more than there are letters.
    """
    requests = task.requests(item)
    pairs = [
        pair
        for request in requests
        if isinstance(request, ScoreRequest) and not request.rolling
        for pair in request.pairs
        if pair.prompt.plain().strip()
    ]
    options = tuple(pair.continuation.strip() for pair in pairs)
    prompts = {pair.prompt for pair in pairs}
    whole = len(prompts) == 1 and 1 < len(options) == len(item.choices) <= len(ascii_uppercase)
    if not whole or len(set(options)) < len(options):
        raise TaskError(
            "cannot be answered by a letter: it takes 2 to 26 different choices after one prompt.",
            fix="Leave out `ask: letter`.",
            where=f"task {task.card.name} item {item.doc_id}",
        )
    return pairs[0].prompt, options, requests[0].label


def write_letter_request(prompt: Prompt, options: Sequence[str], label: str) -> GenerateRequest:
    """Return the request for the letter of one of the options, which are shown in this order."""
    user = prompt.user
    found = CUE.search(user)
    cue = found[0].rstrip() if found and not prompt.assistant else ""
    stem = user[: found.start() if found and cue else None].rstrip()
    names = list_letters(options)
    shown = "" if are_letters(options) else "".join(f"\n{x}. {text}" for x, text in zip(names, options, strict=True))
    ending = "\n" if prompt.assistant else cue or DEFAULT_CUE
    parts = place_images(f"{stem}{shown}\n{ASK}{ending}", prompt.question.images)
    asked = Prompt(parts, prompt.system, prompt.assistant)
    return GenerateRequest(asked, max_tokens=TOKENS, label=label)


def _draw_order(item: Item, options: Sequence[str]) -> list[int]:
    """Return the places of the options in the order in which they are shown: drawn, unless they are letters."""
    order = list(range(len(options)))
    if not are_letters(options):
        random.Random(item.id).shuffle(order)
    return order


def list_letters(options: Sequence[str]) -> str:
    """Return the letters of the options: their own if they are letters themselves, else A, B, C ..."""
    return (
        "".join(_strip_brackets(text) for text in options) if are_letters(options) else ascii_uppercase[: len(options)]
    )


def are_letters(options: Sequence[str]) -> bool:
    """Return whether the options are letters themselves, so that the prompt shows already what they stand for."""
    return all(LETTER.fullmatch(text.rstrip(".:")) for text in options)


def _strip_brackets(text: str) -> str:
    """Return the letter of an option such as ``(A)``."""
    return text.strip("().: ")


def read_letter(text: str, options: Sequence[str]) -> str:
    """Return the letter that an answer names; empty if none can be read.  See `fairtrial.tasks.reading`."""
    return _read_letter(text, tuple(options))


@lru_cache(maxsize=64)
def _read_letter(text: str, options: tuple[str, ...]) -> str:
    names = list_letters(options)
    at = read_option(text, names, () if are_letters(options) else options)
    return "" if at is None else names[at]
