"""A forest plot by matplotlib: the differences from the baseline with their intervals and the margin.

matplotlib (the extra ``plot``) is imported when something is drawn.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from fairtrial.analysis.verdicts import Verdict
from fairtrial.errors import FairtrialError, MissingExtraError, UnknownNameError
from fairtrial.pages.showing import make_inline
from fairtrial.report import words
from fairtrial.report.notebook import COLOURS
from fairtrial.report.summary import Summary

ROW = 0.42
"""Inches of a row."""

WIDTH = 8.0
"""Inches of a figure."""


def draw_forest(summary: Summary, measure: str = "", ax: Any = None) -> Any:
    """Draw verdicts as a forest plot and return matplotlib's Figure; a panel for each unit.

    Args:
        summary: of the trial.
        measure: the one to draw; by default each task's main measure.
        ax: Axes to draw on; new ones unless given.

    Raises:
        MissingExtraError: matplotlib is not installed.
        UnknownNameError: no verdict is about that measure.
        FairtrialError: there is nothing to draw; or measures of different units, for which one Axes is no place.
    """
    panels = group_verdicts(summary, measure)
    if ax is not None and len(panels) > 1:
        raise FairtrialError(
            f"the verdicts are about {', '.join(v[0].measure for v in panels)}, whose units differ: no axis fits all.",
            fix="Name one of them as the measure, or leave out `ax`.",
        )
    if ax is not None:
        _draw_panel(ax, panels[0], summary)
        return ax.figure
    try:
        pyplot = import_module("matplotlib.pyplot")
    except ImportError as error:
        raise MissingExtraError("Drawing plots (matplotlib)", "plot") from error
    heights = [1.2 + ROW * len(verdicts) for verdicts in panels]
    figure, axes = pyplot.subplots(
        len(panels), squeeze=False, figsize=(WIDTH, sum(heights)), height_ratios=heights, layout="constrained"
    )
    for place, verdicts in zip(axes[:, 0], panels, strict=True):
        _draw_panel(place, verdicts, summary)
    sure = words.format_coverage(summary.decide.confidence)
    axes[0, 0].set_title(
        _escape_formulas(f"{summary.name}: differences with {sure} intervals"), loc="left", fontsize=11
    )
    return figure


def _draw_panel(ax: Any, verdicts: Sequence[Verdict], summary: Summary) -> None:
    """Draw verdicts of one unit on Axes."""
    factor = 100.0 if verdicts[0].unit == "1" else 1.0
    reach = _find_reach(verdicts) * factor
    _draw_margins(ax, verdicts, factor)
    for at, verdict in enumerate(verdicts):
        colour = COLOURS[verdict.label]
        low, high = (max(-2 * reach, min(2 * reach, factor * end)) for end in (verdict.low, verdict.high))
        ax.plot([low, high], [at, at], color=colour, linewidth=2.5, solid_capstyle="butt")
        ax.plot([factor * verdict.difference], [at], "o", color=colour, markersize=6)
    ax.axvline(0, color="grey", linewidth=1)
    ax.set_xlim(-reach * 1.05, reach * 1.05)
    ax.set_ylim(len(verdicts) - 0.5, -0.5)
    ax.set_yticks(range(len(verdicts)), _name_rows(verdicts))
    kind = words.find_difference_unit(verdicts[0], summary.task(verdicts[0].task).measure(verdicts[0].measure))
    ax.set_xlabel(_escape_formulas(f"difference from {summary.baseline}{f', {kind}' if kind else ''}"))
    told = ax.secondary_yaxis("right")
    told.set_yticks(range(len(verdicts)), [f"{words.MARKS[v.label]} {v.label}" for v in verdicts])
    for side in ("top", "right", "left"):
        ax.spines[side].set_visible(False)
    told.spines["right"].set_visible(False)
    told.tick_params(length=0)
    ax.tick_params(axis="y", length=0)


def group_verdicts(summary: Summary, measure: str = "") -> list[list[Verdict]]:
    """Return the verdicts to draw, those of one unit together; see `draw_forest`."""
    if not summary.verdicts:
        raise FairtrialError(
            "there is nothing to draw: the trial has no verdicts.", fix="Compare two candidates or more."
        )
    known = list(dict.fromkeys(verdict.measure for verdict in summary.verdicts))
    if measure and measure not in known:
        raise UnknownNameError("measure", measure, known, fix=f"Of this trial: {', '.join(known)}.")
    mains = {task.name: task.main_measure for task in summary.tasks}
    found = [v for v in summary.verdicts if v.measure == (measure or mains[v.task])] or list(summary.verdicts)
    units = dict.fromkeys(
        (v.unit, words.find_difference_unit(v, summary.task(v.task).measure(v.measure))) for v in found
    )
    kinds = {(v.task, v.measure): words.find_difference_unit(v, summary.task(v.task).measure(v.measure)) for v in found}
    return [[v for v in found if (v.unit, kinds[v.task, v.measure]) == unit] for unit in units]


def _draw_margins(ax: Any, verdicts: Sequence[Verdict], factor: float) -> None:
    """Shade the margin of each row."""
    for at, verdict in enumerate(verdicts):
        margin = factor * verdict.margin
        ax.fill_betweenx([at - 0.5, at + 0.5], -margin, margin, color="grey", alpha=0.15, linewidth=0)


def _find_reach(verdicts: Sequence[Verdict]) -> float:
    """Return how far the axis reaches to either side: what is finite, and at least three margins."""
    ends = [abs(x) for v in verdicts for x in (v.low, v.high, v.difference, 3 * v.margin) if math.isfinite(x)]
    return max(ends, default=1.0) or 1.0


def _name_rows(verdicts: Sequence[Verdict]) -> list[str]:
    several = len({verdict.a for verdict in verdicts}) > 1
    measures = len({verdict.measure for verdict in verdicts}) > 1
    names = []
    for verdict in verdicts:
        parts = [verdict.task, *([verdict.measure] if measures else []), *([verdict.a] if several else [])]
        names.append(_escape_formulas(" · ".join(parts)))
    return names


def _escape_formulas(text: str) -> str:
    """Return text in which matplotlib sees no formula."""
    return make_inline(text).replace("$", r"\$")
