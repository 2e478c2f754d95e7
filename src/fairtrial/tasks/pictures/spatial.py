"""Generates pictures of shapes that stand clearly to one side of each other, and asks to which."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import permutations

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas, add_grain
from fairtrial.tasks.pictures.shapes import SHAPES, PlacedShape, draw_spots, draw_thing
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel

SIDES = {"left": (-1, 0), "right": (1, 0), "above": (0, -1), "below": (0, 1)}
"""Sides, and the way to them in pixels from the left and from the top."""

CORNERS = {"above left": (-1, -1), "above right": (1, -1), "below left": (-1, 1), "below right": (1, 1)}

CLEAR = 8
"""Pixels by which a thing must be further than the next one."""


def build_spatial(options: TaskOptions) -> PictureTask:
    """Return the task ``spatial``."""
    return build_pictures("spatial", make_scene, options)


def build_spatial_open(options: TaskOptions) -> PictureTask:
    """Return the task ``spatial_open``: the same pictures, answered in writing."""
    return build_pictures("spatial_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return shapes with a question of each kind of the level."""
    kind, asked = draw_kind(draw, level)
    if kind == "shapes":
        return _make_pair(draw, suite, level, asked)
    while True:
        scene = _make_crowd(draw, suite, level, asked)
        if scene is not None:
            return scene


def _make_pair(draw: Draw, suite: Suite, level: SuiteLevel, asked: Mapping[str, int]) -> PictureScene:
    """Return two shapes beside or above each other."""
    how = level.settings
    size, radius = how["size"], draw.draw_between(*how["radius"])
    shapes = draw.sample(list(SHAPES)[: how["shapes"]], 2)
    colours = draw.sample(list(COLOURS)[: how["colours"]], 2)
    side = draw.pick(list(SIDES))
    along, across = draw.draw_between(*how["apart"]), draw.draw_between(-how["aslant"], how["aslant"])
    step = [along * way + across * (not way) for way in SIDES[side]]
    first = [draw.draw_between(radius + 2 + max(0, -by), size - radius - 3 - max(0, by)) for by in step]
    one = PlacedShape(shapes[0], colours[0], first[0] + step[0], first[1] + step[1], radius)
    other = PlacedShape(shapes[1], colours[1], first[0], first[1], radius)
    questions = []
    for ask, count in asked.items():
        if ask == "where":
            text = draw.pick(suite.read_lines(ask)).format(one=one.name, other=other.name)
            gold, choices = side, list(SIDES)
        else:
            furthest = draw.pick([name for name, way in SIDES.items() if bool(way[0]) == bool(SIDES[side][0])])
            text = draw.pick(suite.texts["furthest_of_two"][furthest])
            gold, choices = (one if furthest == side else other).name, [one.name, other.name]
        assert len(choices) == count
        wrong = tuple(choice for choice in choices if choice != gold)
        questions.append(Question(text, gold, wrong, {"ask": ask}))
    on = Canvas(size, size)
    for thing in (one, other):
        draw_thing(on, thing)
    drawn = {"things": [one.describe(), other.describe()]}
    return PictureScene("shapes", tuple(questions), pictures=(on.image,), drawn=drawn)


def _make_crowd(draw: Draw, suite: Suite, level: SuiteLevel, asked: Mapping[str, int]) -> PictureScene | None:
    """Return many shapes, no two alike; None if some question would have no clear answer."""
    how = level.settings
    kinds = [(shape, colour) for shape in list(SHAPES)[: how["shapes"]] for colour in list(COLOURS)[: how["colours"]]]
    spots = draw_spots(draw, how["things"], how["size"], how["size"], how["radius"])
    looks = draw.sample(kinds, len(spots))
    things = [PlacedShape(*look, at.x, at.y, at.radius) for look, at in zip(looks, spots, strict=True)]
    questions = []
    for ask, count in asked.items():
        question = ASK[ask](draw, suite, things, count)
        if question is None:
            return None
        questions.append(question)
    on = Canvas(how["size"], how["size"])
    for thing in things:
        draw_thing(on, thing)
    add_grain(on.image, draw, how.get("grain", 0))
    drawn = {"things": [thing.describe() for thing in things]}
    return PictureScene("crowd", tuple(questions), pictures=(on.image,), drawn=drawn)


def _ask_where(draw: Draw, suite: Suite, things: Sequence[PlacedShape], count: int) -> Question | None:
    """Ask to which of four sides a thing stands; the side is drawn first."""
    side = draw.pick(list(SIDES))
    across, down = SIDES[side]
    pairs = [
        (one, other)
        for one, other in permutations(things, 2)
        if (x := (one.x - other.x) * across + (one.y - other.y) * down) > one.radius + other.radius
        and abs((one.x - other.x) * down) + abs((one.y - other.y) * across) < 0.4 * x
    ]
    return _offer_sides(draw, suite, "where", side, list(SIDES), pairs)


def _ask_corner(draw: Draw, suite: Suite, things: Sequence[PlacedShape], count: int) -> Question | None:
    """Ask in which of four slanting ways a thing stands; the way is drawn first."""
    side = draw.pick(list(CORNERS))
    across, down = CORNERS[side]
    pairs = [
        (one, other)
        for one, other in permutations(things, 2)
        if (one.x - other.x) * across > one.radius + other.radius
        and (one.y - other.y) * down > one.radius + other.radius
    ]
    return _offer_sides(draw, suite, "corner", side, list(CORNERS), pairs)


def _offer_sides(
    draw: Draw,
    suite: Suite,
    ask: str,
    side: str,
    sides: Sequence[str],
    pairs: Sequence[tuple[PlacedShape, PlacedShape]],
) -> Question | None:
    if not pairs:
        return None
    one, other = draw.pick(pairs)
    text = draw.pick(suite.read_lines(ask)).format(one=one.name, other=other.name)
    return Question(text, side, tuple(name for name in sides if name != side), {"ask": ask})


def _ask_furthest(draw: Draw, suite: Suite, things: Sequence[PlacedShape], count: int) -> Question | None:
    """Ask which thing is furthest to one side: its middle and its edge are clearly further than those of the others."""
    side = draw.pick(list(SIDES))
    across, down = SIDES[side]
    ordered = sorted(things, key=lambda thing: thing.x * across + thing.y * down)
    far = ordered[-1].x * across + ordered[-1].y * down
    for thing in ordered[:-1]:
        less = far - thing.x * across - thing.y * down
        if min(less, less + ordered[-1].radius - thing.radius) < CLEAR:
            return None
    text = draw.pick(suite.texts["furthest"][side])
    wrong = draw.sample([thing.name for thing in ordered[:-1]], count - 1)
    return Question(text, ordered[-1].name, tuple(wrong), {"ask": "furthest"})


def _ask_nearest(draw: Draw, suite: Suite, things: Sequence[PlacedShape], count: int) -> Question | None:
    """Ask which thing is nearest to another: the others are clearly further away, from middle and from edge."""
    one = draw.pick(things)
    ordered = sorted((thing for thing in things if thing is not one), key=lambda thing: _measure(one, thing))
    near = _measure(one, ordered[0])
    for thing in ordered[1:]:
        far = _measure(one, thing)
        if far < 1.25 * near or far - thing.radius < near - ordered[0].radius + CLEAR:
            return None
    text = draw.pick(suite.read_lines("nearest")).format(one=one.name)
    wrong = draw.sample([thing.name for thing in ordered[1:]], count - 1)
    return Question(text, ordered[0].name, tuple(wrong), {"ask": "nearest"})


def _measure(one: PlacedShape, other: PlacedShape) -> float:
    return math.hypot(one.x - other.x, one.y - other.y)


ASK: Mapping[str, Callable[[Draw, Suite, Sequence[PlacedShape], int], Question | None]] = {
    "where": _ask_where,
    "corner": _ask_corner,
    "furthest": _ask_furthest,
    "nearest": _ask_nearest,
}
