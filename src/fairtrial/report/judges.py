"""What a judge's numbers need beside them: how far people agree with it, and what its grades have cost."""

from __future__ import annotations

from fairtrial.analysis.judges import JudgeReport
from fairtrial.analysis.verdicts import Estimate
from fairtrial.report.summary import Summary
from fairtrial.spec.budget import UNITS

COSTS = (("tokens_in", "tokens read"), ("tokens_out", "tokens written"), ("usd", UNITS["usd"]), ("seconds", "s"))
"""Measures of a judge's cost that are told, in words."""


def describe_beside(summary: Summary, estimate: Estimate) -> str:
    """Return who gave a judged number and how far people agree with it; empty for numbers that no judge gave."""
    place = (estimate.task, estimate.measure)
    judge = next((one for one in summary.judges if place in one.uses), None)
    if judge is None:
        return ""
    found = judge.agreements.get(place)
    if found is None or found.same is None:
        return f"judged by {judge.name}, agreement with people unknown"
    low, high = round(100 * found.same.low), round(100 * found.same.high)
    return f"judged by {judge.name}, who agrees with people on {100 * found.same.mean:.0f}% [{low}, {high}]"


def describe_corrected(summary: Summary, estimate: Estimate) -> str:
    """Return what people would probably have graded, where a judge or rules graded; empty where nobody can tell."""
    place = (estimate.candidate, estimate.task, estimate.measure)
    found = next((one for one in summary.corrected if (one.candidate, one.task, one.measure) == place), None)
    if found is None:
        return ""
    whose = "errors of the judge" if found.by == "judge" else "errors of the rules"
    mean, low, high = (round(100 * value) for value in (found.mean, found.low, found.high))
    return f"corrected for {whose} on {found.graded:,} graded answers: {mean}% [{low}, {high}]"


def describe_costs(summary: Summary) -> list[str]:
    """Return what each judge's grades have cost, one sentence a judge; answers of earlier trials included."""
    return [_describe_judge(judge) for judge in summary.judges if judge.judged]


def _describe_judge(judge: JudgeReport) -> str:
    told = [f"{_format(judge.costs[name])} {words}" for name, words in COSTS if name in judge.costs]
    spent = f": {', '.join(told)}" if told else "; what that cost was not measured"
    return f"{judge.name} judged {judge.judged:,} answers{spent}."


def _format(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 or value == int(value) else f"{value:,.2g}"
