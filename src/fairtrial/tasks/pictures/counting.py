"""Generates pictures of groups of shapes, and asks how many there are."""

from __future__ import annotations

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind, draw_range
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas
from fairtrial.tasks.pictures.shapes import SHAPES, Thing, draw_spots, draw_thing, name_several
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel


def build_counting(options: TaskOptions) -> PictureTask:
    """Return the task ``counting``."""
    return build_pictures("counting", make_scene, options)


def build_counting_open(options: TaskOptions) -> PictureTask:
    """Return the task ``counting_open``: the same pictures, the number written."""
    return build_pictures("counting_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return two groups of shapes that share neither shape nor colour; one is counted by shape, one by colour.

    Choices are drawn before the numbers, and each is as likely to be the right one.
    """
    kind, asked = draw_kind(draw, level)
    how = level.settings
    shapes = draw.sample(list(SHAPES)[: how["shapes"]], 2)
    colours = draw.sample(list(COLOURS)[: how["colours"]], 2)
    low, high = how["counts"]
    questions, groups = [], []
    for group, (one, count) in enumerate(asked.items()):
        offered = draw_range(draw, low, high, count)
        number = draw.pick(offered)
        text = draw.pick(suite.lines(one)).format(shapes=name_several(shapes[group]), colour=colours[group])
        wrong = tuple(str(n) for n in offered if n != number)
        questions.append(Question(text, str(number), wrong, {"ask": one}))
        groups += [group] * number
    spots = draw_spots(draw, len(groups), how["size"], how["size"], how["radius"])
    things = [
        Thing(shapes[group], colours[group], at.x, at.y, at.radius) for group, at in zip(groups, spots, strict=True)
    ]
    on = Canvas(how["size"], how["size"])
    for thing in things:
        draw_thing(on, thing)
    drawn = {"things": [thing.describe() for thing in things]}
    return PictureScene(kind, tuple(questions), pictures=(on.image,), drawn=drawn)
