"""Which candidate is the best, in sentences and rows.  Knows no HTML and no terminal."""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.analysis.best import BestOnTask, Contender, PairResult
from fairtrial.report import words
from fairtrial.report.summary import Summary

MOST = 8
"""Candidates that a sentence names; of more, the number."""


def describe_best(summary: Summary) -> list[str]:
    """Return the answers to "which of these is best?", one sentence a task; then what holds on all tasks."""
    lines = [f"{_name_task(summary, found)}: {_describe_task(found)}" for found in summary.best]
    if len(summary.best) > 1:
        lines.append(_describe_all_tasks(summary.best))
    return lines


def _name_task(summary: Summary, found: BestOnTask) -> str:
    several = len(summary.task(found.task).measures) > 1
    return f"{found.task} ({found.measure})" if several else found.task


def _describe_task(found: BestOnTask) -> str:
    """Return one task's answer."""
    others = len(found.candidates) - 1
    told = _describe_place(found, others)
    if not found.barred:
        return told
    return f"{told} {_join_and(found.barred)} certainly {'breaks' if len(found.barred) == 1 else 'break'} a limit."


def _describe_place(found: BestOnTask, others: int) -> str:
    """Return who is the best, or may be, apart from limits."""
    if found.best is not None:
        return f"{found.best} is the best, better than each of the {others} others{_describe_doubts(found)}."
    close = _describe_close(found)
    needed = ""
    if found.items_needed is not None and others > 1:  # of two, the verdict tells it
        needed = f" About {found.items_needed:,} more items would probably tell."
    if len(found.contenders) == len(found.candidates):
        ahead = f" {found.leader} has the best score so far." if _has_lead(found) else ""
        ahead = ahead if found.leader is not None else " There are too few answers."
        return f"cannot be told apart: each of the {others + 1} may be the best.{ahead}{close or needed}"
    beaten = [one.candidate for one in found.candidates if not one.may_be_best]
    doubt = _describe_doubts(found)
    if found.barred and len(found.contenders) == 1:
        return f"{found.contenders[0]} has the best score{doubt}, and is not called the best."
    return f"{_join_or(found.contenders)} may be the best; {_join_and(beaten)} certainly not{doubt}.{close or needed}"


def _describe_doubts(found: BestOnTask) -> str:
    """Return that an answer is doubtful, and why; empty if nothing of the kind is known."""
    if not found.doubts:
        return ""
    told = [
        f"{one.count:,} of {one.of:,} {'' if i else 'answers '}of {one.candidate}"
        for i, one in enumerate(found.doubts[:MOST])
    ]
    more = [f"others of {len(found.doubts) - MOST} more"] if len(found.doubts) > MOST else []
    return f", doubtful: {_join_and([*told, *more])} count as wrong without having been read, or for their form only"


def _has_lead(found: BestOnTask) -> bool:
    """Return whether no other candidate has the leader's value."""
    means = [one.mean for one in found.candidates if one.mean is not None]
    lead = next((one.mean for one in found.candidates if one.candidate == found.leader), None)
    return means.count(lead or 0.0) == 1 if lead is not None else False


def _describe_close(found: BestOnTask) -> str:
    """Return who is close to the best whoever that is; empty if nobody is certain to be."""
    if not found.close or found.margin <= 0:
        return ""
    points = " points" if found.unit == "1" else f" {found.unit}".rstrip()
    margin = f"{words.format_difference(found.margin, found.unit, signed=False)}{points}"
    who = (
        "Each of them is"
        if set(found.contenders) <= set(found.close)
        else f"{_join_and(found.close)} {_is(found.close)}"
    )
    return f" {who} within {margin} of the best, whichever that is."


def _is(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are each"


def _describe_all_tasks(found: Sequence[BestOnTask]) -> str:
    """Return who may be the best on every task, or that it depends on the task."""
    names = [one.candidate for one in found[0].candidates]
    everywhere = [name for name in names if all(name in one.contenders for one in found)]
    kind = "tasks" if len({one.task for one in found}) == len(found) else "questions"
    what = f"both {kind}" if len(found) == 2 else f"all {len(found)} {kind}"
    best = {one.best for one in found}
    doubt = _describe_doubts_on_tasks(found)
    if len(best) == 1 and None not in best:
        return f"On {what}: {found[0].best} is the best{doubt}."
    if not everywhere:
        return f"On {what}: no candidate may be the best on each of them; it depends on the task{doubt}."
    if len(everywhere) == len(names):
        return f"On {what}: each candidate may be the best on each of them."
    return f"On {what}: only {_join_or(everywhere)} may be the best on each of them{doubt}."


def _describe_doubts_on_tasks(found: Sequence[BestOnTask]) -> str:
    """Return on which tasks the answers are doubtful, and whose answers are the reason."""
    tasks = list(dict.fromkeys(one.task for one in found if one.doubts))
    if not tasks:
        return ""
    who = list(dict.fromkeys(doubt.candidate for one in found for doubt in one.doubts))
    return f", doubtful on {_join_and(tasks)}: answers of {_join_and(who)} count as wrong without having been read"


def describe_promise(summary: Summary) -> str:
    """Return what the answers promise."""
    sure = words.format_coverage(summary.decide.confidence)
    number = len(summary.best)
    together = f"the {number} answers hold together" if number > 1 else "the answer holds"
    early = (
        " They hold at every look; asking ended when the verdicts against the baseline were settled, so without "
        "stop_early the best may be told where it is not told here."
        if summary.decide.stop_early
        else ""
    )
    return (
        f"All candidates are compared with each other, not only with the baseline. With {sure} probability {together}: "
        f"the best one is among those that may be the best, and one that is called the best is better than each other "
        f"one. “Within the margin of the best” is a claim of its own.{early}"
    )


def format_contender(one: Contender, found: BestOnTask) -> str:
    """Return how far a candidate is from the leader, with the interval."""
    if one.candidate == found.leader:
        return "–"
    if one.difference is None:
        return "unknown"
    difference, low, high = (words.format_difference(x, found.unit) for x in (one.difference, one.low, one.high))
    return f"{difference} [{low}, {high}]"


def format_pair(pair: PairResult, found: BestOnTask) -> str:
    """Return a pair's difference with the interval that its word is read off."""
    difference, low, high = (words.format_difference(x, found.unit) for x in (pair.difference, pair.low, pair.high))
    return f"{difference} [{low}, {high}]"


def _join_and(names: Sequence[str]) -> str:
    return _join(names, "and")


def _join_or(names: Sequence[str]) -> str:
    return _join(names, "or")


def _join(names: Sequence[str], word: str) -> str:
    """Return names as a list in words; a long one is cut short."""
    shown = list(names) if len(names) <= MOST else [*names[: MOST - 1], f"{len(names) - MOST + 1} more"]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} {word} {shown[-1]}"
