"""Generates small graphs: letters joined by lines, or by arrows, and asks whether there is a way and how long it is.

Every graph has two parts that nothing joins.  Each letter has at least one line, so that no lonely one tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import combinations
from string import ascii_uppercase
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import INK, WHITE, Canvas, CanvasPoint, add_grain
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel

FILL = (206, 226, 250)
WAYS = ("way1", "way2")
"""The two questions for a way; there is one for one of them."""

ANGLE = 22
"""Degrees at least between two lines at a letter, so that none hides the other."""

Edge = tuple[int, int]


def build_graphs(options: TaskOptions) -> PictureTask:
    """Return the task ``graphs``."""
    return build_pictures("graphs", make_scene, options)


def build_graphs_open(options: TaskOptions) -> PictureTask:
    """Return the task ``graphs_open``: the same pictures, answered in writing."""
    return build_pictures("graphs_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return a graph with two questions about ways, one of which there is, and one about what a letter is joined to."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    length = draw.draw_below(asked["length"]) + 1 if "length" in asked else 0  # before a graph is chosen that has it
    while True:
        places = _draw_places(draw, how)
        edges = _draw_edges(draw, places, how)
        questions = None if edges is None else _ask(draw, suite, (kind, length), asked, how, edges)
        if edges is not None and questions is not None:
            break
    on = Canvas(how["size"], how["size"])
    _draw_graph(on, places, edges, how["circle"], kind == "arrows")
    add_grain(on.image, draw, how.get("grain", 0))
    names = ascii_uppercase[: how["letters"]]
    drawn = {"letters": names, "lines": [names[one] + names[other] for one, other in edges]}
    return PictureScene(kind, tuple(questions), pictures=(on.image,), drawn=drawn)


def _ask(
    draw: Draw,
    suite: Suite,
    wanted: tuple[str, int],
    asked: Mapping[str, int],
    how: Mapping[str, Any],
    edges: Sequence[Edge],
) -> list[Question] | None:
    """Return the questions about a graph of the wanted kind and length; None if it has no fitting pair of letters."""
    kind, length = wanted
    lengths = _measure_ways(how["letters"], edges, kind == "arrows")
    pairs = [(i, k) for i in range(how["letters"]) for k in range(how["letters"]) if i != k]
    ways = {
        "yes": [pair for pair in pairs if how["least"] <= lengths.get(pair, 0)],
        "no": [pair for pair in pairs if pair not in lengths],
    }
    answers = draw.shuffle(ways)
    found = []
    for ask, count in asked.items():
        if ask in WAYS:
            gold, wrong = answers if ask == WAYS[0] else answers[::-1]
            if not ways[gold]:
                return None
            found.append(_say(draw, suite, (ask, kind), draw.pick(ways[gold]), gold, (wrong,)))
        elif ask == "length":
            fitting = [pair for pair in pairs if lengths.get(pair) == length]
            if not fitting:
                return None
            wrong_ones = tuple(str(n) for n in range(1, count + 1) if n != length)
            found.append(_say(draw, suite, (ask, kind), draw.pick(fitting), str(length), wrong_ones))
        else:
            joined = [pair for pair in pairs if lengths.get(pair) == 1]
            one, other = draw.pick(joined)
            apart = [k for k in range(how["letters"]) if k != one and lengths.get((one, k)) != 1]
            if len(apart) < count - 1:
                return None
            wrong_ones = tuple(ascii_uppercase[k] for k in draw.sample(apart, count - 1))
            found.append(_say(draw, suite, (ask, kind), (one, other), ascii_uppercase[other], wrong_ones))
    return found


def _say(draw: Draw, suite: Suite, asks: tuple[str, str], pair: Edge, gold: str, wrong: tuple[str, ...]) -> Question:
    text = draw.pick(suite.texts[asks[1]]["way" if asks[0] in WAYS else asks[0]]).format(
        one=ascii_uppercase[pair[0]], other=ascii_uppercase[pair[1]]
    )
    return Question(text, gold, wrong, {"ask": asks[0]})


def _measure_ways(letters: int, edges: Sequence[Edge], one_way: bool) -> dict[Edge, int]:
    """Return the number of lines of the shortest way from each letter to each other one that it leads to."""
    steps: dict[int, set[int]] = {at: set() for at in range(letters)}
    for one, other in edges:
        steps[one].add(other)
        if not one_way:
            steps[other].add(one)
    found = {}
    for start in range(letters):
        reached, edge, length = {start}, {start}, 0
        while edge:
            length += 1
            edge = {k for at in edge for k in steps[at]} - reached
            reached |= edge
            found.update({(start, k): length for k in edge})
    return found


def _draw_places(draw: Draw, how: Mapping[str, Any]) -> list[CanvasPoint]:
    """Return the middles of the letters: each in a cell of its own, in random order."""
    columns, rows = how["grid"]
    across, down = how["size"] / columns, how["size"] / rows
    free_x, free_y = int(across / 2 - how["circle"] - 3), int(down / 2 - how["circle"] - 3)
    return [
        (
            (cell % columns + 0.5) * across + draw.draw_between(-free_x, free_x),
            (cell // columns + 0.5) * down + draw.draw_between(-free_y, free_y),
        )
        for cell in draw.sample(range(columns * rows), how["letters"])
    ]


def _draw_edges(draw: Draw, places: Sequence[CanvasPoint], how: Mapping[str, Any]) -> list[Edge] | None:
    """Return lines that make two parts and touch no other letter; None if there are none."""
    order = draw.shuffle(range(len(places)))
    cut = draw.draw_between(2, len(places) - 2) if how["letters"] < 6 else draw.draw_between(3, len(places) - 3)
    edges: list[Edge] = []

    def list_fitting(part: Sequence[int]) -> list[Edge]:
        return [
            pair
            for pair in combinations(part, 2)
            if pair not in edges
            and _is_clear(places, pair, how["circle"])
            and _count_crossings(places, pair, edges) <= how["crossings"]
            and all(_measure_angle(places, pair, other) >= ANGLE for other in edges)
        ]

    for part in (order[:cut], order[cut:]):
        joined = {part[0]}
        while len(joined) < len(part):
            fitting = [pair for pair in list_fitting(part) if (pair[0] in joined) != (pair[1] in joined)]
            if not fitting:
                return None
            edges.append(draw.pick(fitting))
            joined |= set(edges[-1])
        for _ in range(how["more"]):
            fitting = list_fitting(part)
            edges += [draw.pick(fitting)] if fitting else []
    return [(one, other) if draw.chance(1, 2) else (other, one) for one, other in edges]


def _measure_angle(places: Sequence[CanvasPoint], edge: Edge, other: Edge) -> float:
    """Return the angle in degrees between two lines at the letter that they share; 180 if they share none."""
    shared = set(edge) & set(other)
    if len(shared) != 1:
        return 180.0
    [at] = shared
    turns = []
    for line in (edge, other):
        x, y = places[line[0] if line[1] == at else line[1]]
        turns.append(math.degrees(math.atan2(y - places[at][1], x - places[at][0])))
    apart = abs(turns[0] - turns[1])
    return min(apart, 360 - apart)


def _is_clear(places: Sequence[CanvasPoint], edge: Edge, circle: int) -> bool:
    """Return whether a line stays clear of all letters but those at its ends."""
    (x1, y1), (x2, y2) = places[edge[0]], places[edge[1]]
    long = math.hypot(x2 - x1, y2 - y1)
    for at, (x, y) in enumerate(places):
        along = ((x - x1) * (x2 - x1) + (y - y1) * (y2 - y1)) / long
        beside = abs((x - x1) * (y2 - y1) - (y - y1) * (x2 - x1)) / long
        if at not in edge and 0 < along < long and beside < circle + 4:
            return False
    return True


def _count_crossings(places: Sequence[CanvasPoint], edge: Edge, edges: Sequence[Edge]) -> int:
    def side(a: CanvasPoint, b: CanvasPoint, c: CanvasPoint) -> float:
        return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])

    one, other = places[edge[0]], places[edge[1]]
    crossings = 0
    for i, k in edges:
        if not {i, k} & set(edge):
            p, q = places[i], places[k]
            crossings += side(one, other, p) * side(one, other, q) < 0 and side(p, q, one) * side(p, q, other) < 0
    return crossings


def _draw_graph(on: Canvas, places: Sequence[CanvasPoint], edges: Sequence[Edge], circle: int, one_way: bool) -> None:
    wide = max(2, on.width // 112)
    for one, other in edges:
        (x1, y1), (x2, y2) = places[one], places[other]
        on.line((x1, y1), (x2, y2), width=wide)
        if one_way:
            long = math.hypot(x2 - x1, y2 - y1)
            ux, uy = (x2 - x1) / long, (y2 - y1) / long
            tip = (x2 - ux * (circle + 1), y2 - uy * (circle + 1))
            back = (tip[0] - ux * 11, tip[1] - uy * 11)
            on.pen.polygon([tip, (back[0] - uy * 6, back[1] + ux * 6), (back[0] + uy * 6, back[1] - ux * 6)], fill=INK)
    for at, (x, y) in enumerate(places):
        around = (round(x) - circle, round(y) - circle, round(x) + circle, round(y) + circle)
        on.pen.ellipse(around, fill=FILL if circle > 8 else WHITE, outline=INK, width=2)
        on.write(ascii_uppercase[at], (x, y), round(circle * 1.35))
