"""Generates two pictures that differ in one thing, and asks what has happened to which."""

from __future__ import annotations

from dataclasses import replace

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas, add_grain
from fairtrial.tasks.pictures.shapes import SHAPES, PlacedShape, draw_spots, draw_thing
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel

CHANGES = ("colour", "gone", "new", "moved")


def build_differences(options: TaskOptions) -> PictureTask:
    """Return the task ``differences``."""
    return build_pictures("differences", make_scene, options)


def build_differences_open(options: TaskOptions) -> PictureTask:
    """Return the task ``differences_open``: the same pictures, answered in writing."""
    return build_pictures("differences_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return two pictures of shapes, no two of one kind where the level allows it, of which one has changed."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    shapes, colours = list(SHAPES)[: how["shapes"]], list(COLOURS)[: how["colours"]]
    spots = draw_spots(draw, how["things"] + 1, how["size"], how["size"], how["radius"])
    alike = how["things"] > len(shapes)
    looks = (
        draw.sample([(shape, colour) for shape in shapes for colour in colours], how["things"])
        if alike
        else list(zip(draw.sample(shapes, how["things"]), draw.sample(colours, how["things"]), strict=True))
    )
    first = [PlacedShape(*look, at.x, at.y, at.radius) for look, at in zip(looks, spots, strict=False)]
    second = list(first)
    changed, change = first[0], draw.pick(CHANGES)
    if change == "colour":
        free = [name for name in colours if (changed.shape, name) not in looks and name != changed.colour]
        second[0] = replace(changed, colour=draw.pick(free))
    elif change == "moved":
        second[0] = replace(changed, x=spots[-1].x, y=spots[-1].y, radius=min(changed.radius, spots[-1].radius))
        first[0] = replace(changed, radius=second[0].radius)
    elif change == "gone":
        del second[0]
    else:
        del first[0]
    if how.get("shift"):
        by = draw.draw_between(-how["shift"], how["shift"]), draw.draw_between(-how["shift"], how["shift"])
        second = [replace(thing, x=thing.x + by[0], y=thing.y + by[1]) for thing in second]
    names = [thing.name if alike else thing.shape for thing in [changed, *(t for t in first if t.name != changed.name)]]
    questions = []
    for ask, count in asked.items():
        text = draw.pick(suite.read_lines(ask))
        if ask == "what":
            told = suite.texts["changes"]
            questions.append(
                Question(text, told[change], tuple(told[one] for one in CHANGES if one != change), {"ask": ask})
            )
        else:
            questions.append(Question(text, names[0], tuple(draw.sample(names[1:], count - 1)), {"ask": ask}))
    pictures = []
    for things in (first, second):
        on = Canvas(how["size"], how["size"])
        for thing in draw.shuffle(things):
            draw_thing(on, thing)
        add_grain(on.image, draw, how.get("grain", 0))
        pictures.append(on.image)
    drawn = {"first": [thing.describe() for thing in first], "second": [thing.describe() for thing in second]}
    return PictureScene(kind, tuple(questions), pictures=tuple(pictures), drawn=drawn)
