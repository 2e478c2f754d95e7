"""How much answers change between repeats, as rows and sentences.  Knows no HTML and no terminal."""

from __future__ import annotations

from fairtrial.analysis.repeats import RepeatSpread
from fairtrial.report import words
from fairtrial.report.summary import Summary

COLUMNS = ("task", "candidate", "repeats", "answers vary", "grades vary", "scores", "sd")


def make_repeat_rows(summary: Summary) -> list[tuple[str, ...]]:
    """Return one row a candidate, task and measure; see `COLUMNS`."""
    return [
        (
            f"{one.task} · {one.measure}" if len(summary.task(one.task).measures) > 1 else one.task,
            one.candidate,
            f"{one.repeats:,}",
            words.format_quantity(one.changing_answers, "1"),
            words.format_quantity(one.changing_values, "1"),
            f"{words.format_quantity(min(one.means), one.unit)} to {words.format_quantity(max(one.means), one.unit)}",
            words.format_difference(one.sd, one.unit, signed=False),
        )
        for one in summary.repeats
    ]


def describe_repeats(summary: Summary) -> list[str]:
    """Return what must be known about the spread between repeats."""
    found = summary.repeats
    if not found:
        return []
    points = " (points)" if all(one.unit == "1" for one in found) else ""
    said = [
        "Each item was asked several times. Answers and grades vary: share of the items with more than one text, and "
        f"with more than one grade. The sd{points} is the standard deviation of the scores of whole repeats: what "
        "running the same again moves a score by; the intervals above account for it and for the choice of items."
    ]
    greedy = sorted({one.candidate for one in found if not one.sampled and not _has_changes(one)})
    if greedy:
        who = "answers" if len(greedy) == 1 else "answer"
        said.append(f"{', '.join(greedy)} {who} greedily (temperature 0), so all repeats are one and the same answer.")
    return said


def _has_changes(one: RepeatSpread) -> bool:
    return one.changing_answers > 0 or one.changing_values > 0
