"""Generates clocks and gauges, and asks what they show."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, INK, WHITE, Canvas, CanvasPoint, add_grain
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel

SWEEP = 270
"""Degrees from the beginning of a gauge, at the lower left, to its end."""


def build_gauges(options: TaskOptions) -> PictureTask:
    """Return the task ``gauges``."""
    return build_pictures("gauges", make_scene, options)


def build_gauges_open(options: TaskOptions) -> PictureTask:
    """Return the task ``gauges_open``: the same pictures, answered in writing."""
    return build_pictures("gauges_open", make_scene, options)


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return one clock, gauge or thermometer, or two side by side, with a question of each kind of the level."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    return (_make_clock if kind == "clock" else _make_gauge)(draw, suite, asked, how)


def _make_clock(draw: Draw, suite: Suite, asked: Mapping[str, int], how: Mapping[str, Any]) -> PictureScene:
    """Return a clock.  The times offered are made of a few hours and a few minutes, each of which fits several."""
    times = _draw_times(draw, asked["time"], how["minutes"])
    gold = times[0]
    questions = []
    for ask, count in asked.items():
        if ask == "time":
            text, right, others = draw.pick(suite.read_lines("time")), _say(gold), [_say(one) for one in times[1:]]
        else:
            later = how["later"]
            shown = [
                _say(((hour * 60 + minute + later) // 60 % 12 or 12, (minute + later) % 60)) for hour, minute in times
            ]
            text = draw.pick(suite.read_lines("later")).format(minutes=later)
            right, others = shown[0], shown[1:]
        assert len(others) == count - 1
        questions.append(Question(text, right, tuple(others), {"ask": ask}))
    size = how["size"]
    on = Canvas(size, size)
    _draw_clock(on, gold, draw.pick(how["faces"]))
    add_grain(on.image, draw, how.get("grain", 0))
    return PictureScene("clock", tuple(questions), pictures=(on.image,), drawn={"time": list(gold)})


def _draw_times(draw: Draw, count: int, every: int) -> list[tuple[int, int]]:
    """Return times as hour and minute in random order, no two of them hard to tell apart."""
    if every == 60:
        return [(hour, 0) for hour in draw.sample(range(1, 13), count)]
    while True:
        hours = draw.sample(range(1, 13), 2)
        minutes = [every * n for n in draw.sample(range(60 // every), 2)]
        apart = abs(minutes[0] - minutes[1])
        if min(apart, 60 - apart) >= 10:
            times = [(hour, minute) for hour in hours for minute in minutes]
            return draw.sample(times, count)


def _say(time: tuple[int, int]) -> str:
    return f"{time[0]}:{time[1]:02d}"


def _find_point(x: float, y: float, far: float, degrees: float) -> CanvasPoint:
    """Return the point at a distance, ``degrees`` clockwise from straight up."""
    angle = math.radians(degrees)
    return x + far * math.sin(angle), y - far * math.cos(angle)


def _draw_clock(on: Canvas, time: tuple[int, int], face: str) -> None:
    size = on.width
    x = y = size // 2
    r = size // 2 - 4
    on.pen.ellipse((x - r, y - r, x + r, y + r), fill=WHITE, outline=INK, width=max(2, size // 60))
    letters = max(10, size // 10)
    for hour in range(1, 13):
        if face == "all" or (face == "quarters" and hour % 3 == 0):
            on.write(str(hour), _find_point(x, y, r - letters * 0.95, hour * 30), letters)
        else:
            long = 0.12 if hour % 3 == 0 else 0.07
            on.line(
                _find_point(x, y, r * 0.96, hour * 30),
                _find_point(x, y, r * (0.96 - long), hour * 30),
                width=max(2, size // 80),
            )
    if size >= 200:
        for minute in range(60):
            on.line(_find_point(x, y, r * 0.97, minute * 6), _find_point(x, y, r * 0.94, minute * 6))
    hour, minute = time
    on.line((x, y), _find_point(x, y, r * 0.42, hour % 12 * 30 + minute / 2), width=max(5, size // 22))
    on.line((x, y), _find_point(x, y, r * 0.66, minute * 6), fill=COLOURS["red"], width=max(2, size // 50))
    dot = max(3, size // 30)
    on.pen.ellipse((x - dot, y - dot, x + dot, y + dot), fill=INK)


def _make_gauge(draw: Draw, suite: Suite, asked: Mapping[str, int], how: Mapping[str, Any]) -> PictureScene:
    """Return a gauge with a needle.  Values offered are drawn first, and each is as likely to be the right one."""
    top, step, apart = how["top"], how["step"], how["apart"]
    while True:
        offered = [step * n for n in draw.sample(range(top // step + 1), asked["value"])]
        ordered = sorted(offered)
        if all(high - low >= apart for low, high in pairwise(ordered)):
            break
    value = offered[0]
    questions = []
    for ask, count in asked.items():
        if ask == "value":
            text, right, others = draw.pick(suite.read_lines("value")), str(value), [str(n) for n in offered[1:]]
        else:
            more = how["more"]
            text = draw.pick(suite.read_lines("more")).format(more=more)
            right, others = str(value + more), [str(n + more) for n in offered[1:]]
        assert len(others) == count - 1
        questions.append(Question(text, right, tuple(others), {"ask": ask}))
    on = Canvas(how["size"], how["size"])
    _draw_gauge(on, value, how)
    add_grain(on.image, draw, how.get("grain", 0))
    return PictureScene("gauge", tuple(questions), pictures=(on.image,), drawn={"value": value, "top": top})


def _draw_gauge(on: Canvas, value: int, how: Mapping[str, Any]) -> None:
    size, top = how["size"], how["top"]
    x, y, r = size // 2, size // 2 + size // 20, size // 2 - 4
    marks = range(0, top + 1, how["mark"])
    letters = max(10, size // 13)
    turn = SWEEP / top
    on.pen.arc((x - r, y - r, x + r, y + r), 135, 45, fill=INK, width=max(2, size // 80))
    for mark in range(0, top + 1, how["line"]):
        at = mark * turn - SWEEP / 2
        long = 0.13 if mark in marks else 0.07
        on.line(_find_point(x, y, r, at), _find_point(x, y, r * (1 - long), at), width=max(1, size // 112))
        if mark in marks:
            on.write(str(mark), _find_point(x, y, r * 0.85 - letters * 0.65, at), letters)
    at = value * turn - SWEEP / 2
    on.line((x, y), _find_point(x, y, r * 0.62, at), fill=COLOURS["red"], width=max(3, size // 56))
    dot = max(4, size // 26)
    on.pen.ellipse((x - dot, y - dot, x + dot, y + dot), fill=INK)
