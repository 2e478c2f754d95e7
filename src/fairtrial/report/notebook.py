"""A trial as a notebook shows it: headline, doubts, verdicts and scores; no scripts, and colours for light and dark.

Text has the notebook's own colour, and signs stand beside the colours, so that none is told by colour alone.
"""

from __future__ import annotations

import html
from collections.abc import Sequence

from fairtrial.analysis.verdicts import Estimate, Verdict
from fairtrial.pages.showing import make_inline
from fairtrial.report import words
from fairtrial.report.harms.limits import describe_limits
from fairtrial.report.summary import Summary

COLOURS = {
    "better": "#2e9e5b",
    "worse": "#e0524a",
    "tied": "#2a94b8",
    "not worse": "#5b82e0",
    "different": "#b06ad1",
    "barred": "#e0524a",
    "undecided": "#b8860b",
}
"""Of the verdicts; each is legible on white and on black (contrast of 3 and more)."""

CELL = "text-align:left;vertical-align:top;padding:.2em .6em"
NUMBER = "text-align:right;vertical-align:top;white-space:nowrap;padding:.2em .6em"


def render_result(summary: Summary) -> str:
    """Return a trial as one piece of HTML; all that was written by others is escaped."""
    doubts = [f"<li>{_escape(text)}</li>" for text in words.list_headline_doubts(summary)]
    doubts = [f"<li><b>{_escape(text)}</b></li>" for text in describe_limits(summary)] + doubts
    warned = f"<ul style='margin:.3em 0'>{''.join(doubts)}</ul>" if doubts else ""
    return (
        f"<div><div style='font-weight:600'>{_escape(words.describe_outcome(summary))}</div>{warned}"
        f"{_render_verdicts(summary)}{_render_scores(summary)}"
        "<div style='opacity:.7;font-size:90%'>More: .frame(), .scores(), .items(), .plot(), .report(PATH)</div></div>"
    )


def _render_verdicts(summary: Summary) -> str:
    if not summary.verdicts:
        return ""
    sure = words.format_coverage(summary.decide.confidence)
    numbers = (f"difference from {summary.baseline}", f"{sure} interval", "fixed", "broke", "items")
    rows = [_make_verdict_cells(summary, verdict) for verdict in summary.verdicts]
    return _render_table("Verdicts", ("task", "measure", "candidate", "verdict"), numbers, rows)


def _make_verdict_cells(summary: Summary, verdict: Verdict) -> list[str]:
    low, high = (words.format_difference(end, verdict.unit) for end in (verdict.low, verdict.high))
    label = verdict.label
    doubtful = ", doubtful" if words.is_doubtful(summary, verdict) else ""
    unit = words.find_difference_unit(verdict, summary.task(verdict.task).measure(verdict.measure))
    flips = ["" if count is None else f"{count:,}" for count in (verdict.flips_to_right, verdict.flips_to_wrong)]
    return [
        *(_make_cell(name) for name in (verdict.task, verdict.measure, verdict.a)),
        f"<td style='{CELL};white-space:nowrap'><b style='color:{COLOURS[label]}'>{words.MARKS[label]} {label}</b>"
        f"{doubtful}</td>",
        _make_cell(f"{words.format_difference(verdict.difference, verdict.unit)} {unit}".rstrip(), NUMBER),
        _make_cell(f"{low} to {high}", NUMBER),
        *(_make_cell(text, NUMBER) for text in (*flips, f"{verdict.items_used:,}")),
    ]


def _render_scores(summary: Summary) -> str:
    names = [candidate.name for candidate in summary.candidates]
    rows = []
    for task in summary.tasks:
        found = words.select_estimates(summary, task)
        for measure in dict.fromkeys(estimate.measure for estimate in found):
            by_name = {e.candidate: e for e in found if e.measure == measure}
            cells = [_make_cell(task.name), _make_cell(measure)]
            for name in names:
                cells.append(_make_cell(_format_score(summary, by_name.get(name)), NUMBER))
            rows.append(cells)
    return _render_table("Scores", ("task", "measure"), names, rows) if rows else ""


def _format_score(summary: Summary, found: Estimate | None) -> str:
    if found is None:
        return "–"
    low, high = (words.format_quantity(end, found.unit).removesuffix("%") for end in (found.low, found.high))
    told = words.describe_misread(summary, found)
    return f"{words.format_quantity(found.mean, found.unit)} [{low}, {high}]{f' ({told})' if told else ''}"


def _render_table(caption: str, head: Sequence[str], numbers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    styled = [*((name, CELL) for name in head), *((name, NUMBER) for name in numbers)]
    columns = "".join(f"<th style='{style}'>{_escape(name)}</th>" for name, style in styled)
    body = "".join(f"<tr>{''.join(row)}</tr>" for row in rows)
    title = f"<caption style='text-align:left;font-weight:600;caption-side:top'>{caption}</caption>"
    return (
        f"<div style='overflow-x:auto'><table style='margin:.5em 0'>{title}<thead><tr>{columns}</tr></thead>"
        f"<tbody>{body}</tbody></table></div>"
    )


def _make_cell(text: str, style: str = CELL) -> str:
    return f"<td style='{style}'>{_escape(text)}</td>"


def _escape(text: object) -> str:
    return html.escape(make_inline(text))
