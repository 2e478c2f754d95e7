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
        teach: how many questions a picture gets at most that no task asks.
        chat: share of pictures that are asked about through the chat template.
        letters: share of questions that are asked a second time, to be answered by a letter.
        blind: share of pictures that are taken away.
    """

    teach: int = 8
    chat: float = 0.25
    letters: float = 0.2
    blind: float = 0.03


AS_TASKS_ASK = Styles(teach=0, chat=0.0, letters=0.0, blind=0.0)


def draw_lessons(family: str, seed: int = 0, styles: Styles = AS_TASKS_ASK, level: int = 1) -> Iterator[Lesson]:
    """Yield lessons without end, from draws that no item of a trial comes from.

    Args:
        family: name of the task.
        seed: other seeds give other pictures.
        styles: how questions are asked.
        level: of the task; the network is made for 112x112 pixels, those of level 1.
    """
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
        taught = list(describe(scene.drawn))
        for text, answer in draw.sample(taught, min(styles.teach, len(taught))):
            more.append(Question(f"\nQuestion: {text}\nAnswer:", f" {answer}"))
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
    if "series" in drawn and len(drawn["series"]) == 1:
        bars = zip(drawn["groups"], drawn["values"][0], strict=True)
        yield "List all bars.", ", ".join(f"{name} {value}" for name, value in bars)
    if "rows" in drawn:
        yield "List all rows.", ", ".join(" ".join(row) for row in drawn["rows"][1:])
    if "signs" in drawn:
        yield "List all signs.", ", ".join(f"{colour} {word}" for colour, word, *_ in drawn["signs"])
    if "letters" in drawn:
        yield "List all lines.", ", ".join(sorted("".join(sorted(line)) for line in drawn["lines"]))


def label_cells(drawn: Mapping[str, Any], pictures: int) -> np.ndarray:
    """Return the labels of each cell: what covers its middle, and whether the middle of a thing lies in it."""
    shown = [drawn.get("things", ())] if pictures == 1 else [drawn.get(one, ()) for one in ("first", "second")]
    assert len(shown) == pictures
    across = SIDE // PATCH
    middles = np.arange(across) * PATCH + PATCH // 2
    looks = np.full((pictures, across, across, len(LABELS)), -1)
    for cells, things in zip(looks, shown, strict=True):
        for thing in things:
            near = (middles[:, None] - thing["y"]) ** 2 + (middles - thing["x"]) ** 2 <= thing["radius"] ** 2
            cells[near, :2] = COLOUR_NAMES.index(thing["colour"]), SHAPE_NAMES.index(thing["shape"])
            cells[near & (cells[..., 2] < 0), 2] = 0
            cells[thing["y"] // PATCH, thing["x"] // PATCH, 2] = 1
    return looks.reshape(pictures * CELLS, len(LABELS))


def collect_texts(lessons: Sequence[Lesson]) -> list[str]:
    """Return all texts of lessons."""
    found = []
    for lesson in lessons:
        found += lesson.before
        for one in lesson.questions:
            found += [one.text, one.answer, *one.choices]
    return found
