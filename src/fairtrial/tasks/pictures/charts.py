"""Generates charts and questions about them: read a value, find the highest, compare two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind
from fairtrial.tasks.pictures.canvas import COLOURS, FAINT, INK, Canvas
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel


def build_charts(options: TaskOptions) -> PictureTask:
    """Return the task ``charts``."""
    return build_pictures("charts", make_scene, options)


def build_charts_open(options: TaskOptions) -> PictureTask:
    """Return the task ``charts_open``: the same charts, answered in writing."""
    return build_pictures("charts_open", make_scene, options)


@dataclass(frozen=True, slots=True)
class Chart:
    """What a chart shows.

    Attributes:
        colours: name of the colour of each bar.
        values: of the bars, from left to right; no two are equal.
        top: end of the axis, which begins with 0.
    """

    colours: tuple[str, ...]
    values: tuple[int, ...]
    top: int


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return a chart with one question of each kind of the level."""
    kind, asked = draw_kind(draw, level)
    how = level.settings
    low, high = how["values"]
    chart = Chart(
        tuple(draw.sample(list(COLOURS)[: how["colours"]], how["bars"])),
        tuple(draw.sample(range(low, high + 1), how["bars"])),
        how["top"],
    )
    questions = tuple(ASK[one](draw, suite, chart) for one in asked)
    drawn = {"colours": list(chart.colours), "values": list(chart.values)}
    return PictureScene(kind, questions, pictures=(draw_bars(chart, how["size"]).image,), drawn=drawn)


def draw_bars(chart: Chart, size: int) -> Canvas:
    """Draw bars over an axis with a line at each whole number."""
    on = Canvas(size, size)
    left, right, top, bottom = 17, size - 4, 8, size - 6
    unit = (bottom - top) / chart.top
    for mark in range(chart.top + 1):
        y = bottom - mark * unit
        on.line((left, y), (right, y), fill=FAINT)
        if mark % 2 == 0:
            on.write(str(mark), (left - 3, y), 9, "rm")
    wide = (right - left) / len(chart.values)
    for place, (colour, value) in enumerate(zip(chart.colours, chart.values, strict=True)):
        start = left + place * wide
        on.box(start + wide * 0.18, bottom - value * unit, start + wide * 0.82, bottom, COLOURS[colour])
    on.line((left, top), (left, bottom), (right, bottom), fill=INK)
    return on


def _ask(draw: Draw, suite: Suite, kind: str, gold: object, choices: Sequence[object], **slots: object) -> Question:
    """Return a question with all of ``choices``, of which ``gold`` is the right one."""
    text = draw.pick(suite.lines(kind)).format(**slots)
    return Question(text, str(gold), tuple(str(one) for one in choices if one != gold), {"ask": kind})


def _ask_highest(draw: Draw, suite: Suite, chart: Chart) -> Question:
    return _ask(draw, suite, "highest", chart.colours[chart.values.index(max(chart.values))], chart.colours)


def _ask_lowest(draw: Draw, suite: Suite, chart: Chart) -> Question:
    return _ask(draw, suite, "lowest", chart.colours[chart.values.index(min(chart.values))], chart.colours)


def _ask_value(draw: Draw, suite: Suite, chart: Chart) -> Question:
    at = draw.below(len(chart.values))
    return _ask(draw, suite, "value", chart.values[at], chart.values, colour=chart.colours[at])


def _ask_compare(draw: Draw, suite: Suite, chart: Chart) -> Question:
    one, other = draw.sample(range(len(chart.values)), 2)
    higher = max(one, other, key=lambda at: chart.values[at])
    both = chart.colours[one], chart.colours[other]
    return _ask(draw, suite, "compare", chart.colours[higher], both, one=both[0], other=both[1])


ASK: Mapping[str, Callable[[Draw, Suite, Chart], Question]] = {
    "highest": _ask_highest,
    "lowest": _ask_lowest,
    "value": _ask_value,
    "compare": _ask_compare,
}
