"""A gate and its trial as Markdown, for the summary of a pipeline's run (GitHub, GitLab and others show it).

The forest plot is text, since such summaries show no pictures that lie in a file.  All that was written by others is
escaped.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Sequence

from fairtrial.analysis.verdicts import Verdict
from fairtrial.pages.showing import make_inline
from fairtrial.report import words
from fairtrial.report.gate import ClaimCheck, Gate, is_failure, is_limit
from fairtrial.report.summary import Summary

WIDTH = 31
"""Characters of an interval; an odd number, so that 0 has a place in the middle."""

SPECIAL = re.compile(r"([\\`*_{}\[\]#|~!])")


def write_gate_markdown(summary: Summary, gate: Gate) -> str:
    """Return a gate as Markdown: the outcome, a row a claim with its interval, what is missing or doubtful, scores."""
    sign, outcome = ("✅", "passes") if gate.passed else ("❌", "fails")
    parts = [
        f"## {sign} {escape_markdown(summary.name)}: the gate {outcome}",
        escape_markdown(words.describe_outcome(summary)),
        _write_claims(summary, gate),
        *_write_list(
            "Limits", [f"{_mark(gate, check)} {check.text}" for check in gate.checks if is_limit(check)], False
        ),
        *_write_list("Missing", gate.missing, gate.allowed.missing),
        *_write_list("Doubtful", gate.doubts, gate.allowed.doubts),
        _write_scores(summary),
        f"<sub>fairtrial, trial {summary.trial_id[:12]}; compared with {escape_markdown(summary.baseline)}</sub>",
    ]
    return "\n\n".join(part for part in parts if part) + "\n\n"


def _write_claims(summary: Summary, gate: Gate) -> str:
    """Return a table with a row a claim."""
    found = {(v.a, v.task, v.measure): v for v in summary.verdicts}
    checks = [check for check in gate.checks if not is_limit(check)]
    shown = [found.get((check.candidate, check.task, check.measure)) for check in checks]
    reach: dict[str, float] = {}
    for verdict in (verdict for verdict in shown if verdict is not None):
        reach[verdict.unit] = max(reach.get(verdict.unit, 0.0), _find_reach(verdict))
    sure = words.format_coverage(summary.decide.confidence)
    head = ["", "candidate", "task", "verdict", f"difference [{sure} interval]", "−&nbsp;&nbsp;0&nbsp;&nbsp;+", "fixed"]
    rows = [_make_claim_row(summary, gate, check, verdict, reach) for check, verdict in zip(checks, shown, strict=True)]
    return _write_table([*head, "broke", "items"], rows, "llllrcrrr")


def _make_claim_row(
    summary: Summary, gate: Gate, check: ClaimCheck, verdict: Verdict | None, reach: dict[str, float]
) -> list[str]:
    mark = _mark(gate, check)
    main = check.measure == summary.task(check.task).main_measure
    task = escape_markdown(check.task if main else f"{check.task} · {check.measure}")
    names = [mark, escape_markdown(check.candidate), task]
    if verdict is None:
        return [*names, escape_markdown(check.text), "", "", "", "", ""]
    low, high = (words.format_difference(end, verdict.unit) for end in (verdict.low, verdict.high))
    unit = words.find_difference_unit(verdict, summary.task(verdict.task).measure(verdict.measure))
    flips = ["" if count is None else f"{count:,}" for count in (verdict.flips_to_right, verdict.flips_to_wrong)]
    difference = f"{words.format_difference(verdict.difference, verdict.unit)} [{low}, {high}] {unit}".rstrip()
    return [
        *names,
        f"{words.MARKS[verdict.label]} {verdict.label}",
        escape_markdown(difference),
        f"`{draw_interval(verdict, reach[verdict.unit])}`",
        *flips,
        f"{verdict.items_used:,}",
    ]


def draw_interval(verdict: Verdict, reach: float) -> str:
    """Return an interval as text: ``━`` the interval, ``●`` the difference, ``│`` zero, ``┊`` the ends of the margin.

    ``◀`` and ``▶`` say that it goes on.
    """
    middle = WIDTH // 2

    def place(value: float) -> int:
        return middle + round(max(-1.0, min(1.0, value / reach)) * middle)

    cells = ["·"] * WIDTH
    for end in (-verdict.margin, verdict.margin):
        cells[place(end)] = "┊"
    cells[middle] = "│"
    for at in range(place(verdict.low), place(verdict.high) + 1):
        cells[at] = "━" if cells[at] == "·" else "┿" if at == middle else "╋"
    if verdict.low < -reach:
        cells[0] = "◀"
    if verdict.high > reach:
        cells[-1] = "▶"
    cells[place(verdict.difference)] = "●"
    return "".join(cells)


def _find_reach(verdict: Verdict) -> float:
    """Return how far the axis of a verdict reaches to either side."""
    ends = (verdict.low, verdict.high, verdict.difference, 2 * verdict.margin)
    return max((abs(end) for end in ends if math.isfinite(end)), default=1.0) or 1.0


def _mark(gate: Gate, check: ClaimCheck) -> str:
    return "❌" if is_failure(check, gate.allowed.undecided) else "✅" if check.outcome == "holds" else "⚠️"


def _write_list(title: str, texts: Sequence[str], allowed: bool) -> list[str]:
    """Return a heading and the texts as a list; nothing if there are none."""
    if not texts:
        return []
    head = f"**{title}{', and allowed' if allowed else ''}**"
    return [head, "\n".join(f"- {escape_markdown(text)}" for text in texts)]


def _write_scores(summary: Summary) -> str:
    """Return the scores of the main measures behind a fold."""
    names = [candidate.name for candidate in summary.candidates]
    rows = []
    for task in summary.tasks:
        by_name = {e.candidate: e for e in summary.estimates if (e.task, e.measure) == (task.name, task.main_measure)}
        cells = [escape_markdown(task.name)]
        for name in names:
            found = by_name.get(name)
            if found is None:
                cells.append("–")
                continue
            ends = [words.format_quantity(end, found.unit).removesuffix("%") for end in (found.low, found.high)]
            score = f"{words.format_quantity(found.mean, found.unit)} [{', '.join(ends)}]"
            cells.append(escape_markdown(score))
        rows.append(cells)
    if all(cell == "–" for row in rows for cell in row[1:]):
        return ""
    table = _write_table(["task", *map(escape_markdown, names)], rows, "l" + "r" * len(names))
    return f"<details><summary>Scores</summary>\n\n{table}\n\n</details>"


def _write_table(head: Sequence[str], rows: Sequence[Sequence[str]], align: str) -> str:
    rule = {"l": ":--", "r": "--:", "c": ":-:"}
    lines = [head, [rule[side] for side in align], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def escape_markdown(text: object) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return SPECIAL.sub(r"\\\1", html.escape(make_inline(text), quote=False))
