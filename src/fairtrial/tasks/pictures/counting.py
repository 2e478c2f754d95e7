"""Generates pictures of groups of shapes, and asks how many there are.

From level 3 on, groups share shapes and colours, so that both must be looked at, and what is asked for may be absent.
"""

from __future__ import annotations

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind, draw_range
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas, add_grain
from fairtrial.tasks.pictures.shapes import SHAPES, PlacedShape, draw_spots, draw_thing, name_several
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
    """Return groups of shapes, each of which is counted once.

    Groups of the kind ``groups`` share neither shape nor colour; those of the kind ``crossed`` are some of all pairs of
    a few shapes and a few colours.  The numbers offered are drawn first, and each is as likely to be the right one.
    """
    kind, asked = draw_kind(draw, level)
    how = level.settings
    shapes, colours = list(SHAPES)[: how["shapes"]], list(COLOURS)[: how["colours"]]
    if kind == "crossed":
        few = [
            (shape, colour)
            for shape in draw.sample(shapes, how["of"][0])
            for colour in draw.sample(colours, how["of"][1])
        ]
        looks = draw.sample(few, len(asked) + how["more"])
    else:
        looks = list(zip(draw.sample(shapes, len(asked)), draw.sample(colours, len(asked)), strict=True))
    low, high = how["counts"]
    questions, members = [], []
    for (one, count), (shape, colour) in zip(asked.items(), looks, strict=False):
        offered = draw_range(draw, low, high, count)
        number = draw.pick(offered)
        text = draw.pick(suite.read_lines(one.rstrip("123"))).format(shapes=name_several(shape), colour=colour)
        questions.append(Question(text, str(number), tuple(str(n) for n in offered if n != number), {"ask": one}))
        members += [(shape, colour)] * number
    for look in looks[len(asked) :]:
        members += [look] * draw.draw_between(low, high)
    spots = draw_spots(draw, max(1, len(members)), how["size"], how["size"], how["radius"])
    things = [PlacedShape(*look, at.x, at.y, at.radius) for look, at in zip(members, spots, strict=False)]
    on = Canvas(how["size"], how["size"])
    for thing in things:
        draw_thing(on, thing)
    add_grain(on.image, draw, how.get("grain", 0))
    drawn = {"things": [thing.describe() for thing in things]}
    return PictureScene(kind, tuple(questions), pictures=(on.image,), drawn=drawn)
