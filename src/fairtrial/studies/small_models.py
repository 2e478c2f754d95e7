"""Sizes and quantisations on one frontier: what does one more point of quality cost?

Quality is the mean of the tasks' main measures.  It is set against the file's size, energy, dollars and time, each by
itself; along each frontier every step is priced: what it costs more, over the points that it gains.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fairtrial.analysis.standings.frontiers import QUALITY, Tradeoff, TradeoffFinder
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import AxisRecord
from fairtrial.studies.base import Cell, Column, Findings, Interval, Table
from fairtrial.studies.frontiers import describe_frontier, label_axis, list_notes, make_charts, make_table

AGAINST = ("model_bytes", "joules", "joules_estimated", "usd", "seconds")
"""What quality is set against, as far as it was measured."""
WHOLE = ("model_bytes",)
UNTOLD = ("seconds",)
"""What has its tables and charts, and no sentences."""
UNITS = {"model_bytes": "MB", "joules": "J", "joules_estimated": "J (estimated)", "usd": "USD", "seconds": "s"}
SCALES = {"model_bytes": 1e-6}


@dataclass(frozen=True, slots=True)
class FrontierStep:
    """From one candidate of a frontier to the next dearer one.

    Attributes:
        cheaper, dearer: names.
        gain: points of quality, with the interval of the draws.
        more: what it costs more, in the unit of ``UNITS``.
        price: ``more`` for one point; None where the gain is not certain.
    """

    cheaper: str
    dearer: str
    gain: Interval
    more: Interval
    price: Interval | None


def study_small_models(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return what is known by now; see the module's docstring."""
    title = "What does one more point of quality cost?"
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    finder = TradeoffFinder(rows)
    tasks = finder.list_averaged()
    found = [
        (name, one) for name in AGAINST if (one := finder.find((QUALITY, _find_axis(rows, name)), tasks)) is not None
    ]
    if not tasks or not found:
        return Findings(title, ("No two candidates have answers and costs yet.",))
    priced = [(name, one, _find_steps(one, name, rows.confidence)) for name, one in found]
    return Findings(
        title,
        tuple(sentence for name, one, walk in priced for sentence in _describe_frontier(name, one, walk)),
        (
            *(make_table(one, rows.confidence) for _, one in found),
            *(_make_steps_table(name, one, walk) for name, one, walk in priced if walk),
        ),
        tuple(chart for _, one in found for chart in make_charts(one, rows.confidence)),
        tuple(
            dict.fromkeys([*(note for _, one in found for note in list_notes(one, finder)), *_describe_missing(found)])
        ),
    )


def _find_axis(rows: TrialValues, name: str) -> AxisRecord:
    """Return the axis of a cost."""
    if name in WHOLE:
        return AxisRecord(name, "whole", "B", less_is_better=True)
    measures = {m.name: m for task in rows.plan.tasks for m in task.card.measures}
    unit = measures[name].unit if name in measures else "1"
    return AxisRecord(name, "item", unit, less_is_better=True)


def _find_steps(one: Tradeoff, name: str, confidence: float) -> list[FrontierStep]:
    """Return the steps along a frontier, from the cheapest candidate on."""
    quality, cost = one.values
    scale = SCALES.get(name, 1.0)
    places = sorted(np.flatnonzero(one.found.on).tolist(), key=lambda at: float(cost.now[at]))
    found = []
    for a, b in itertools.pairwise(places):
        gained, paid = (x.drawn[:, b] - x.drawn[:, a] for x in (quality, cost))
        gain = _make_interval(100 * (quality.now[b] - quality.now[a]), 100 * gained, confidence)
        more = _make_interval(scale * (cost.now[b] - cost.now[a]), scale * paid, confidence)
        price = None
        if gain.low > 0:  # so that nearly all draws gain something; the others have no price
            drawn = np.divide(scale * paid, 100 * gained, out=np.full_like(gained, np.inf), where=gained > 0)
            price = _make_interval(more.value / gain.value, drawn, confidence)
        found.append(FrontierStep(one.names[a], one.names[b], gain, more, price))
    return found


def _make_interval(value: float, drawn: np.ndarray[Any, np.dtype[np.float64]], confidence: float) -> Interval:
    """Return a value with the middle of its draws."""
    low, high = np.quantile(drawn, [(1 - confidence) / 2, (1 + confidence) / 2])
    return Interval(float(value), float(low), float(high))


def _describe_frontier(name: str, one: Tradeoff, walk: Sequence[FrontierStep]) -> Iterator[str]:
    """Say who is on the frontier and what each step costs; who is dominated, by the file's size alone."""
    if name in UNTOLD:
        return
    sentences = list(describe_frontier(one))
    yield from sentences if name in WHOLE else sentences[:1]
    for step in walk:
        way = f"From {step.cheaper} to {step.dearer}"
        points = f"{step.gain.value:+.1f} points [{step.gain.low:+.1f}, {step.gain.high:+.1f}]"
        more = f"{_format_figure(step.more.value)} {UNITS[name]} more"
        if step.price is None:
            yield f"{way}: {points} for {more}; it is not certain that this gains anything."
        else:
            span = f"[{_format_figure(step.price.low)}, {_format_figure(step.price.high)}]"
            yield f"{way}: {points} for {more}; a point costs {_format_figure(step.price.value)} {UNITS[name]} {span}."


def _make_steps_table(name: str, one: Tradeoff, walk: Sequence[FrontierStep]) -> Table:
    """Return the steps of one frontier."""
    unit = UNITS[name]
    columns = (Column("step"), Column("points gained"), Column(f"more {unit}"), Column(f"{unit} per point"))
    rows: list[tuple[Cell, ...]] = [
        (f"{step.cheaper} to {step.dearer}", step.gain, _make_exact(step.more), step.price or "not certain")
        for step in walk
    ]
    return Table(f"One more point of quality, in {label_axis(one.axes[1])}", columns, tuple(rows))


def _make_exact(span: Interval) -> Cell:
    """Return a value without an interval where it has none."""
    return span.value if span.low == span.high else span


def _describe_missing(found: Sequence[tuple[str, Tradeoff]]) -> Iterator[str]:
    """Yield what was not measured for anybody."""
    there = {name for name, _ in found}
    if not there & {"joules", "joules_estimated"}:
        yield "Energy was not measured, and the trial file states no watts to estimate it from."
    if "usd" not in there:
        yield "No dollars: no candidate has a price, and the trial file states no price per hour of the machine."
    if "joules_estimated" in there and "joules" not in there:
        yield "Energy is estimated from processor time and stated watts, not measured."


def _format_figure(value: float) -> str:
    """Return a number with three significant digits."""
    if not math.isfinite(value):
        return "unbounded"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
