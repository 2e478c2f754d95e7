"""Draws charts: bars upright and sideways, groups of bars, lines, pies.  Knows nothing of questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.tasks.pictures.canvas import COLOURS, FAINT, INK, WHITE, Canvas, measure_text


@dataclass(frozen=True, slots=True)
class ChartContent:
    """What a chart shows.

    Attributes:
        kind: how it is drawn, a key of `DRAWN`.
        groups: what stands along the axis, or the slices of a pie: names of colours where ``kind`` is bar or pie.
        colours: of the groups where there is one series of bars or slices with a colour each, else of the series.
        series: names of the series, which are their colours; one empty name where there is one only.
        values: one row a series, as long as ``groups``.
        top: end of the axis, which begins with 0.
        mark: distance of the numbers at the axis.
        title: stands above; empty for none.
    """

    kind: str
    groups: tuple[str, ...]
    colours: tuple[str, ...]
    series: tuple[str, ...]
    values: tuple[tuple[int, ...], ...]
    top: int
    mark: int
    title: str = ""

    def describe(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "groups": list(self.groups),
            "colours": list(self.colours),
            "series": list(self.series),
            "values": [list(row) for row in self.values],
            "top": self.top,
        }


@dataclass(frozen=True, slots=True)
class Frame:
    """The area between the axes, in pixels, and the size of letters beside it."""

    left: int
    top: int
    right: int
    bottom: int
    letters: int


def draw_chart(on: Canvas, chart: ChartContent) -> None:
    """Draw a chart over the whole canvas."""
    DRAWN[chart.kind](on, chart)


def frame_chart(on: Canvas, widest: str, labelled: bool, above: int) -> Frame:
    """Return the area that numbers as wide as ``widest``, labels below and lines above leave."""
    if on.width <= 112:
        return Frame(17, 8, on.width - 4, on.height - 6, 9)
    letters = 11 if on.width < 300 else 12
    left = 9 + round(measure_text(widest, letters))
    return Frame(left, 9 + above, on.width - 8, on.height - (8 + letters if labelled else 8), letters)


def _write_above(on: Canvas, chart: ChartContent, legend: Mapping[str, str]) -> int:
    """Write the title and the names of colours above a chart; return the height that they take."""
    height = 0
    if chart.title:
        on.write(chart.title, (on.width / 2, 10), 13)
        height = 20
    if legend:
        x = 12.0
        for name, colour in legend.items():
            wide = 14 + measure_text(name, 12)
            if x + wide > on.width - 6:
                x, height = 12.0, height + 17
            on.box(x, height + 6, x + 9, height + 15, COLOURS[colour])
            on.write(name, (x + 13, height + 11), 12, "lm")
            x += wide + 14
        height += 18
    return height


def draw_axis(on: Canvas, frame: Frame, top: int, mark: int, lines: int) -> None:
    """Draw an upright axis from 0 to ``top``: a number every ``mark``, a faint line every ``lines``."""
    unit = (frame.bottom - frame.top) / top
    for value in range(0, top + 1, lines):
        y = frame.bottom - value * unit
        on.line((frame.left, y), (frame.right, y), fill=FAINT)
        if value % mark == 0:
            on.write(str(value), (frame.left - 3, y), frame.letters, "rm")
    on.line((frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom), fill=INK)


def _draw_bars(on: Canvas, chart: ChartContent) -> None:
    """Draw bars side by side, in groups if there are several series."""
    labelled, many = chart.kind != "bar", len(chart.series) > 1
    legend = {name: name for name in chart.series} if many else {}
    frame = frame_chart(on, str(chart.top), labelled, _write_above(on, chart, legend))
    draw_axis(on, frame, chart.top, chart.mark, 1 if chart.kind == "bar" else chart.mark // 2)
    unit = (frame.bottom - frame.top) / chart.top
    wide = (frame.right - frame.left) / len(chart.groups)
    share = (0.64 if not many else 0.8) / len(chart.series)
    for place, group in enumerate(chart.groups):
        start = frame.left + place * wide
        for number, row in enumerate(chart.values):
            colour = chart.colours[place if chart.kind == "bar" else number]
            left = start + wide * ((1 - share * len(chart.series)) / 2 + number * share)
            right = left + wide * share - (2 if many else 0)
            on.box(left, frame.bottom - row[place] * unit, right, frame.bottom, COLOURS[colour])
        if labelled:
            on.write(group, (start + wide / 2, frame.bottom + 3), frame.letters, "ma")
    on.line((frame.left, frame.bottom), (frame.right, frame.bottom), fill=INK)


def _draw_sideways(on: Canvas, chart: ChartContent) -> None:
    """Draw bars that grow to the right."""
    longest = max(chart.groups, key=lambda name: measure_text(name, 12))
    frame = frame_chart(on, longest, True, _write_above(on, chart, {}))
    unit = (frame.right - 6 - frame.left) / chart.top
    for value in range(0, chart.top + 1, chart.mark // 2):
        x = frame.left + value * unit
        on.line((x, frame.top), (x, frame.bottom), fill=FAINT)
        if value % chart.mark == 0:
            on.write(str(value), (x, frame.bottom + 3), frame.letters, "ma")
    high = (frame.bottom - frame.top) / len(chart.groups)
    for place, group in enumerate(chart.groups):
        start = frame.top + place * high
        right = frame.left + chart.values[0][place] * unit
        on.box(frame.left, start + high * 0.2, right, start + high * 0.8, COLOURS[chart.colours[0]])
        on.write(group, (frame.left - 4, start + high / 2), frame.letters, "rm")
    on.line((frame.left, frame.top), (frame.left, frame.bottom), (frame.right, frame.bottom), fill=INK)


def _draw_lines(on: Canvas, chart: ChartContent) -> None:
    """Draw one line a series, with a dot at each value."""
    legend = {name: name for name in chart.series} if len(chart.series) > 1 else {}
    frame = frame_chart(on, str(chart.top), True, _write_above(on, chart, legend))
    draw_axis(on, frame, chart.top, chart.mark, chart.mark // 2)
    unit = (frame.bottom - frame.top) / chart.top
    wide = (frame.right - frame.left) / len(chart.groups)
    across = [frame.left + (place + 0.5) * wide for place in range(len(chart.groups))]
    for x, group in zip(across, chart.groups, strict=True):
        on.line((x, frame.bottom), (x, frame.bottom + 2))
        on.write(group, (x, frame.bottom + 3), frame.letters, "ma")
    for row, colour in zip(chart.values, chart.colours, strict=True):
        points = [(x, frame.bottom - value * unit) for x, value in zip(across, row, strict=True)]
        on.line(*points, fill=COLOURS[colour], width=2)
        for x, y in points:
            on.pen.ellipse((round(x) - 3, round(y) - 3, round(x) + 3, round(y) + 3), fill=COLOURS[colour])


def _draw_pie(on: Canvas, chart: ChartContent) -> None:
    """Draw a pie whose slices begin at the top and go clockwise, parted by white lines."""
    legend = dict(zip(chart.groups, chart.colours, strict=True)) if chart.kind == "legend_pie" else {}
    above = _write_above(on, chart, legend)
    radius = min(on.width, on.height - above) // 2 - 12
    x, y = on.width // 2, above + (on.height - above) // 2
    ends = _add_up(chart.values[0])
    around = (x - radius, y - radius, x + radius, y + radius)
    for first, last, colour in zip([0, *ends], ends, chart.colours, strict=False):
        on.pen.pieslice(around, first * 3.6 - 90, last * 3.6 - 90, fill=COLOURS[colour], outline=WHITE, width=2)


def _add_up(values: Sequence[int]) -> list[int]:
    return [sum(values[: place + 1]) for place in range(len(values))]


DRAWN: Mapping[str, Callable[[Canvas, ChartContent], None]] = {
    "bar": _draw_bars,
    "labelled": _draw_bars,
    "pairs": _draw_bars,
    "clusters": _draw_bars,
    "sideways": _draw_sideways,
    "line": _draw_lines,
    "lines": _draw_lines,
    "pie": _draw_pie,
    "legend_pie": _draw_pie,
}
