"""What the network learns from: pictures of fairtrial's own tasks, each with all questions about it.

Prompts are those that fairtrial asks, in running text or through the chat template.  All questions about a picture are
branches behind it; `examples.tiny_lmm.batches` makes rows of tokens of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from string import ascii_uppercase
from typing import Any

import numpy as np

from examples.tiny_lmm.network import CELLS, IMAGE, PATCH, SIDE
from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.canvas import COLOURS
from fairtrial.tasks.pictures.shapes import SHAPES
from fairtrial.tasks.pictures.training import build_picture_task
from fairtrial.tasks.variants.letters import ASK

COLOUR_NAMES, SHAPE_NAMES = list(COLOURS), list(SHAPES)
LABELS = (len(COLOUR_NAMES), len(SHAPE_NAMES), 2)
"""How many labels a cell can have: of its colour, of its shape, and whether the middle of a thing lies in it."""


@dataclass(frozen=True)
class Question:
    """One question behind a picture.

    Attributes:
        text: the prompt after the picture.
        answer: the right one, as it stands in a prompt.
        choices: all that are offered, the right one among them; none for questions that only teach.
        kind: of question; empty for questions that only teach.
    """

    text: str
    answer: str
    choices: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Lesson:
    """A picture, or several, and what is asked about it.

    Attributes:
        family: name of the task.
        pictures: uint8 of shape (height, width, 3).
        before: the prompt before each picture.
        questions: at least one.
        looks: labels of each cell of the pictures, int64 of shape (cells, 3), -1 for none; see `LABELS`.
    """

    family: str
    pictures: tuple[np.ndarray, ...]
    before: tuple[str, ...]
    questions: tuple[Question, ...]
    looks: np.ndarray


@dataclass(frozen=True)
class Styles:
    """How often what is asked how.

    Attributes:
        teach: ask also what no task asks.
        chat: share of pictures that are asked about through the chat template.
        letters: share of questions that are asked a second time, to be answered by a letter.
        blind: share of pictures that are taken away.
    """

    teach: bool = True
    chat: float = 0.25
    letters: float = 0.0
    blind: float = 0.03


AS_TASKS_ASK = Styles(teach=False, chat=0.0, letters=0.0, blind=0.0)


def draw_lessons(
    family: str, seed: int = 0, styles: Styles = AS_TASKS_ASK, level: int | None = None
) -> Iterator[Lesson]:
    """Yield lessons without end, from draws that no item of a trial comes from."""
    task = build_picture_task(family, TaskOptions(seed=seed, level=level))
    draw = random.Random(f"{family} {seed}")
    for number in count():
        scene, rows = task.draw_scene(number)
        *before, _ = task.show(rows[0]).split(IMAGE)
        asked = []
        for row in rows:
            kind = f"{family}: {row['facts'].get('ask', '')}"
            *_, text = task.show(row).split(IMAGE)
            asked.append(Question(text, f" {row['gold']}", tuple(f" {one}" for one in row["choices"]), kind))
        more = [offer_letters(one, draw) for one in asked if draw.random() < styles.letters]
        if styles.teach:
            more += [Question(f"\nQuestion: {text}\nAnswer:", f" {answer}") for text, answer in describe(scene.drawn)]
        pictures = tuple(np.asarray(picture) for picture in scene.pictures)
        lesson = Lesson(family, pictures, tuple(before), (*asked, *more), label_cells(scene.drawn, len(pictures)))
        if draw.random() < styles.chat:
            lesson = put_in_chat(lesson)
        if draw.random() < styles.blind:
            lesson = take_away(lesson)
        yield lesson


def put_in_chat(lesson: Lesson) -> Lesson:
    """Return a lesson as the chat template writes it."""
    system, gap, first = lesson.before[0].partition("\n\n")
    start = f"<|im_start|>system\n{system}{gap}<|im_end|>\n<|im_start|>user\n{first}"
    questions = tuple(
        replace(
            one,
            text=f"{one.text}<|im_end|>\n<|im_start|>assistant\n",
            answer=one.answer.strip(),
            choices=tuple(choice.strip() for choice in one.choices),
        )
        for one in lesson.questions
    )
    return replace(lesson, before=(start, *lesson.before[1:]), questions=questions)


def take_away(lesson: Lesson) -> Lesson:
    """Return a lesson without its pictures."""
    questions = tuple(replace(one, text=one.text.removeprefix("\n")) for one in lesson.questions if one.kind)
    return replace(lesson, pictures=(), questions=questions, looks=lesson.looks[:0])


def offer_letters(question: Question, draw: random.Random) -> Question:
    """Return a question as `ask: letter` asks it."""
    shown = draw.sample(question.choices, len(question.choices))
    stem = question.text.removesuffix("\nAnswer:")
    options = "".join(f"\n{letter}.{choice}" for letter, choice in zip(ascii_uppercase, shown, strict=False))
    letters = tuple(f" {letter}" for letter in ascii_uppercase[: len(shown)])
    right = letters[shown.index(question.answer)]
    return Question(f"{stem}{options}\n{ASK}\nAnswer:", right, letters, f"{question.kind} by letter")


def describe(drawn: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield questions that no task asks, about what was drawn: they teach to see."""
    things = drawn.get("things", ())
    names = [f"{thing['colour']} {thing['shape']}" for thing in things]
    for thing, name in zip(things, names, strict=True):
        at = f"{thing['x'] // PATCH} {thing['y'] // PATCH}"
        yield f"What is at {at}?", name
        if names.count(name) == 1:
            yield f"Where is the {name}?", at
    if "values" in drawn:
        yield "List all bars.", ", ".join(f"{c} {v}" for c, v in zip(drawn["colours"], drawn["values"], strict=True))


def label_cells(drawn: Mapping[str, Any], pictures: int) -> np.ndarray:
    """Return the labels of each cell: what covers its middle, and whether the middle of a thing lies in it."""
    across = SIDE // PATCH
    middles = np.arange(across) * PATCH + PATCH // 2
    looks = np.full((across, across, 3), -1)
    if pictures == 1:
        for thing in drawn.get("things", ()):
            near = (middles[:, None] - thing["y"]) ** 2 + (middles - thing["x"]) ** 2 <= thing["radius"] ** 2
            looks[near, :2] = COLOUR_NAMES.index(thing["colour"]), SHAPE_NAMES.index(thing["shape"])
            looks[near & (looks[..., 2] < 0), 2] = 0
            looks[thing["y"] // PATCH, thing["x"] // PATCH, 2] = 1
    return np.concatenate([looks.reshape(CELLS, 3)] * max(pictures, 0)) if pictures else looks.reshape(CELLS, 3)[:0]


def collect_texts(lessons: Sequence[Lesson]) -> list[str]:
    """Return all texts of lessons."""
    found = []
    for lesson in lessons:
        found += lesson.before
        for one in lesson.questions:
            found += [one.text, one.answer, *one.choices]
    return found
