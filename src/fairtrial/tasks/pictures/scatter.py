"""Generates scatter charts: dots of several colours, which is highest, how many there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from fairtrial.tasks.pictures.base import PictureScene, draw_range
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas
from fairtrial.tasks.pictures.chart_drawing import draw_axis, frame_chart
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw

ENDS = {"highest": (1, max), "lowest": (1, min), "rightmost": (0, max), "leftmost": (0, min)}
"""Kind of question to the coordinate that decides, and which end of it."""


def make_scatter(
    draw: Draw, texts: Mapping[str, Sequence[str]], asked: Mapping[str, int], how: Mapping[str, Any]
) -> PictureScene:
    """Return a chart of dots with one question of each kind in ``asked``.

    Dots lie on crossings of the grid, no two in one row, so that the highest one is clear.
    """
    colours = draw.sample(list(COLOURS)[: how["colours"]], how["groups"])
    numbers, offered = _draw_numbers(draw, len(colours), asked["points"], how["most"])
    dots = [place for place, number in enumerate(numbers) for _ in range(number)]
    across, down = _draw_places(draw, len(dots), how["top"])
    points = [(x, y, colours[place]) for x, y, place in zip(across, down, dots, strict=True)]
    questions = []
    for kind, count in asked.items():
        text = draw.pick(texts[kind])
        if kind == "points":
            gold, others = str(numbers[0]), [str(n) for n in offered if n != numbers[0]]
            text = text.format(colour=colours[0])
        elif kind == "more":
            one, other = draw.sample(range(2), 2)
            gold = colours[int(numbers[1] > numbers[0])]
            others = [colours[int(numbers[1] < numbers[0])]]
            text = text.format(one=colours[one], other=colours[other])
        else:
            at, end = ENDS[kind]
            gold = end(points, key=lambda point: point[at])[2]
            others = draw.sample([name for name in colours if name != gold], count - 1)
        questions.append(Question(text, gold, tuple(others), {"ask": kind}))
    drawn = {"points": [list(point) for point in points], "top": how["top"]}
    return PictureScene("scatter", tuple(questions), pictures=(_draw_dots(points, how).image,), drawn=drawn)


def _draw_numbers(draw: Draw, colours: int, count: int, most: int) -> tuple[list[int], range]:
    """Return how many dots each colour has, the first two not as many, and the numbers offered for the first."""
    offered = draw_range(draw, 1, most, count)
    first = draw.pick(offered)
    second = draw.pick([n for n in range(1, most + 1) if n != first])
    return [first, second, *(draw.draw_between(1, most) for _ in range(colours - 2))], offered


def _draw_places(draw: Draw, count: int, top: int) -> tuple[list[int], list[int]]:
    """Return coordinates of dots, no two in one row or column, none so near to another that they touch."""
    while True:
        across, down = draw.sample(range(1, top), count), draw.sample(range(1, top), count)
        places = sorted(zip(across, down, strict=True))
        if all(abs(y - other) > 1 or far - x > 1 for (x, y), (far, other) in pairwise(places)):
            return across, down


def _draw_dots(points: Sequence[tuple[int, int, str]], how: Mapping[str, Any]) -> Canvas:
    on = Canvas(how["size"], how["size"])
    frame = frame_chart(on, str(how["top"]), True, 0)
    draw_axis(on, frame, how["top"], how["mark"], how["mark"])
    unit_x, unit_y = (frame.right - frame.left) / how["top"], (frame.bottom - frame.top) / how["top"]
    for mark in range(0, how["top"] + 1, how["mark"]):
        on.write(str(mark), (frame.left + mark * unit_x, frame.bottom + 3), frame.letters, "ma")
    for x, y, colour in points:
        left, top = round(frame.left + x * unit_x), round(frame.bottom - y * unit_y)
        on.pen.ellipse((left - how["dot"], top - how["dot"], left + how["dot"], top + how["dot"]), fill=COLOURS[colour])
    return on
