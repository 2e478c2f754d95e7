"""A trial on one picture for a slide: the outcome in words, and every difference with its interval.

16 to 9, readable from the back of a room.  Drawn with matplotlib (extra ``plot``), which is loaded only here.
"""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairtrial.analysis.doubts import DOUBTFUL
from fairtrial.analysis.verdicts import Verdict
from fairtrial.errors import FairtrialError, MissingExtraError, SpecError
from fairtrial.pages.showing import make_inline
from fairtrial.report.best import describe_best
from fairtrial.report.summary import Summary
from fairtrial.report.words import (
    MARKS,
    count_tasks,
    describe_outcome,
    find_trained,
    format_coverage,
    format_difference,
    format_quantity,
    format_tick,
    is_doubtful,
    list_headline_doubts,
)

SUFFIXES = (".png", ".svg")
WIDTH, HEIGHT, DPI = 12.8, 7.2, 150
"""Inches, and pixels an inch: 1,920 x 1,080 pixels."""

MOST_ROWS = 14
"""Differences that one picture shows."""

LONGEST = 30
"""Characters of a name before it is shortened in its middle."""


@dataclass(frozen=True, slots=True)
class Palette:
    """Colours of one look; verdicts differ in sign and shade too, so that none is told by hue alone."""

    ground: str
    ink: str
    faint: str
    band: str
    verdicts: Mapping[str, str]


LIGHT = Palette(
    "#ffffff", "#1a1d21", "#5c6570", "#e9edf1",
    {"better": "#0a6e4f", "worse": "#b3261e", "tied": "#35506b", "not worse": "#35506b", "different": "#7a4fa3",
     "barred": "#b3261e"},
)  # fmt: skip
DARK = Palette(
    "#15181c", "#f1f3f5", "#a3acb6", "#2a3037",
    {"better": "#5fd0a5", "worse": "#ff8a80", "tied": "#9dbcdc", "not worse": "#9dbcdc", "different": "#c9a4ec",
     "barred": "#ff8a80"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of the plot."""

    name: str
    value: float
    low: float
    high: float
    label: str
    told: str
    word: str = ""
    scores: str = ""


def write_card(summary: Summary, path: Path, dark: bool = False) -> Path:
    """Write the picture and return its path.

    Raises SpecError for a name that ends neither in .png nor .svg, MissingExtraError without matplotlib.
    """
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise SpecError(f"a card is written as .png or .svg; {path.name!r} is neither.", fix="Name it card.png.")
    try:
        import matplotlib
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Drawing a card", "plot") from error
    with matplotlib.rc_context(
        {"font.family": "DejaVu Sans", "svg.hashsalt": summary.trial_id, "text.parse_math": False}
    ):
        figure = Figure(figsize=(WIDTH, HEIGHT), dpi=DPI)
        _draw(figure, summary, DARK if dark else LIGHT)
        kept: dict[str, Any] = {"Date": None} if suffix == ".svg" else {"Software": None}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            figure.savefig(path, facecolor=figure.get_facecolor(), metadata=kept)
        except OSError as error:
            raise FairtrialError(f"{path} cannot be written: {error.strerror}.") from error
    return path


def _draw(figure: Any, summary: Summary, colours: Palette) -> None:
    """Put headline, plot and footer onto the figure."""
    figure.set_facecolor(colours.ground)
    figure.text(0.04, 0.955, _shorten(summary.name, 60), fontsize=13, color=colours.faint, va="top")
    headline = make_inline(_make_headline(summary))
    long = len(textwrap.wrap(headline, 66)) > 3
    lines = _wrap(headline, 88 if long else 66, 5 if long else 3)
    figure.text(
        0.04, 0.915, "\n".join(lines), fontsize=14.5 if long else 19, weight="bold", color=colours.ink, va="top",
        linespacing=1.25,
    )  # fmt: skip
    top = 0.875 - (0.04 if long else 0.052) * len(lines)
    doubts = list_headline_doubts(summary)
    rows, unit, left_out = _choose_rows(summary)
    free = top - 0.165 - min(0.1 + 0.05 * max(1, len(rows)), 0.42)
    notes = _list_footer(summary, doubts, max(2, int(free / 0.034) - 3))
    bottom = 0.085 + 0.034 * len(notes)
    if rows:
        room = top - bottom - 0.08
        height = min(room, 0.1 + 0.115 * len(rows))
        axes = figure.add_axes((0.31, bottom + 0.055 + 0.6 * (room - height), 0.37, max(0.2, height)))
        _plot(axes, rows, unit, summary, colours)
    notes += [left_out] if left_out else []
    for i, (note, is_doubt) in enumerate([(n, n.startswith(("! ", "  "))) for n in notes]):
        place = 0.04 + 0.034 * (len(notes) - 1 - i)
        weight = "bold" if is_doubt else "normal"
        ink = colours.verdicts["worse"] if is_doubt else colours.faint
        figure.text(0.04, place, make_inline(note), fontsize=10.5, color=ink, weight=weight, va="bottom")


def _make_headline(summary: Summary) -> str:
    """Return the outcome in a sentence: who is the best of several, who is better of two, else verdicts counted."""
    if summary.best:
        told = describe_best(summary)[-1]
        return f"{told[:1].upper()}{told[1:]}" if len(summary.best) > 1 else told
    if len(summary.verdicts) == 1:
        [one] = summary.verdicts
        words = {
            "better": f"{one.a} is better than {one.b} on {one.task}",
            "worse": f"{one.a} is worse than {one.b} on {one.task}",
            "different": f"{one.a} differs from {one.b} on {one.task}",
            "tied": f"{one.a} and {one.b} are tied on {one.task}",
            "not worse": f"{one.a} is not worse than {one.b} on {one.task}",
            "barred": f"{one.a} scores higher than {one.b} on {one.task} and breaks a limit: not called better",
        }
        told = words.get(one.label, f"{one.a} and {one.b} cannot be told apart on {one.task} yet")
        return f"{told}{_tell_doubt(summary, one)}."
    return describe_outcome(summary).split(". ")[0].rstrip(".") + "."


def _tell_doubt(summary: Summary, one: Verdict) -> str:
    """Return that a verdict is doubtful, and why; empty if it is not."""
    trained = [f"{d.candidate} was trained on {d.count:,} of {d.of:,} items" for d in find_trained(summary, one)]
    if trained:
        return f", doubtful: {' and '.join(trained)}"
    found = [d for d in summary.doubts if (d.kind, d.task, d.candidate) == (DOUBTFUL, one.task, one.a)]
    if not found:
        return ""
    side = {"better": one.b, "worse": one.a}.get(one.verdict, "one of them")
    return (
        f", doubtful: {found[0].count or 0:,} of {found[0].of or 0:,} answers of {side} count as wrong without having "
        "been read, or for their form only"
    )


def _wrap(text: str, width: int, most: int) -> list[str]:
    """Return text in at most so many lines; where that is too few, the last ends with an ellipsis."""
    lines = textwrap.wrap(text, width) or [""]
    return lines if len(lines) <= most else [*lines[: most - 1], lines[most - 1][: width - 1].rstrip() + "…"]


def _choose_rows(summary: Summary) -> tuple[list[_Row], str, str]:
    """Return what is plotted, its unit, and what had no room, in words.

    Differences of the unit that most have; of a trial without any, the scores.
    """
    if not summary.verdicts:
        scores = [e for e in summary.estimates if e.measure == summary.task(e.task).main_measure]
        unit = Counter(e.unit for e in scores).most_common(1)[0][0] if scores else "1"
        rows = [
            _Row(f"{e.task}  {e.candidate}", e.mean, e.low, e.high, "", format_quantity(e.mean, e.unit))
            for e in scores
            if e.unit == unit
        ]
        return rows[:MOST_ROWS], unit, _tell_left_out(len(scores), min(len(rows), MOST_ROWS), "scores")
    unit = Counter(v.unit for v in summary.verdicts).most_common(1)[0][0]
    own = [v for v in summary.verdicts if v.unit == unit]
    decided = sorted(own, key=lambda v: (v.label == "undecided", -abs(v.difference)))[:MOST_ROWS]
    kept = [v for v in own if v in decided]
    several = len({v.a for v in summary.verdicts}) > 1
    measures = len({v.measure for v in kept}) > 1 and len({(v.task, v.a) for v in kept}) < len(kept)
    rows = [_make_row(summary, v, several, measures) for v in kept]
    return rows, unit, _tell_left_out(len(summary.verdicts), len(rows), "comparisons")


def _tell_left_out(there: int, shown: int, what: str) -> str:
    return f"{shown} of {there} {what} are shown; the others are in the report." if shown < there else ""


def _make_row(summary: Summary, one: Verdict, several: bool, measures: bool) -> _Row:
    """Return one difference as a line."""
    parts = [_shorten(one.task, LONGEST)]
    parts += [_shorten(one.measure, 20)] if measures else []
    parts += [_shorten(one.a, LONGEST - 8 if measures else LONGEST)] if several else []
    doubtful = " (doubtful)" if is_doubtful(summary, one) else ""
    told = format_difference(one.difference, one.unit)
    means = {e.candidate: e.mean for e in summary.estimates if (e.task, e.measure) == (one.task, one.measure)}
    scores = [format_quantity(means[name], one.unit) for name in (one.b, one.a) if name in means]
    return _Row(
        "\n".join(parts), one.difference, one.low, one.high, one.label, told,
        f"{MARKS[one.label]} {one.label}{doubtful}", " → ".join(scores) if len(scores) == 2 else "",
    )  # fmt: skip


def _shorten(name: str, most: int) -> str:
    """Return a name with its middle left out where it is too long."""
    name = make_inline(name)
    keep = (most - 1) // 2
    return name if len(name) <= most else f"{name[: most - 1 - keep]}…{name[-keep:]}"


def _plot(axes: Any, rows: Sequence[_Row], unit: str, summary: Summary, colours: Palette) -> None:
    """Draw the intervals, the first row on top."""
    ends = [x for row in rows for x in (row.value, row.low, row.high) if math.isfinite(x)]
    margin = max((v.margin for v in summary.verdicts if v.unit == unit), default=0.0)
    of_differences = bool(summary.verdicts)
    if of_differences:
        ends += [0.0, -margin, margin]
    span = (max(ends) - min(ends)) or 1.0
    left, right = min(ends) - 0.06 * span, max(ends) + 0.06 * span
    axes.set_facecolor(colours.ground)
    axes.set_xlim(left, right)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    if of_differences:
        axes.axvspan(-margin, margin, color=colours.band, lw=0, zorder=0)
        axes.axvline(0, color=colours.faint, lw=1.2, zorder=1)
    size = min(14.0, 15.5 - 0.45 * len(rows))
    for at, row in enumerate(rows):
        ink = colours.verdicts.get(row.label, colours.ink)
        bounded = math.isfinite(row.low) and math.isfinite(row.high)
        ends_at = (row.low, row.high) if bounded else (left, right)
        style = "-" if bounded else ":"
        axes.plot(ends_at, (at, at), color=ink, lw=3, ls=style, solid_capstyle="butt", zorder=2)
        axes.plot([row.value], [at], "o", color=ink, ms=9, zorder=3)
        # labels stand outside the axes, in its own coordinates across and in rows down
        across = axes.get_yaxis_transform()
        axes.text(-0.03, at, row.name, transform=across, ha="right", va="center", fontsize=size, color=colours.ink,
                  linespacing=1.05)  # fmt: skip
        axes.text(1.03, at, row.told, transform=across, ha="left", va="center", fontsize=size, color=colours.ink,
                  weight="bold")  # fmt: skip
        axes.text(1.2, at, f"{row.word}\n" if row.scores else row.word, transform=across, ha="left", va="center",
                  fontsize=size, color=ink, linespacing=1.05)  # fmt: skip
        axes.text(1.2, at, f"\n{row.scores}" if row.scores else "", transform=across, ha="left", va="center",
                  fontsize=size - 2, color=colours.faint, linespacing=1.25)  # fmt: skip
    axes.set_yticks([])
    for side in ("left", "right", "top"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(colours.faint)
    axes.tick_params(axis="x", colors=colours.faint, labelsize=11)
    axes.locator_params(axis="x", nbins=7)
    ticks = [x for x in axes.get_xticks() if left <= x <= right]
    axes.set_xticks(ticks, [format_tick(x, unit) if of_differences else format_quantity(x, unit) for x in ticks])
    what = "points" if unit == "1" else unit
    label = f"difference from {_shorten(summary.baseline, 40)}{f' ({what})' if what else ''}"
    axes.set_xlabel(label if of_differences else "score", fontsize=11.5, color=colours.faint)


LINE = 118
"""Characters of a line below the plot."""


def _list_footer(summary: Summary, doubts: Sequence[str], room: int) -> list[str]:
    """Return the lines below the plot: what the intervals are, and what makes them doubtful.

    Doubts take at most ``room`` lines: the first as far as it goes, others where they fit whole.
    """
    items = sum(task.items_asked for task in summary.tasks)
    sure = format_coverage(summary.decide.confidence)
    margin = f"grey: tied within ±{100 * summary.decide.margin:g} points; " if summary.verdicts else ""
    tasks = count_tasks(summary.tasks)
    together = len(summary.verdicts) > 1
    held = "; verdicts are corrected for multiple comparisons" if together else ""
    lines = [f"{tasks}, {items:,} items; bars: {sure} intervals{held}; {margin}fairtrial, trial {summary.trial_id[:8]}"]
    if not summary.finished:
        lines.insert(0, "! The trial is not finished.")
    told: list[str] = []
    for i, doubt in enumerate(doubts):
        more = f" (and {len(doubts) - 1 - i} more)" if i < len(doubts) - 1 else ""
        own = textwrap.wrap(f"! {make_inline(doubt)}", LINE - len(more), subsequent_indent="  ")
        if told and len(told) + len(own) > room:
            break
        if len(own) > room:
            own = [*own[: room - 1], own[room - 1][: LINE - len(more) - 1].rstrip() + "…"]
        if told and i:
            told[-1] = told[-1].removesuffix(f" (and {len(doubts) - i} more)")
        told += [*own[:-1], own[-1] + more]
    return [*told, *lines]
