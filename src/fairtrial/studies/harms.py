"""What a trial found about harm, task by task, and what follows for each candidate.  Told of every trial that asks.

Harms are never added up, neither with each other nor with quality.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fairtrial.analysis.harms.decisions import HarmDecision, decide_harms
from fairtrial.analysis.harms.limits import find_limit_checks
from fairtrial.analysis.harms.parity import ParityGap, find_parity_changes, find_parity_gaps
from fairtrial.analysis.harms.slices import list_harm_tasks
from fairtrial.analysis.reliability import find_reliability
from fairtrial.analysis.verdicts import Estimate, find_estimates, find_verdicts
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.records.harms import FAMILIES, HARMFUL, HELPFUL, UNCLEAR
from fairtrial.studies.base import Cell, Column, Findings, Interval, Table

TITLE = "Harm"

MEANINGS = {
    HARMFUL: "answers that do the harm (lower is better)",
    HELPFUL: "harmless requests that are helped with (higher is better)",
    UNCLEAR: "answers of which nobody can tell; they have no value of harmful, and never count as harmless",
}

ANSWERS = {"yes": "yes", "no": "no", "open": "not certain"}


def tell_harms(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return what a trial found about harm; None if it has no task about it and no limit."""
    plan = query.find_trial(ledger, trial_id).plan
    tasks = list_harm_tasks(plan)
    if not tasks and not plan.limits:
        return None
    checks = find_limit_checks(ledger, trial_id)
    values = {(e.task, e.measure, e.candidate): e for e in find_estimates(ledger, trial_id)}
    names = [task.name for task in tasks]
    unclear = {(who, task): e.mean for (task, name, who), e in values.items() if name == UNCLEAR and task in names}
    decisions = decide_harms(find_verdicts(ledger, trial_id), names, checks, unclear)
    tables = [table for name in MEANINGS if (table := _make_table(plan, tasks, name, values)) is not None]
    decided = [_make_decisions(decisions)] if decisions else []
    gaps = find_parity_gaps(ledger, trial_id)
    return Findings(
        TITLE,
        sentences=(
            *map(describe_decision, decisions),
            *_describe_gaps(plan, gaps),
            *_describe_changes(ledger, trial_id),
        ),
        tables=(*decided, *tables, *_make_reliability(ledger, trial_id)),
        notes=tuple(_list_notes(tasks)),
    )


def describe_decision(one: HarmDecision) -> str:
    """Return whether a candidate may replace the baseline, and why not, or why that is not certain."""
    if one.answer == "yes":
        kept = " and keeps every limit" if one.limits else ""
        return (
            f"{one.candidate} may replace {one.baseline}: it is better in quality, worse nowhere, certainly no more "
            f"harmful by more than the margin{kept}."
        )
    reasons = [reason for reason in one.against if one.answer == "open" or reason.startswith(("worse", "breaks"))]
    told = "; ".join(reasons[:4]) + (f"; and {len(reasons) - 4} more" if len(reasons) > 4 else "")
    head = "should not replace" if one.answer == "no" else "may or may not replace"
    too = "" if not one.baseline_breaks else f" {one.baseline} breaks {_count_limits(one.baseline_breaks)} itself."
    return f"{one.candidate} {head} {one.baseline}: {told}.{too}"


def _count_limits(count: int) -> str:
    return "a limit" if count == 1 else f"{count} limits"


def _describe_gaps(plan: TrialRecord, gaps: Sequence[ParityGap]) -> Iterator[str]:
    """Yield for each candidate how many gaps between groups are certain, and the largest of them."""
    for candidate in plan.candidates:
        own = [gap for gap in gaps if gap.candidate == candidate.name]
        certain = [gap for gap in own if gap.certain]
        if not own:
            continue
        told = f"{candidate.name}: {len(certain)} of {len(own)} gaps between groups are certain"
        if certain:
            most = max(certain, key=lambda gap: abs(gap.gap) if gap.unit == "1" else 0.0)
            size = f"{100 * most.gap:+.1f} points" if most.unit == "1" else f"{most.gap:+.3g} {most.unit}".strip()
            told += f"; the largest is that of {most.group} on {most.task} ({most.measure}): {size}"
        yield f"{told}."


def _describe_changes(ledger: Ledger, trial_id: str) -> Iterator[str]:
    """Yield for each candidate how many gaps between groups are certainly smaller or larger than the baseline's."""
    found = find_parity_changes(ledger, trial_id)
    for a, b in dict.fromkeys((one.candidate, one.baseline) for one in found):
        words = [one.word for one in found if one.candidate == a]
        smaller, larger = words.count("smaller"), words.count("larger")
        if smaller or larger:
            told = f"{smaller} are certainly smaller, {larger} larger"
            yield f"{a} against {b}: of {len(words)} gaps between groups {told}."


def _make_decisions(decisions: Sequence[HarmDecision]) -> Table:
    columns = (Column("candidate"), Column("quality"), Column("harm"), Column("limits"), Column("may replace"))
    rows: tuple[tuple[Cell, ...], ...] = tuple(
        (
            one.candidate,
            _count(one.quality),
            _count(one.harm),
            _count(one.limits),
            ANSWERS[one.answer],
        )
        for one in decisions
    )
    return Table(f"Each candidate against {decisions[0].baseline}: verdicts on quality and on harm, and limits",
                 columns, rows)  # fmt: skip


def _make_reliability(ledger: Ledger, trial_id: str) -> Iterator[Table]:
    """Yield how often answers are right, by how sure a candidate is of them, a table a candidate and task."""
    columns = (Column("sure"), Column("mean confidence", "1"), Column("right", "1"), Column("answers"))
    for one in find_reliability(ledger, trial_id):
        rows: tuple[tuple[Cell, ...], ...] = tuple(
            (f"{100 * bin.low:.0f} to {100 * bin.high:.0f}%", bin.confidence, bin.accuracy, bin.count)
            for bin in one.bins
        )
        yield Table(f"{one.task}: how sure {one.candidate} is, and how often it is right", columns, rows)


def _count(labels: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {label}" for label, count in labels.items()) or "none"


def _make_table(
    plan: TrialRecord,
    tasks: Sequence[TaskRecord],
    measure: str,
    values: Mapping[tuple[str, str, str], Estimate],
) -> Table | None:
    """Return one measure of all tasks that have it, a column a candidate; None if no task has values."""
    rows: list[tuple[Cell, ...]] = []
    for task in sorted(tasks, key=lambda one: FAMILIES.index(one.card.harms.family if one.card.harms else "bias")):
        found = [values.get((task.name, measure, candidate.name)) for candidate in plan.candidates]
        if any(found):
            cells = [None if one is None else Interval(one.mean, one.low, one.high) for one in found]
            counts = " / ".join("–" if one is None else f"{one.items:,}" for one in found)
            rows.append((task.name, *cells, counts))
    if not rows or (measure == UNCLEAR and not any(_is_above_zero(row) for row in rows)):
        return None
    columns = (Column("task"), *(Column(one.name, "1") for one in plan.candidates), Column("answers"))
    return Table(f"{measure}: {MEANINGS[measure]}", columns, tuple(rows))


def _is_above_zero(row: Sequence[Cell]) -> bool:
    return any(isinstance(cell, Interval) and cell.value > 0 for cell in row)


def _list_notes(tasks: Sequence[TaskRecord]) -> Iterator[str]:
    """Yield what each task does not measure."""
    for task in tasks:
        if task.card.harms is not None and task.card.harms.omits:
            yield f"{task.name} does not cover: {task.card.harms.omits}"
