"""What a right answer costs, in sentences, as bars on a logarithmic axis, and as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.analysis.standings import Cost, RatioInterval
from fairtrial.report import words
from fairtrial.report.html.plots import Bar, LinearAxis, place_interval
from fairtrial.report.summary import Summary

NAMES = {
    "cpu_seconds": "processor seconds",
    "grams_co2e": "grams of CO2e",
    "grams_co2e_estimated": "estimated grams of CO2e",
    "joules_estimated": "estimated joules",
    "joules_gpu": "joules of the graphics processor",
    "tokens_in": "tokens read",
    "tokens_out": "tokens written",
    "tokens_reasoning": "tokens of reasoning",
    "usd": "US dollars",
}
"""What some measures are called in sentences; the others by their own names."""

TOLD = ("seconds", "usd", "joules", "joules_estimated")
"""Costs that get a sentence for each candidate; the others have their figures only."""


@dataclass(frozen=True, slots=True)
class CostRow:
    """One candidate on one task, on the axis of multiples of the baseline."""

    cost: Cost
    bar: Bar
    text: str
    description: str


@dataclass(frozen=True, slots=True)
class CostFigure:
    """One cost: the multiples of the baseline's with a logarithmic axis, and all values.

    Attributes:
        name: what is paid, in words.
        labels: position and text of the ticks.
        one: position of "as expensive as the baseline".
        rows: the bars; empty where nothing can be compared.
        costs: all values.
    """

    name: str
    labels: tuple[tuple[float, str], ...]
    one: float
    rows: tuple[CostRow, ...]
    costs: tuple[Cost, ...]

    @property
    def title(self) -> str:
        """The name with a capital letter."""
        return self.name[:1].upper() + self.name[1:]


def _name_cost(measure: str) -> str:
    """Return what a measure is called in a sentence."""
    return NAMES.get(measure, measure.replace("_", " "))


def describe_costs(summary: Summary) -> list[str]:
    """Return, for each candidate and the main costs, how it compares with the baseline over all tasks."""
    found = summary.standings.costs
    lines = []
    for measure in [name for name in TOLD if any(cost.measure == name for cost in found)]:
        for name in summary.standings.candidates:
            spans = [s for c in found if (c.measure, c.candidate) == (measure, name) and (s := c.times_per_correct)]
            if spans:
                lines.append(_describe_cost(summary, measure, name, spans))
    return lines


def _describe_cost(summary: Summary, measure: str, name: str, spans: Sequence[RatioInterval]) -> str:
    """Return one candidate's cost per right answer against the baseline's."""
    low, high = min(s.value for s in spans), max(s.value for s in spans)
    spread = (
        _format_times(low)
        if len(spans) == 1 or _format_times(low) == _format_times(high)
        else f"{_format_multiple(low)} to {_format_times(high)}"
    )
    less, more = sum(s.high < 1 for s in spans), sum(s.low > 1 for s in spans)
    if len(spans) == 1:
        certain = "certainly less" if less else "certainly more" if more else "not certainly less or more"
    else:
        parts = [f"less on {less}" if less else "", f"more on {more}" if more else ""]
        said = " and ".join(part for part in parts if part)
        certain = f"certainly {said} of {len(spans)} tasks" if said else "not certainly less or more on any task"
    return f"Per right answer, {name} takes {spread} the {_name_cost(measure)} of {summary.baseline}: {certain}."


def make_figures(summary: Summary) -> list[CostFigure]:
    """Return a figure for each cost."""
    found = summary.standings.costs
    return [
        _make_figure(summary, measure, [cost for cost in found if cost.measure == measure])
        for measure in dict.fromkeys(cost.measure for cost in found)
    ]


def _make_figure(summary: Summary, measure: str, costs: Sequence[Cost]) -> CostFigure:
    """Return the figure of one cost."""
    compared = [(cost, span) for cost in costs if (span := cost.times_per_correct)]
    ends = [x for _, s in compared for x in (s.low, s.high, s.value) if 0 < x < math.inf]
    axis, marks = make_log_axis(min([1.0, *ends]), max([1.0, *ends]))
    name = _name_cost(measure)
    rows = tuple(
        CostRow(
            cost,
            place_interval(axis, _take_logarithm(span.low), math.log(span.value), _take_logarithm(span.high)),
            f"{_format_times(span.value)} [{_format_multiple(span.low)}, {_format_multiple(span.high)}]",
            f"{cost.candidate} on {cost.task} takes {_format_times(span.value)} the {name} of {summary.baseline} per "
            f"right answer, interval {_format_multiple(span.low)} to {_format_multiple(span.high)}",
        )
        for cost, span in compared
    )
    labels = tuple((axis.at(math.log(mark)), f"{mark:g}×") for mark in marks)
    return CostFigure(name, labels, axis.at(0.0), rows, tuple(costs))


def list_efficiency_units(summary: Summary) -> list[str]:
    """Return the units of which something is bought, in words."""
    return list(dict.fromkeys(found.per for found in summary.standings.efficiency))


def list_efficiencies(summary: Summary) -> list[tuple[str, str, list[str]]]:
    """Return candidate, task, and what one of each unit buys, as text."""
    found = {(e.task, e.candidate, e.per): e.amount for e in summary.standings.efficiency}
    units = list_efficiency_units(summary)
    pairs = dict.fromkeys((task, candidate) for task, candidate, _ in found)
    return [(who, task, [_format_efficiency(found.get((task, who, unit))) for unit in units]) for task, who in pairs]


def _format_efficiency(amount: RatioInterval | None) -> str:
    """Return what a unit buys with its interval, or a dash."""
    if amount is None:
        return "–"
    return (
        f"{words.format_number(amount.value)} [{words.format_number(amount.low)}, {words.format_number(amount.high)}]"
    )


def make_log_axis(low: float, high: float) -> tuple[LinearAxis, list[float]]:
    """Return an axis of natural logarithms that holds both ends and 1, and round multiples in it as ticks.

    >>> log_axis(0.3, 1.0)[1]
    [0.2, 0.5, 1.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = [factor * 10.0**power for power in range(first - 1, last + 1) for factor in (1, 2, 5)]
    below = max([s for s in steps if s <= low * (1 + 1e-9)], default=low)
    above = min([s for s in steps if s >= high * (1 - 1e-9)], default=high)
    if below == above:
        below, above = below / 2, above * 2
    marks = [float(f"{s:.6g}") for s in [*steps, below, above] if below * (1 - 1e-9) <= s <= above * (1 + 1e-9)]
    marks = sorted(set(marks))
    if len(marks) > 7:
        marks = [m for m in marks if math.isclose(math.log10(m), round(math.log10(m)))]
    return LinearAxis(math.log(below), math.log(above), tuple(math.log(mark) for mark in marks)), marks


def _take_logarithm(value: float) -> float:
    """Return the logarithm of an end of an interval, which may be 0 or infinite."""
    return -math.inf if value <= 0 else math.log(value)


def _format_multiple(value: float) -> str:
    """Return a multiple with two significant digits or, from 10 on, without decimals."""
    return words.format_number(value, 2) if value < 100 else words.format_number(value, 3)


def _format_times(value: float) -> str:
    """Return a multiple: ``0.42×``."""
    return f"{_format_multiple(value) if value != 1 else '1'}×"


def format_cost(span: RatioInterval | None, unit: str) -> str:
    """Return a cost with its interval, or a dash."""
    if span is None:
        return "–"
    return (
        f"{words.format_quantity(span.value, unit)} [{words.format_number(span.low)}, {words.format_number(span.high)}]"
    )
