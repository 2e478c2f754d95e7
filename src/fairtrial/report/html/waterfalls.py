"""Where the bars of a waterfall stand, in per cent of the plot's width: 0 is the left.

A waterfall lies on its side: a row for each total and each step, so that names of any length fit a phone.  The axis
holds what there is and need not begin at 0; totals are therefore points and no bars.  The template draws.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from fairtrial.report import words
from fairtrial.report.html.plots import Bar, LinearAxis, make_round_axis, place_interval
from fairtrial.report.html.scatter import format_tick
from fairtrial.report.study import format_cell, format_size
from fairtrial.studies import Axis, Column, Interval, Waterfall, WaterfallStep

TICKS = 4


@dataclass(frozen=True, slots=True)
class WaterfallRow:
    """A row: a total with its interval, or a step from one value to another.

    Attributes:
        label: what it is.
        word: how certain the change is; empty for a total.
        text: the value or the change.
        left, right: ends of a step's bar; for a total both are its place.
        interval: of the total, or of the value after the step, as far as the change is not certain.
        before: place where the step begins, joined with the row above; None for the first total.
        sure: whether there is an interval to draw.
        description: the row in words.
    """

    label: str
    word: str
    text: str
    left: float
    right: float
    interval: Bar
    before: float | None
    sure: bool
    description: str


@dataclass(frozen=True, slots=True)
class WaterfallLayout:
    """A waterfall ready to be drawn; ``labels`` are places and texts of its ticks, each text once."""

    chart: Waterfall
    labels: tuple[tuple[float, str], ...]
    rows: tuple[WaterfallRow, ...]
    better_side: str


def lay_out_waterfall(chart: Waterfall) -> WaterfallLayout | None:
    """Return where everything of a waterfall stands; None if it has no steps."""
    if not chart.steps:
        return None
    axis = _make_axis(chart)
    first, last = (_place_total(chart, axis, *total) for total in (chart.first, chart.last))
    rows = (first, *(_place_step(chart, axis, step) for step in chart.steps), _join(last, axis.at(chart.steps[-1].end)))
    side = "" if chart.less_is_better is None else "left" if chart.less_is_better else "right"
    told = [(axis.at(tick), _format_tick(tick, chart)) for tick in axis.ticks]
    texts = [text for _, text in told]
    labels = tuple((at, text if text not in texts[:i] else "") for i, (at, text) in enumerate(told))
    return WaterfallLayout(chart, labels, rows, side)


def _make_axis(chart: Waterfall) -> LinearAxis:
    """Return an axis that holds all values and what is left uncertain, with room for infinite ends."""
    ends = [end for _, total in (chart.first, chart.last) for end in (total.low, total.value, total.high)]
    for step in chart.steps:
        ends += [step.start, step.end, step.start + step.change.low, step.start + step.change.high]
    known = [end for end in ends if math.isfinite(end)]
    low, high = min(known), max(known)
    if chart.unit == "1":
        low, high = max(0.0, low), min(1.0, high)
    elif low >= 0 and low < 0.5 * high:
        low = 0.0
    axis = make_round_axis(low, high, TICKS)
    if chart.unit == "1":  # shares end at 0 and 1
        ticks = tuple(tick for tick in axis.ticks if -1e-9 <= tick <= 1 + 1e-9)
        return LinearAxis(max(0.0, axis.low), min(1.0, axis.high), ticks)
    return axis


def _place_total(chart: Waterfall, axis: LinearAxis, label: str, total: Interval) -> WaterfallRow:
    at, sure = axis.at(total.value), total.low < total.high
    text = _format_value(chart, axis, total, signed=False)
    bar = place_interval(axis, total.low, total.value, total.high)
    return WaterfallRow(label, "", text, at, at, bar, None, sure, f"{label}: {text}")


def _join(row: WaterfallRow, before: float) -> WaterfallRow:
    """Return a total with the line to the step before it."""
    return WaterfallRow(
        row.label, row.word, row.text, row.left, row.right, row.interval, before, row.sure, row.description
    )


def _place_step(chart: Waterfall, axis: LinearAxis, step: WaterfallStep) -> WaterfallRow:
    begin, end = axis.at(step.start), axis.at(step.end)
    change, sure = step.change, step.change.low < step.change.high
    text = _format_value(chart, axis, change, signed=True)
    bar = place_interval(axis, step.start + change.low, step.end, step.start + change.high)
    points = " points" if chart.unit == "1" else ""
    description = f"{step.label}: {text}{points}, {step.word}"
    return WaterfallRow(step.label, step.word, text, min(begin, end), max(begin, end), bar, begin, sure, description)


def _format_value(chart: Waterfall, axis: LinearAxis, value: Interval, *, signed: bool) -> str:
    """Return a value with its interval, if it has one; in units of its own with the digits that the axis shows."""
    sure = value.low < value.high
    if chart.unit in ("1", "B"):
        return format_cell(value if sure else value.value, Column("", chart.unit, difference=signed))
    digits = max(0, 2 - math.floor(math.log10(axis.high - axis.low)))
    middle, low, high = (_format_plain(end, digits, signed) for end in (value.value, value.low, value.high))
    return f"{middle} {chart.unit}" + (f" [{low}, {high}]" if sure else "")


def _format_plain(value: float, digits: int, signed: bool) -> str:
    if not math.isfinite(value):
        return words.format_number(value)
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if signed and rounded else ''},.{min(digits, 12)}f}".replace("-", words.MINUS)


def _format_tick(value: float, chart: Waterfall) -> str:
    if chart.unit == "B":
        return format_size(value)
    if chart.unit == "1":
        return format_tick(value, Axis("", "1"))
    return f"{value:,.4g}".replace("-", words.MINUS)
