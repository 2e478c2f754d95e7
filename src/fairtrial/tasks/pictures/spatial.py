"""Generates pictures of shapes that stand clearly to one side of each other, and asks to which."""

from __future__ import annotations

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas
from fairtrial.tasks.pictures.shapes import SHAPES, Thing, draw_thing
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel

SIDES = {"left": (-1, 0), "right": (1, 0), "above": (0, -1), "below": (0, 1)}
"""Sides, and the way to them in pixels from the left and from the top."""


def build_spatial(options: TaskOptions) -> PictureTask:
    """Return the task ``spatial``."""
    return build_pictures("spatial", make_scene, options)


def build_spatial_open(options: TaskOptions) -> PictureTask:
    """Return the task ``spatial_open``: the same pictures, answered in writing."""
    return build_pictures("spatial_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return two shapes beside or above each other, with a question of each kind of the level."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    size, radius = how["size"], draw.between(*how["radius"])
    shapes = draw.sample(list(SHAPES)[: how["shapes"]], 2)
    colours = draw.sample(list(COLOURS)[: how["colours"]], 2)
    side = draw.pick(list(SIDES))
    along, across = draw.between(*how["apart"]), draw.between(-how["aslant"], how["aslant"])
    step = [along * way + across * (not way) for way in SIDES[side]]
    first = [draw.between(radius + 2 + max(0, -by), size - radius - 3 - max(0, by)) for by in step]
    one = Thing(shapes[0], colours[0], first[0] + step[0], first[1] + step[1], radius)
    other = Thing(shapes[1], colours[1], first[0], first[1], radius)
    questions = []
    for ask, count in asked.items():
        if ask == "where":
            text = draw.pick(suite.lines(ask)).format(one=one.name, other=other.name)
            gold, choices = side, list(SIDES)
        else:
            furthest = draw.pick([name for name, way in SIDES.items() if bool(way[0]) == bool(SIDES[side][0])])
            text = draw.pick(suite.texts["furthest"][furthest])
            gold, choices = (one if furthest == side else other).name, [one.name, other.name]
        assert len(choices) == count
        wrong = tuple(choice for choice in choices if choice != gold)
        questions.append(Question(text, gold, wrong, {"ask": ask}))
    on = Canvas(size, size)
    for thing in (one, other):
        draw_thing(on, thing)
    drawn = {"things": [one.describe(), other.describe()]}
    return PictureScene(kind, tuple(questions), pictures=(on.image,), drawn=drawn)
