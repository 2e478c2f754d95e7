"""What does a guard avoid, what does it cost, and where is it wrong?  The same candidate bare and guarded.

Every number is paired item by item: harm avoided and help lost on tasks about harm, quality lost on all others,
seconds, tokens and dollars added, and the price of one harm avoided.  There is no score for all of it together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord
from fairtrial.records.harms import HARMFUL, HELPFUL, UNCLEAR
from fairtrial.studies.base import Cell, Column, Findings, Interval, Table
from fairtrial.studies.guarding.mistakes import make_mistakes_table
from fairtrial.studies.guarding.pairs import (
    Difference,
    GuardedPair,
    compare_cost,
    compare_measure,
    compare_same_work,
    differs,
    find_pairs,
    is_never_seen,
    measure_rates,
    price_harm,
)

TITLE = "What does a guard avoid, what does it cost, and where is it wrong?"
COSTS: Mapping[str, tuple[str, str]] = {
    "seconds": ("seconds", "s"),
    "usd": ("dollars", "USD"),
    "tokens_in": ("tokens read", "tokens"),
    "tokens_out": ("tokens written", "tokens"),
}
"""Measure of cost to its name and unit, in the order in which they are shown."""
EXAMPLES = 3
SINGLY = 3
"""So many tasks on which nothing changed have sentences of their own; more share one."""


def study_guard(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return the findings of a trial that is this study; they say so if nothing is guarded."""
    none = "Nothing is guarded: give a candidate the lever, e.g. `levers: [{guard: policy.yaml}]`."
    return _find(ledger, trial_id, int(settings.get("examples", EXAMPLES))) or Findings(TITLE, notes=(none,))


def tell_guard(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return the same of a trial that is another study or none; None if nothing is guarded."""
    plan = query.find_trial(ledger, trial_id).plan
    if plan.study and plan.study.get("name") == "guard":
        return None
    return _find(ledger, trial_id, EXAMPLES)


def _find(ledger: Ledger, trial_id: str, examples: int) -> Findings | None:
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    pairs, alone = find_pairs(rows.plan.candidates)
    if not pairs and not alone:
        return None
    asked, pairs_of = rows.plan.own_tasks, [pair.guarded for pair in pairs]
    blind = [task for task in asked if pairs_of and all(is_never_seen(rows, task, name) for name in pairs_of)]
    tasks = [task for task in asked if task not in blind]
    harms = [task for task in tasks if task.card.harms is not None]
    sentences = [line for pair in pairs for line in _describe_all(rows, harms, pair)]
    sentences += [line for pair in pairs for task in tasks for line in _describe_busy(rows, task, pair)]
    sentences += [
        line for pair in pairs for task in tasks if task not in harms for line in _describe_loss(rows, task, pair)
    ]
    tables = [table for pair in pairs for table in _make_tables(rows, pair, tasks, harms)]
    wrong = [make_mistakes_table(rows, task, pair, examples) for pair in pairs for task in harms]
    notes = (*_describe_blind(blind), *_list_notes(rows, alone, harms))
    return Findings(TITLE, tuple(sentences), (*tables, *filter(None, wrong)), notes=notes)


def _get_measure(task: TaskRecord, name: str) -> MeasureRecord | None:
    return next((measure for measure in task.card.measures if measure.name == name), None)


def _compare(rows: TrialValues, task: TaskRecord, name: str, pair: GuardedPair) -> Difference | None:
    measure = _get_measure(task, name)
    return compare_measure(rows, task, measure, pair) if measure is not None else None


def _make_tables(
    rows: TrialValues, pair: GuardedPair, tasks: Sequence[TaskRecord], harms: Sequence[TaskRecord]
) -> Iterator[Table]:
    lines: list[tuple[Cell, ...]] = []
    for task in harms:
        harm, lost = (_compare(rows, task, name, pair) for name in (HARMFUL, HELPFUL))
        unclear = _compare(rows, task, UNCLEAR, pair)
        if harm or lost or unclear:
            means = (harm.bare, harm.guarded, harm.found, harm.describe_items()) if harm else (None, None, None, None)
            changed = _turn(unclear.found) if unclear else None
            lines.append((task.name, *means, lost.found if lost else None, changed))
    if lines:
        columns = (
            *(Column("task"), Column("harm, bare", "1"), Column("guarded", "1")),
            *(Column("harm avoided", "1", difference=True), Column("items of both")),
            *(Column("help lost", "1", difference=True), Column("unclear added", "1", difference=True)),
        )
        yield Table(f"{pair.guarded} beside {pair.bare}: harm avoided, and help lost", columns, tuple(lines))
    yield from _make_rates_table(rows, pair, harms)
    yield from _make_cost_table(rows, pair, tasks)
    yield from _make_quality_table(rows, pair, [task for task in tasks if task not in harms])


def _make_quality_table(rows: TrialValues, pair: GuardedPair, tasks: Sequence[TaskRecord]) -> Iterator[Table]:
    lines: list[tuple[Cell, ...]] = []
    for task in tasks:
        measure = task.main_measure
        if (found := compare_measure(rows, task, measure, pair)) is not None:
            lines.append((task.name, measure.name, found.bare, found.guarded, _turn(found.found)))
    if lines:
        columns = (
            *(Column("task"), Column("measure"), Column("bare"), Column("guarded")),
            Column("guarded less bare", difference=True),
        )
        yield Table(f"{pair.guarded} beside {pair.bare}: tasks that are not about harm", columns, tuple(lines))


def _turn(found: Interval) -> Interval:
    """Return guarded less bare of what is bare less guarded."""
    return Interval(0.0 - found.value, 0.0 - found.high, 0.0 - found.low)


def _make_rates_table(rows: TrialValues, pair: GuardedPair, harms: Sequence[TaskRecord]) -> Iterator[Table]:
    lines: list[tuple[Cell, ...]] = []
    for task in harms:
        rates = measure_rates(rows, task, pair.guarded)
        if rates.harmful_items or rates.benign_items or rates.failed:
            counts = (float(rates.harmful_items), rates.benign, float(rates.benign_items), float(rates.failed))
            lines.append((task.name, rates.harmful, *counts))
    if lines:
        columns = (
            *(Column("task"), Column("held back of harmful", "1"), Column("items")),
            *(Column("of harmless", "1"), Column("items "), Column("checks that failed")),
        )
        yield Table(
            f"{pair.guarded}: what its guard held back, whatever the model would have said", columns, tuple(lines)
        )


def _make_cost_table(rows: TrialValues, pair: GuardedPair, tasks: Sequence[TaskRecord]) -> Iterator[Table]:
    lines: list[tuple[Cell, ...]] = []
    shown = [m for m in COSTS if any(compare_cost(rows, task, m, pair) is not None for task in tasks)]
    priced, timed = [m for m in shown if m in ("seconds", "usd")], "seconds" in shown
    for task in tasks:
        added = [compare_cost(rows, task, measure, pair) for measure in shown]
        harm = _compare(rows, task, HARMFUL, pair) if task.card.harms else None
        certain = harm is not None and harm.found.low > 0  # as the table of harm says it
        busy = compare_same_work(rows, task, pair)
        fair = [certain and (busy is None or measure != "seconds") for measure in priced]
        prices = [price_harm(rows, task, m, pair) if ok else None for m, ok in zip(priced, fair, strict=True)]
        if any(one is not None for one in added):
            lines.append((task.name, *added, *([busy] if timed else []), *prices))
    if lines:
        columns = (
            Column("task"),
            *(Column(f"{COSTS[m][0]} added per item", COSTS[m][1], difference=True) for m in shown),
            *([Column("of that, for the same work", "s", difference=True)] if timed else []),
            *(Column(f"{COSTS[m][0]} per harm avoided", COSTS[m][1]) for m in priced),
        )
        yield Table(f"{pair.guarded} beside {pair.bare}: what the guard costs", columns, tuple(lines))


def _describe_all(rows: TrialValues, harms: Sequence[TaskRecord], pair: GuardedPair) -> Iterator[str]:
    """Yield what a reader wants to know first: of each task about harm, of those where nothing changed together."""
    same = [task for task in harms if _is_same(rows, task, pair)]
    together = same if len(same) > SINGLY else []
    for task in harms:
        if task not in together:
            yield from _describe(rows, task, pair)
    if together:
        yield (
            f"No answer was graded otherwise with the guard of {pair.guarded} than without on {len(together)} tasks: "
            f"{', '.join(task.name for task in together)}. What it may still change there is in the table."
        )


def _is_same(rows: TrialValues, task: TaskRecord, pair: GuardedPair) -> bool:
    """Return whether each answer to a task has the same grades with the guard as without."""
    return all(not differs(rows, task, name, pair) for name in (HARMFUL, HELPFUL, UNCLEAR))


def _describe_blind(tasks: Sequence[TaskRecord]) -> Iterator[str]:
    if tasks:
        yield (
            "Left out here, since all of their answers are scores of given texts, which no guard looks at: "
            f"{', '.join(task.name for task in tasks)}."
        )


def _describe(rows: TrialValues, task: TaskRecord, pair: GuardedPair) -> Iterator[str]:
    """Yield what a reader wants to know first of a task about harm."""
    harm, lost = (_compare(rows, task, name, pair) for name in (HARMFUL, HELPFUL))
    if harm is not None:
        told = _tell(harm.found, "avoids", "adds", "harm")
        shares = f"{_percent(harm.bare)} to {_percent(harm.guarded)} of {_count(harm, 'answers')}"
        yield f"{task.name}: the guard of {pair.guarded} {told}: {shares}."
    if lost is not None:
        told = _tell(lost.found, "loses", "gains", "help")
        shares = f"{_percent(lost.bare)} to {_percent(lost.guarded)} of {_count(lost, 'answers')} help"
        yield f"{task.name}: on harmless requests the guard of {pair.guarded} {told}: {shares}."


def _describe_busy(rows: TrialValues, task: TaskRecord, pair: GuardedPair) -> Iterator[str]:
    """Yield that seconds tell nothing of the guard, where the same work took longer or shorter beside it."""
    found = compare_same_work(rows, task, pair)
    if found is not None:
        low, high = sorted((abs(found.low), abs(found.high)))
        more = "more" if found.value > 0 else "less"
        yield (
            f"{task.name}: answers of {pair.guarded} for which as many tokens were read and written as without the "
            f"guard took {abs(found.value):.2f} s {more} each ({low:.2f} to {high:.2f}). "
            "Unless its checks ask somebody, the machine did other work at one of the times, and the seconds added "
            "here are not the guard's."
        )


def _describe_loss(rows: TrialValues, task: TaskRecord, pair: GuardedPair) -> Iterator[str]:
    """Yield a sentence about a task that is not about harm, where the guard certainly changes what it measures."""
    measure = task.main_measure
    found = compare_measure(rows, task, measure, pair)
    if (
        found is None
        or measure.higher_is_better is None
        or measure.unit != "1"
        or found.found.low <= 0 <= found.found.high
    ):
        return
    worse = (found.found.value > 0) == measure.higher_is_better
    low, high = sorted((abs(found.found.low), abs(found.found.high)))
    yield (
        f"{task.name}, which is not about harm: with its guard {pair.guarded} {'loses' if worse else 'gains'} "
        f"{100 * abs(found.found.value):.1f} points of {measure.name} ({100 * low:.1f} to {100 * high:.1f})."
    )


def _count(found: Difference, what: str) -> str:
    """Return the items that were compared, and why a table of scores has other numbers if it has."""
    if not found.leaves_out:
        return f"{found.items:,} {what}"
    return (
        f"the {found.items:,} {what} that can be read of both (the scores are of all that can be read of each: "
        f"{found.bare_items:,} and {found.guarded_items:,})"
    )


def _percent(value: float) -> str:
    return f"{100 * value:.1f}%"


def _tell(found: Interval, more: str, less: str, what: str) -> str:
    """Return e.g. ``avoids 12.3 points of harm (8.1 to 16.4)``, or that nothing is shown."""
    low, high, value = (100.0 * one for one in (found.low, found.high, found.value))
    if low > 0:
        return f"{more} {value:.1f} points of {what} ({low:.1f} to {high:.1f})"
    if high < 0:
        return f"{less} {-value:.1f} points of {what} ({-high:.1f} to {-low:.1f})"
    return f"is not shown to change the {what} ({-high:+.1f} to {-low:+.1f} points)".replace("-", "\u2212")


def _list_notes(rows: TrialValues, alone: Sequence[str], harms: Sequence[TaskRecord]) -> Iterator[str]:
    yield "Differences are paired, item by item; each interval is of that difference alone, not corrected for several."
    yield (
        "What a guard answers in its policy's own words is graded by what the guard did, a refusal or a referral, "
        "however the words read; the rules that grade a model's answers, and their errors, have no part in it."
    )
    yield (
        "Items of both are those whose answers could be read with and without the guard; behind 'of', how many could "
        "be read of each, whose means stand under the scores and may differ from the ones here."
    )
    yield (
        "Harm is compared on answers that could be read with and without the guard; where a guard turns answers that "
        "nobody can read into refusals, that is under 'unclear added', and not under harm avoided."
    )
    yield (
        "A price is given only where harm is certainly avoided, in seconds only where the same work took as long with "
        "the guard as without. One below zero is a saving: a question that is held back is not asked of the model."
    )
    if rows.early:
        yield "The trial may stop early: intervals here hold for a fixed number of items only."
    for name in alone:
        yield f"{name}: no candidate of the same model without a guard, so nothing can be said of what its guard does."
    if not harms:
        yield "No task of the trial is about harm."
