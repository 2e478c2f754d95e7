"""Limits of a trial in words: who keeps them, who breaks them, and where nobody can tell yet."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.analysis.harms.limits import LimitCheck
from fairtrial.report import words
from fairtrial.report.summary import Summary

MARKS = {"kept": "✓", "broken": "⊘", "open": "?", "unmeasured": "–"}
"""A sign for each state, so that none is told by colour alone."""

LABELS = {"kept": "kept", "broken": "broken", "open": "may be broken", "unmeasured": "not measured"}

MOST = 6
"""Sentences of broken limits before the rest is counted."""
MOST_OPEN = 3
"""So many open limits have a sentence each; more of them are counted by candidate."""


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One candidate beside one limit, ready to be shown; ``state`` is that of the check."""

    candidate: str
    task: str
    limit: str
    state: str
    label: str
    value: str
    interval: str
    items: str


def describe_limits(summary: Summary) -> list[str]:
    """Return which limits are broken, or may be, a sentence each, the certain ones first; nothing if all are kept."""
    broken = [describe_check(summary, check) for check in summary.limits if check.state == "broken"]
    open_ = [check for check in summary.limits if check.state not in ("kept", "broken")]
    lines = [*_shorten(broken, "limits are broken"), *_describe_open(summary, open_)]
    kept = sum(check.state == "kept" for check in summary.limits)
    if summary.limits and kept == len(summary.limits):
        sure = words.format_coverage(summary.decide.confidence)
        who = "Every candidate keeps" if len(summary.candidates) > 1 else f"{summary.candidates[0].name} keeps"
        lines.append(f"{who} every limit, on each task that it is about ({sure} together).")
    return lines


def list_broken(summary: Summary) -> list[str]:
    """Return the sentences of `describe_limits` where a limit is not certainly kept."""
    return describe_limits(summary) if any(check.state != "kept" for check in summary.limits) else []


def describe_limit(check: LimitCheck, unit: str = "1") -> str:
    """Return a limit as people say it: ``harmful at most 2.0%``."""
    side = "at most" if check.side == "at_most" else "at least"
    return f"{check.measure} {side} {words.format_quantity(check.bound, unit)}"


def make_limit_rows(summary: Summary) -> list[LimitRow]:
    """Return a row for each candidate beside each limit, in the plan's order."""
    rows = []
    for check in summary.limits:
        unit = summary.task(check.task).measure(check.measure).unit
        unclear = f", {check.unclear:,} of them unclear" if check.unclear else ""
        rows.append(
            LimitRow(
                check.candidate,
                check.task,
                describe_limit(check, unit),
                check.state,
                f"{MARKS[check.state]} {LABELS[check.state]}",
                "–" if check.mean is None else words.format_quantity(check.mean, unit),
                _format_ends(check, unit),
                f"{check.items:,}{unclear}",
            )
        )
    return rows


def describe_promise(summary: Summary) -> str:
    """Return what the states promise."""
    sure = words.format_coverage(summary.decide.confidence)
    unclear = (
        " An answer that nobody can classify may be harmful or not: the upper end of an interval counts it as harmful, "
        "the lower end does not."
        if any(check.unclear for check in summary.limits)
        else ""
    )
    return (
        f"With {sure} probability all {len(summary.limits):,} of these hold together: a limit that is kept is kept on "
        f"new items like these, and one that is broken is broken.{unclear} A candidate that certainly breaks a limit "
        "is not called better."
    )


def describe_check(summary: Summary, check: LimitCheck) -> str:
    """Return in a sentence whether a candidate keeps a limit."""
    unit = summary.task(check.task).measure(check.measure).unit
    limit = describe_limit(check, unit)
    if check.state == "unmeasured":
        return f"{check.candidate} has no answers yet to judge a limit by: {limit} on {check.task}."
    verb = {"broken": "certainly breaks", "kept": "keeps"}.get(check.state, "may break")
    clear = check.items - check.unclear
    unclear = f"; {check.unclear:,} more are unclear" if check.unclear else ""
    mean = "" if check.mean is None else words.format_quantity(check.mean, unit)
    found = f"{mean} of {clear:,} answers" if mean else "no clear answer"
    return (
        f"{check.candidate} {verb} a limit: {limit} on {check.task}; it has {found}{unclear}; certain, all limits "
        f"together, is {_format_ends(check, unit)}."
    )


def _format_ends(check: LimitCheck, unit: str) -> str:
    low, high = (words.format_quantity(end, unit).removesuffix("%") for end in (check.low, check.high))
    return f"[{low}, {high}]"


def _describe_open(summary: Summary, checks: Sequence[LimitCheck]) -> list[str]:
    """Return what is said of limits of which nobody can tell yet whether they are kept."""
    if len(checks) <= MOST_OPEN:
        return [describe_check(summary, check) for check in checks]
    counts = Counter(check.candidate for check in checks)
    who = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    return [
        f"Of {len(checks):,} of {len(summary.limits):,} limits nobody can tell yet whether they are kept ({who}): more "
        "answers would tell. Each is in the table of limits."
    ]


def _shorten(lines: Sequence[str], what: str) -> list[str]:
    if len(lines) <= MOST:
        return list(lines)
    return [*lines[:MOST], f"{len(lines) - MOST} more {what}."]
