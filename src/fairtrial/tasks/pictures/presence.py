"""Generates pictures of a few shapes, and asks in pairs for one that is there and for one that is not.

A model that says yes to what is not there sees things that are absent (Li et al. 2023, arXiv 2305.10355, who ask about
photographs in this way).  Half of the right answers of every picture are yes, so the yes-rate of a model shows which
way it leans.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, add_article, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas, add_grain
from fairtrial.tasks.pictures.icons import GRASS, ICONS, SAND, SKY, UP
from fairtrial.tasks.pictures.shapes import SHAPES, PlacedShape, draw_spots, draw_thing
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
    """Return a picture with a pair of questions of each kind of the level, or with several pairs of one kind."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    make = _make_landscape if kind == "landscape" else _make_shapes
    on, things, naming = make(draw, how)
    questions: list[Question] = []
    for ask, pairs in how.get("pairs", dict.fromkeys(asked, 1)).items():
        taken: set[str] = set()
        for _ in range(pairs):
            for gold, wrong in (ANSWERS, ANSWERS[::-1]):
                named = draw.pick([name for name in naming.list_names(ask, gold == "yes") if name not in taken])
                taken.add(named)
                text = draw.pick(suite.read_lines(ask)).format(named=named, a_named=add_article(named))
                questions.append(Question(text, gold, (wrong,), {"ask": ask}))
    add_grain(on.image, draw, how.get("grain", 0))
    return PictureScene(kind, tuple(questions), pictures=(on.image,), drawn={"things": things})


@dataclass(frozen=True, slots=True)
class Naming:
    """What can be named of a picture.

    Attributes:
        things: shapes in it.
        shapes, colours: all that the level draws.
        icons: things in a landscape.
    """

    things: Sequence[PlacedShape] = ()
    shapes: Sequence[str] = ()
    colours: Sequence[str] = ()
    icons: Sequence[str] = ()

    def list_names(self, ask: str, there: bool) -> list[str]:
        """Return what is there and can be asked for, or what is not there.

        A shape with its colour that is not there has the shape of one thing and the colour of another, or for ``far``
        neither.
        """
        shapes, colours = {thing.shape for thing in self.things}, {thing.colour for thing in self.things}
        names = {thing.name for thing in self.things}
        if ask == "icon":
            return [name for name in ICONS if (name in self.icons) == there]
        if ask == "colour":
            return [name for name in self.colours if (name in colours) == there]
        if ask == "shape":
            return [name for name in self.shapes if (name in shapes) == there]
        if there:
            return [thing.name for thing in self.things]
        if ask == "far":
            return [f"{c} {s}" for c in self.colours for s in self.shapes if c not in colours and s not in shapes]
        return [
            f"{c} {s}"
            for c in self.colours
            for s in self.shapes
            if c in colours and s in shapes and f"{c} {s}" not in names
        ]


def _make_shapes(draw: Draw, how: Mapping[str, Any]) -> tuple[Canvas, list[dict[str, Any]], Naming]:
    """Return shapes of which no two are alike; at level 1 no two share shape or colour."""
    shapes, colours = list(SHAPES)[: how["shapes"]], list(COLOURS)[: how["colours"]]
    spots = draw_spots(draw, how["things"], how["size"], how["size"], how["radius"])
    few = how.get("of")
    if few:
        some = [(s, c) for s in draw.sample(shapes, few[0]) for c in draw.sample(colours, few[1])]
        looks = draw.sample(some, len(spots))
    else:
        looks = list(zip(draw.sample(shapes, len(spots)), draw.sample(colours, len(spots)), strict=True))
    things = [
        PlacedShape(shape, colour, at.x, at.y, at.radius) for (shape, colour), at in zip(looks, spots, strict=True)
    ]
    on = Canvas(how["size"], how["size"])
    for thing in things:
        draw_thing(on, thing)
    return on, [thing.describe() for thing in things], Naming(things, shapes, colours)


def _make_landscape(draw: Draw, how: Mapping[str, Any]) -> tuple[Canvas, list[dict[str, Any]], Naming]:
    """Return a landscape with half of the things that there are; each is as likely to be in it."""
    size, radius = how["size"], how["icon"]
    names = draw.sample(ICONS, len(ICONS) // 2)
    on = Canvas(size, size, SKY)
    ground = size * 9 // 20
    on.box(0, ground, size, size, draw.pick((GRASS, SAND)))
    high = [name for name in names if name in UP]
    low = [name for name in names if name not in UP]
    below = [low] if len(low) <= 3 else [low[: len(low) // 2], low[len(low) // 2 :]]
    rows = [(high, radius + 2, ground - radius - 2)]
    rows += [(below[-1], size - radius - 15, size - radius - 3)]
    rows += [(below[0], ground + 2, ground + 9)] if len(below) > 1 else []
    places = []
    for row, top, bottom in rows:
        for number, name in enumerate(row):
            wide = size / len(row)
            free = int(wide / 2) - radius - 2
            places.append(
                (name, round((number + 0.5) * wide) + draw.draw_between(-free, free), draw.draw_between(top, bottom))
            )
    for name, x, y in places:
        ICONS[name](on, x, y, radius)
    return on, [{"name": name, "x": x, "y": y} for name, x, y in places], Naming(icons=names)
