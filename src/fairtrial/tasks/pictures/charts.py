"""Generates charts and questions about them: read a value, find the highest, compare, follow a line, subtract, count.

Wrong answers are other labels and other values of the same chart, so a model must find the right bar to know its value.
How charts look is in `fairtrial.tasks.pictures.chart_drawing`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.pictures.base import PictureScene, PictureTask, build_pictures, draw_kind, draw_range
from fairtrial.tasks.pictures.canvas import COLOURS, Canvas, add_grain
from fairtrial.tasks.pictures.chart_drawing import ChartContent, draw_chart
from fairtrial.tasks.pictures.scatter import make_scatter
from fairtrial.tasks.procedural.base import Question
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_words

Dealt = Mapping[str, Any]


def build_charts(options: TaskOptions) -> PictureTask:
    """Return the task ``charts``."""
    return build_pictures("charts", make_scene, options)


def build_charts_open(options: TaskOptions) -> PictureTask:
    """Return the task ``charts_open``: the same charts, answered in writing."""
    return build_pictures("charts_open", make_scene, options)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What a question maker gets: the draws, the chart, the texts of its kind, and how many choices to offer."""

    draw: Draw
    chart: ChartContent
    texts: Mapping[str, Sequence[str]]
    kind: str
    count: int

    def offer(self, gold: object, others: Sequence[object], **slots: object) -> Question:
        """Offer ``gold`` among some of ``others``."""
        text = self.draw.pick(self.texts[self.kind]).format(**slots)
        rest = [str(one) for one in dict.fromkeys(others) if one != gold]
        wrong = rest if len(rest) == self.count - 1 else self.draw.sample(rest, self.count - 1)
        return Question(text, str(gold), tuple(wrong), {"ask": self.kind})

    def pick_series(self) -> tuple[str, tuple[int, ...]]:
        """Return the name and values of one series."""
        at = self.draw.draw_below(len(self.chart.series)) if len(self.chart.series) > 1 else 0
        return self.chart.series[at], self.chart.values[at]


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> PictureScene:
    """Return a chart with one question of each kind of the level."""
    kind, asked = draw_kind(draw, level)
    how = {**level.settings, **level.settings.get(kind, {})}
    texts = suite.texts["ask"][kind]
    if kind == "scatter":
        scene = make_scatter(draw, texts, asked, how)
    else:
        chart = _draw_data(draw, kind, suite, how)
        questions = tuple(ASK[one](_Asking(draw, chart, texts, one, count)) for one, count in asked.items())
        on = Canvas(how["size"], how["size"])
        draw_chart(on, chart)
        scene = PictureScene(kind, questions, pictures=(on.image,), drawn=chart.describe())
    for picture in scene.pictures:
        add_grain(picture, draw, how.get("grain", 0))
    return scene


def _draw_data(draw: Draw, kind: str, suite: Suite, how: Dealt) -> ChartContent:
    """Return the numbers of a chart, with their names and colours."""
    names = list(COLOURS)[: how["colours"]]
    count, lines = how["groups"], how.get("series", 1)
    if kind in ("bar", "pie"):
        groups = colours = tuple(draw.sample(names, count))
    elif kind == "legend_pie":
        groups, colours = _draw_labels(draw, kind, count), tuple(draw.sample(names, count))
    else:
        groups = _draw_labels(draw, kind, count)
        colours = tuple(draw.sample(names, lines))
    series = colours if lines > 1 else ("",)
    title = draw.pick(suite.read_lines("titles")) if how.get("title") else ""
    if "pie" in kind:
        return ChartContent(kind, groups, colours, series, (_draw_shares(draw, count, how["apart"]),), 100, 1, title)
    low, high = how["values"]
    step = how.get("step", 1)
    values = _draw_values(draw, range(low * step, high * step + 1, step), len(series), count)
    return ChartContent(kind, groups, colours, series, values, how["top"], how["mark"], title)


def _draw_values(draw: Draw, among: range, lines: int, count: int) -> tuple[tuple[int, ...], ...]:
    """Return rows of values, none twice in a row, nor in a group, where one would hide the other."""
    while True:
        values = tuple(tuple(draw.sample(among, count)) for _ in range(lines))
        if all(len(set(group)) == lines for group in zip(*values, strict=True)):
            return values


def _draw_labels(draw: Draw, kind: str, count: int) -> tuple[str, ...]:
    """Return names of groups: months in their order for lines, else short words."""
    if kind in ("line", "lines"):
        first = draw.draw_below(13 - count)
        return tuple(month[:3] for month in load_words()["months"][first : first + count])
    return tuple(draw.sample([word for word in load_words()["things"] if len(word) <= 5], count))


def _draw_shares(draw: Draw, count: int, apart: int) -> tuple[int, ...]:
    """Return shares that add up to 100, no two of them closer than ``apart``."""
    least = list(range(6, 6 + count * apart, apart))
    rest = 100 - sum(least)
    cuts = sorted(draw.draw_between(0, rest) for _ in range(count - 1))
    parts = sorted(high - low for low, high in zip([0, *cuts], [*cuts, rest], strict=True))
    return tuple(draw.shuffle(one + more for one, more in zip(least, parts, strict=True)))


def _ask_extreme(a: _Asking) -> Question:
    """Ask for the highest, lowest or second highest of a series."""
    name, values = a.pick_series()
    place = {"highest": -1, "lowest": 0, "second": -2}[a.kind]
    return a.offer(a.chart.groups[values.index(sorted(values)[place])], a.chart.groups, series=name)


def _ask_value(a: _Asking) -> Question:
    if len(a.chart.series) == 1:
        name, values = a.pick_series()
        at = a.draw.draw_below(len(values))
    else:
        at = a.draw.draw_below(len(a.chart.groups))
        name, values = a.pick_series()
    every = [value for one in a.chart.values for value in one]
    return a.offer(values[at], every, group=a.chart.groups[at], series=name)


def _ask_compare(a: _Asking) -> Question:
    name, values = a.pick_series()
    one, other = a.draw.sample(range(len(values)), 2)
    higher = max(one, other, key=lambda at: values[at])
    both = a.chart.groups[one], a.chart.groups[other]
    return a.offer(a.chart.groups[higher], both, one=both[0], other=both[1], series=name)


def _ask_compare_series(a: _Asking) -> Question:
    at = a.draw.draw_below(len(a.chart.groups))
    one, other = a.draw.sample(range(len(a.chart.series)), 2)
    higher = max(one, other, key=lambda series: a.chart.values[series][at])
    both = a.chart.series[one], a.chart.series[other]
    return a.offer(a.chart.series[higher], both, group=a.chart.groups[at], one=both[0], other=both[1])


def _ask_trend(a: _Asking) -> Question:
    """Ask whether the end of a stretch lies above or below its beginning; both are as likely."""
    name, values = a.pick_series()
    rises = bool(a.draw.draw_below(2))
    pairs = [(i, k) for i, k in combinations(range(len(values)), 2) if (values[k] > values[i]) == rises]
    if not pairs:  # a line that goes one way only
        rises = not rises
        pairs = list(combinations(range(len(values)), 2))
    first, last = a.draw.pick(pairs)
    slots = {"one": a.chart.groups[first], "other": a.chart.groups[last], "series": name}
    return a.offer("higher" if rises else "lower", ("higher", "lower"), **slots)


def _ask_difference(a: _Asking) -> Question:
    """Ask how much one value is above another; the other choices are differences of other pairs."""
    name, values = a.pick_series()
    pairs: dict[int, list[tuple[int, int]]] = {}
    for one, other in combinations(range(len(values)), 2):
        high, low = (one, other) if values[one] > values[other] else (other, one)
        pairs.setdefault(values[high] - values[low], []).append((high, low))
    offered = a.draw.sample(sorted(pairs), a.count)
    high, low = a.draw.pick(pairs[offered[0]])
    return a.offer(offered[0], offered, one=a.chart.groups[high], other=a.chart.groups[low], series=name)


def _ask_above(a: _Asking) -> Question:
    """Ask how many values of a series, all of them even, lie above an odd number."""
    name, values = a.pick_series()
    offered = draw_range(a.draw, 0, len(values), a.count)
    number = a.draw.pick(offered)
    fitting = [n for n in range(1, a.chart.top, 2) if sum(value > n for value in values) == number]
    return a.offer(number, offered, limit=a.draw.pick(fitting), series=name)


ASK: Mapping[str, Callable[[_Asking], Question]] = {
    "highest": _ask_extreme,
    "lowest": _ask_extreme,
    "second": _ask_extreme,
    "value": _ask_value,
    "share": _ask_value,
    "compare": _ask_compare,
    "compare_series": _ask_compare_series,
    "trend": _ask_trend,
    "difference": _ask_difference,
    "above": _ask_above,
}
