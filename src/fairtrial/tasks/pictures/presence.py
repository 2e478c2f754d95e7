"""Generates pictures of a few shapes, and asks in pairs for one that is there and for one that is not.

A model that says yes to what is not there sees things that are absent (Li et al. 2023, arXiv 2305.10355, who ask about
photographs in this way).  Half of the right answers of every picture are yes, so the yes-rate of a model shows which
way it leans.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, add_article, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas
from fairtrial.tasks.pictures.shapes import SHAPES, Thing, draw_spots, draw_thing
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel

ANSWERS = ("yes", "no")


def build_presence(options: TaskOptions) -> PictureTask:
    """Return the task ``presence``."""
    return build_pictures("presence", make_scene, options)


def build_presence_open(options: TaskOptions) -> PictureTask:
    """Return the task ``presence_open``: the same pictures, yes or no written."""
    return build_pictures("presence_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return shapes of different kinds and colours, with a pair of questions of each kind of the level."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    shapes, colours = list(SHAPES)[: how["shapes"]], list(COLOURS)[: how["colours"]]
    spots = draw_spots(draw, how["things"], how["size"], how["size"], how["radius"])
    looks = zip(draw.sample(shapes, len(spots)), draw.sample(colours, len(spots)), spots, strict=True)
    things = [Thing(shape, colour, at.x, at.y, at.radius) for shape, colour, at in looks]
    questions = []
    for ask in asked:
        for gold, wrong in (ANSWERS, ANSWERS[::-1]):
            named = ASK[ask](draw, things, shapes, colours, gold == "yes")
            text = draw.pick(suite.lines(ask)).format(named=named, a_named=add_article(named))
            questions.append(Question(text, gold, (wrong,), {"ask": ask}))
    on = Canvas(how["size"], how["size"])
    for thing in things:
        draw_thing(on, thing)
    drawn = {"things": [thing.describe() for thing in things]}
    return PictureScene(kind, tuple(questions), pictures=(on.image,), drawn=drawn)


def _name_colour(
    draw: Draw, things: Sequence[Thing], shapes: Sequence[str], colours: Sequence[str], there: bool
) -> str:
    seen = [thing.colour for thing in things]
    return draw.pick(seen if there else [one for one in colours if one not in seen])


def _name_shape(draw: Draw, things: Sequence[Thing], shapes: Sequence[str], colours: Sequence[str], there: bool) -> str:
    seen = [thing.shape for thing in things]
    return draw.pick(seen if there else [one for one in shapes if one not in seen])


def _name_thing(draw: Draw, things: Sequence[Thing], shapes: Sequence[str], colours: Sequence[str], there: bool) -> str:
    """Name a shape with its colour; one that is not there has the shape of one thing and the colour of another."""
    one, other = draw.sample(things, 2)
    return one.name if there else f"{one.colour} {other.shape}"


ASK: Mapping[str, Callable[[Draw, Sequence[Thing], Sequence[str], Sequence[str], bool], str]] = {
    "colour": _name_colour,
    "shape": _name_shape,
    "thing": _name_thing,
}
