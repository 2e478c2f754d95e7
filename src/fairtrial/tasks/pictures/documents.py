"""Generates papers with words and numbers, and asks what they say."""

from __future__ import annotations

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import FAINT, INK, WHITE, Canvas
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_words


def build_documents(options: TaskOptions) -> PictureTask:
    """Return the task ``documents``."""
    return build_pictures("documents", make_scene, options)


def build_documents_open(options: TaskOptions) -> PictureTask:
    """Return the task ``documents_open``: the same papers, answered in writing."""
    return build_pictures("documents_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return a sheet of paper with a word above a number."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    length = draw.pick(how["letters"])
    fitting = [word for word in load_words()["things"] if len(word) == length]
    words = draw.sample(fitting, asked["word"])
    numbers = _draw_numbers(draw, asked["number"])
    size = how["size"]
    on = Canvas(size, size, FAINT)
    on.box(6, 12, size - 7, size - 13, WHITE)
    on.write(words[0], (size / 2 + draw.between(-4, 4), size * 0.36 + draw.between(-4, 4)), how["font"])
    on.write(
        str(numbers[0]), (size / 2 + draw.between(-16, 16), size * 0.66 + draw.between(-4, 4)), how["font"], fill=INK
    )
    offered = {"word": words, "number": list(map(str, numbers))}
    questions = tuple(
        Question(draw.pick(suite.lines(one)), offered[one][0], tuple(offered[one][1:]), {"ask": one}) for one in asked
    )
    return PictureScene(kind, questions, pictures=(on.image,), drawn={"lines": [words[0], str(numbers[0])]})


def _draw_numbers(draw: Draw, count: int) -> list[int]:
    """Return numbers of two digits in random order, each of which shares a digit with another one."""
    tens, ones = draw.sample(range(1, 10), 2), draw.sample(range(10), 2)
    numbers = [10 * ten + one for ten in tens for one in ones]
    return draw.sample(numbers, count)
