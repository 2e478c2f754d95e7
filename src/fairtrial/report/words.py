"""Numbers and verdicts in words: the one place that decides how a value looks.

Shares are shown as percentages and their differences as points; all else in its unit.  Knows no HTML and no terminal.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from fairtrial.analysis.doubts import CONTAMINATED, CONTROLS, DOUBTFUL, Doubt, DoubtGroup, group_doubts
from fairtrial.analysis.verdicts import Estimate, Verdict
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import DecideRecord
from fairtrial.report.summary import Summary, TaskSummary

MARKS = {"better": "▲", "worse": "▼", "tied": "=", "not worse": "≥", "different": "≠", "barred": "⊘", "undecided": "?"}
"""A sign for each verdict's label, so that none is told by colour alone."""

MINUS = "−"

PLURALS = {"token": "tokens", "token/s": "tokens/s", "word": "words"}
"""Units that are words, as they stand after other numbers than 1."""


def format_number(value: float, digits: int = 3) -> str:
    """Return a number with so many significant digits, thousands apart, a real minus sign."""
    if not math.isfinite(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    if value == 0:
        return "0"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(decimals, 9)}f}".replace("-", MINUS)


def format_quantity(value: float, unit: str) -> str:
    """Return a value of a measure: ``63.5%`` for shares, else the number and its unit."""
    if unit == "1":
        return f"{100 * value:.1f}%".replace("-", MINUS) if math.isfinite(value) else format_number(value)
    shown = format_number(value)
    return f"{shown} {unit if shown == '1' else PLURALS.get(unit, unit)}".rstrip()


def format_difference(value: float, unit: str, *, signed: bool = True) -> str:
    """Return a difference: ``+3.5`` points for shares (no unit), else the signed number."""
    if not math.isfinite(value):
        return format_number(value)
    text = f"{100 * value:+.1f}" if unit == "1" else ("+" if value > 0 else "") + format_number(value)
    return (text if signed else text.lstrip("+")).replace("-", MINUS)


def format_tick(value: float, unit: str) -> str:
    """Return a number at an axis, as short as it can be: ``−20``, ``0``, ``+2.5``."""
    shown = 100 * value if unit == "1" else value
    return (f"{shown:+.6g}" if shown else "0").replace("-", MINUS)


def find_difference_unit(verdict: Verdict, measure: MeasureRecord) -> str:
    """Return the unit that a difference is in."""
    if measure.transform == "exp":
        return "in logarithms"
    return "points" if verdict.unit == "1" else verdict.unit


def _format_interval(low: float, high: float, unit: str) -> str:
    """Return an interval of a difference: ``−17.2 to −6.8``."""
    if math.isinf(low) and math.isinf(high):
        return "without ends, since these answers do not bound it"
    return f"{format_difference(low, unit)} to {format_difference(high, unit)}"


def format_coverage(confidence: float) -> str:
    """Return a coverage as people say it: ``95%``."""
    return f"{100 * confidence:.4g}%"


def describe_verdict(verdict: Verdict, task: TaskSummary) -> str:
    """Return a verdict as one plain sentence."""
    measure = task.measure(verdict.measure)
    aim = ", lower is better" if measure is not None and measure.higher_is_better is False else ""
    what = f"{verdict.task} ({verdict.measure}{aim})"
    found = f"{format_difference(verdict.difference, verdict.unit)} {find_difference_unit(verdict, measure)}"
    single = " of one question alone" if verdict.family > 1 else ""
    ends = _format_interval(verdict.low, verdict.high, verdict.unit)
    span = f"{format_coverage(verdict.confidence)} interval{single} {ends}"
    evidence = f"{found} ({span}; {verdict.items_used:,} items)"
    margin = format_difference(verdict.margin, verdict.unit, signed=False)
    points, sure = " points" if verdict.unit == "1" else "", format_coverage(verdict.confidence)
    heads = {
        "better": f"{verdict.a} is better than {verdict.b} on {what}: {evidence}.",
        "worse": f"{verdict.a} is worse than {verdict.b} on {what}: {evidence}.",
        "different": f"{verdict.a} differs from {verdict.b} on {what}: {evidence}.",
        "tied": f"{verdict.a} and {verdict.b} are tied within ±{margin}{points} on {what}: {evidence}.",
        "not worse": f"{verdict.a} is not worse than {verdict.b} on {what}, within the margin of {margin}{points} "
        f"(one-sided, {sure}); more is undecided: {evidence}.",
        "barred": f"{verdict.a} would be better than {verdict.b} on {what}, but certainly breaks a limit: {evidence}.",
        "undecided": f"{verdict.a} against {verdict.b} on {what} is undecided: {evidence}.",
    }
    return " ".join([heads[verdict.label], *_describe_details(verdict)])


def _describe_details(verdict: Verdict) -> list[str]:
    """Return what is worth adding: flips, what holds one-sided, how many more items an open question would need."""
    added = []
    if verdict.limit == "open":
        added.append(f"{verdict.a if verdict.verdict == 'better' else verdict.b} may break a limit of this trial.")
    elif verdict.limit and verdict.verdict == "worse":
        added.append(f"But {verdict.b} certainly breaks a limit of this trial.")
    if verdict.flips_to_right is not None and verdict.flips_to_wrong is not None:
        fixed = "1 answer" if verdict.flips_to_right == 1 else f"{verdict.flips_to_right:,} answers"
        added.append(f"It fixed {fixed} (wrong→right) and broke {verdict.flips_to_wrong:,} (right→wrong).")
    if verdict.not_inferior and verdict.margin > 0 and verdict.verdict == "worse":
        sure = format_coverage(verdict.confidence)
        added.append(f"But it is certainly not behind by more than the margin (one-sided, {sure}).")
    if verdict.only_alone:
        added.append(
            f"Asked alone it would be {verdict.alone}; that does not survive correction for {verdict.family:,} "
            "comparisons."
        )
    if verdict.verdict == "undecided" and verdict.items_needed is not None:
        added.append(f"About {verdict.items_needed:,} more items would settle it if the difference stays as it is.")
    return added


def describe_outcome(summary: Summary) -> str:
    """Return the outcome of a trial in one sentence."""
    lacking = "".join(f" {line}" for line in list_missing_verdicts(summary))
    if not summary.verdicts:
        if lacking:
            return lacking.strip()
        return (
            _describe_only_candidate(summary) or "Nothing to compare: the trial has one candidate, or no answers yet."
        )
    compared = {v.a for v in summary.verdicts}
    who = next(iter(compared)) if len(compared) == 1 else f"{len(compared)} candidates"
    harms = {task.name for task in summary.tasks if task.card.harms is not None}
    kinds = (
        [v for v in summary.verdicts if v.task not in harms],
        [v for v in summary.verdicts if v.task in harms],
    )
    told = "; ".join(
        _count_verdicts(summary, found, "" if i == 0 else " about harm") for i, found in enumerate(kinds) if found
    )
    state = "" if summary.finished else " The trial is not finished."
    family = _describe_family_error(summary)
    return f"{who} compared with {summary.baseline} {told}.{family}{lacking}{state}"


def _count_verdicts(summary: Summary, found: Sequence[Verdict], about: str) -> str:
    """Return the verdicts of one category of tasks, counted: ``on 3 tasks about harm: 2 tied, 1 undecided``."""
    counts = {word: sum(v.label == word for v in found) for word in MARKS}
    doubtful = {word: sum(v.label == word and is_doubtful(summary, v) for v in found) for word in MARKS}
    named = [
        f"{count} {word}{f' ({doubtful[word]} of them doubtful)' if doubtful[word] else ''}"
        for word, count in counts.items()
        if count
    ]
    tasks = {v.task for v in found}
    where = next(iter(tasks)) if len(tasks) == 1 else count_tasks([t for t in summary.tasks if t.name in tasks]) + about
    return f"on {where}: {', '.join(named)}"


def count_tasks(tasks: Sequence[TaskSummary]) -> str:
    """Return how many tasks these are, and how many other forms of them."""
    forms = sum(bool(task.form) for task in tasks)
    own = len(tasks) - forms
    told = f"{own} task{'' if own == 1 else 's'}"
    return f"{told} and {forms} other form{'' if forms == 1 else 's'}" if forms else told


def list_missing_verdicts(summary: Summary) -> list[str]:
    """Return where a judge is why there is no verdict: a line a task and measure of which no grade could be had."""
    if len(summary.candidates) < 2:
        return []
    there = {(v.task, v.measure) for v in summary.verdicts}
    lines = []
    for judge in summary.judges:
        for task, measure in judge.uses:
            own = [a for a in summary.absences if (a.task, a.measure) == (task, measure)]
            if (task, measure) in there or not own or measure not in summary.task(task).measures:
                continue
            had = {e.candidate for e in summary.estimates if (e.task, e.measure) == (task, measure)}
            lost = [a.candidate for a in own if a.candidate not in had]
            of = f" on the answers of {', '.join(dict.fromkeys(lost))}" if had and lost else ""
            read = all(a.reason == UNREAD_GRADE for a in own)
            what = f"No verdict on {task}" + (f" ({measure})" if len(summary.task(task).measures) > 1 else "")
            none = "too few grades" if had and not lost else "no grade"
            lines.append(f"{what}: {none} of {judge.name}{of} could be {'read' if read else 'had'}.")
    return lines


def _describe_only_candidate(summary: Summary) -> str:
    """Return the scores of a trial's only candidate in a sentence; empty for several, or without answers."""
    if len(summary.candidates) != 1 or not summary.estimates:
        return ""
    told = []
    for task in summary.tasks:
        for e in select_estimates(summary, task):
            ends = f"{format_quantity(e.low, e.unit)} to {format_quantity(e.high, e.unit)}"
            where = e.task if e.measure == task.main_measure else f"{e.task} ({e.measure})"
            told.append(f"{format_quantity(e.mean, e.unit)} [{ends}] on {where}")
    more = f"; and {len(told) - MOST_SCORES} more" if len(told) > MOST_SCORES else ""
    sure = format_coverage(summary.decide.confidence)
    state = "" if summary.finished else " The trial is not finished."
    return (
        f"{summary.candidates[0].name} alone, compared with nobody: {'; '.join(told[:MOST_SCORES])}{more} "
        f"({sure} intervals).{state}"
    )


UNREAD_GRADE = "the judge's answer gives no grade"
"""The reason that the ledger keeps where a judge's answer could not be read."""

MOST_SCORES = 8
"""Scores that a headline names."""


def _describe_family_error(summary: Summary) -> str:
    """Return what the verdicts of several questions promise, as one more sentence; empty for a single one."""
    family = max((v.family for v in summary.verdicts), default=1)
    if family == 1:
        return ""
    sure = format_coverage(summary.decide.confidence)
    single = sum(v.only_alone for v in summary.verdicts)
    more = f"; {single} more would be decided if asked alone" if single else ""
    return f" The verdicts survive correction for {family:,} comparisons ({sure}){more}."


SHORT = {
    "contaminated": "trained on",
    "unread": "unread",
    "empty": "without text",
    "refused": "refused",
    "unfinished": "unfinished",
    "near_miss": "wrong only in form",
    "ends_right": "wrong but ending right",
}
"""Signs of answers, as they stand beside a score."""


def describe_misread(summary: Summary, estimate: Estimate) -> str:
    """Return what must stand beside a score: how many of its answers were not read as answers; empty if all were."""
    if estimate.measure != summary.task(estimate.task).main_measure:
        return ""
    found = {d.kind: d for d in summary.doubts if (d.candidate, d.task) == (estimate.candidate, estimate.task)}
    told = [(found[kind], word) for kind, word in SHORT.items() if kind in found]
    if summary.task(estimate.task).card.harms is not None:
        told = [(d, "unclear" if word == "unread" else word) for d, word in told]
    return ", ".join(f"{d.count:,}{'' if i else f' of {d.of or 0:,}'} {word}" for i, (d, word) in enumerate(told))


def is_doubtful(summary: Summary, verdict: Verdict) -> bool:
    """Return whether a verdict would not stand if answers that were not read as answers were right, or whether one of
    the two was trained on what both were asked.
    """
    place = (DOUBTFUL, verdict.task, verdict.a)
    return bool(find_trained(summary, verdict)) or any((d.kind, d.task, d.candidate) == place for d in summary.doubts)


def find_trained(summary: Summary, verdict: Verdict) -> list[Doubt]:
    """Return the doubts that say that one of the two was trained on items of the task."""
    sides = (verdict.a, verdict.b)
    return [d for d in summary.doubts if d.kind == CONTAMINATED and d.task == verdict.task and d.candidate in sides]


def list_headline_doubts(summary: Summary) -> list[str]:
    """Return what must be said beside the headline, because a score or verdict may mean something else."""
    return [group.describe() for group in group_headline_doubts(summary)]


def group_headline_doubts(summary: Summary) -> list[DoubtGroup]:
    """Return the same doubts, those of one kind together where there are many."""
    return group_doubts(doubt for doubt in summary.doubts if doubt.headline)


def list_minor_doubts(summary: Summary) -> list[str]:
    """Return the doubts that a careful reader should know of."""
    return [group.describe() for group in group_doubts(doubt for doubt in summary.doubts if not doubt.headline)]


def describe_rule(decide: DecideRecord, family: int = 1) -> str:
    """Return in words what the decision rule claims and what the intervals cover; ``family``: questions asked."""
    whole = "the items of these tasks, and no others"
    target = "new items drawn like these" if decide.target == "population" else whole
    looks = (
        " The intervals hold at every look, so the trial may stop early."
        if decide.stop_early
        else " The intervals assume no peeking: one look, at the end."
    )
    sure = format_coverage(decide.confidence)
    several = (
        f" The verdicts survive correction for {family:,} comparisons: with {sure} probability none of them is false. "
        "They are read from wider intervals than those shown, so a comparison can be undecided although its interval "
        "here excludes zero."
        if family > 1
        else ""
    )
    return (
        f"Each interval covers the true difference on {target} with {sure} probability, for one question at a time."
        f"{looks} Tied means that the whole interval lies inside the margin ({_describe_margins(decide)}); better and "
        f"worse need an interval that excludes zero and reaches beyond the margin; not worse means certainly not "
        f"behind by more than the margin, and no more; everything else is undecided.{several}"
    )


def _describe_margins(decide: DecideRecord) -> str:
    """Return the margins of a trial in words."""
    share = decide.margin
    single = [f"{name} {100 * own:g}%" for name, own in decide.margins.items()]
    of_rest = f"±{100 * share:g} points; of measures that are no shares, {100 * share:g}% of the baseline's value"
    return "; ".join([of_rest, *single])


def list_chance_notes(summary: Summary) -> list[str]:
    """Return notes of tasks on which intervals cover blind guessing: they tell little about these candidates.

    Not of forms that are there to be guessed.
    """
    found: dict[tuple[str, str], list[str]] = {}
    for estimate in summary.estimates:
        task = summary.task(estimate.task)
        if task.card.settings.form not in CONTROLS and is_at_chance(estimate, task):
            chance = format_quantity(task.chance or 0.0, estimate.unit)
            found.setdefault((estimate.task, chance), []).append(estimate.candidate)
    told = [
        (f"{', '.join(names[:-1])}{' and ' if names[1:] else ''}{names[-1]} on {task}", len(names), chance)
        for (task, chance), names in found.items()
    ]
    if len(told) > SINGLY:
        every = "; ".join(f"{who} ({chance})" for who, _, chance in told)
        return [f"Not distinguishable from guessing, whose score is in brackets: {every}."]
    return [
        f"{who} {'are' if many > 1 else 'is'} not distinguishable from guessing ({chance})."
        for who, many, chance in told
    ]


SINGLY = 3
"""Tasks on which somebody may be guessing that have a note each; more share one."""


MOST_NEEDED = 4
"""Undecided comparisons that are told one by one how many more items they need; of more, the range."""


def list_needed_items(summary: Summary) -> list[str]:
    """Return how many more items would settle what is undecided, where that can be said."""
    found = [v for v in summary.verdicts if v.verdict == "undecided" and v.items_needed is not None]
    if len(found) <= MOST_NEEDED:
        return [f"{v.a} on {v.task}: about {v.items_needed:,} more items would settle it." for v in found]
    ordered = sorted(found, key=lambda v: v.items_needed or 0)
    least, most = ordered[0], ordered[-1]
    return [
        f"{len(found)} comparisons are undecided; to settle one would take from about {least.items_needed:,} more "
        f"items ({least.a} on {least.task}) to about {most.items_needed:,} ({most.a} on {most.task})."
    ]


def is_at_chance(estimate: Estimate, task: TaskSummary) -> bool:
    """Return whether an estimate's interval covers the task's chance level."""
    if task.chance is None or task.chance == 0 or estimate.measure != task.main_measure:
        return False
    return estimate.low <= task.chance <= estimate.high


def select_estimates(summary: Summary, task: TaskSummary) -> Sequence[Estimate]:
    """Return a task's estimates of its main measure and of those that verdicts are about."""
    wanted = {task.main_measure, *task.measures}
    return [e for e in summary.estimates if e.task == task.name and e.measure in wanted]
