"""Waterfalls: how the value of a combination comes about, step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.studies.base import Interval, Waterfall, WaterfallStep
from fairtrial.studies.levers.answers import Answers, ArmValues, _Asked, estimate_level, gather_values
from fairtrial.studies.levers.costs import PER_ITEM, WHOLE, Costs, pool_tasks, weigh_arms
from fairtrial.studies.levers.design import BASE, Arm, LeverDesign, StepQuestion

COST_WORDS = {"less": "better", "more": "worse", "same": "tied", "open": "undecided"}


def make_waterfalls(
    rows: TrialValues, design: LeverDesign, questions: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]
) -> Iterator[Waterfall]:
    """Yield a waterfall for each chain, task and measure that has values all along the chain."""
    for chain in design.chains:
        for task, measure in asked:
            found = gather_values(rows, design, task, measure.name)
            levels = None if found is None else _find_levels(found, chain)
            if found is None or levels is None:
                continue
            asked_of = [_find_question(questions, chain, end) for end in range(1, len(chain) + 1)]
            told = [answers.get((one, task.name, measure.name)) if one else None for one in asked_of]
            changes = [None if one is None else (one.interval, str(one.word)) for one in told]
            steps = _make_steps(chain, levels, changes)
            if steps is None:
                continue
            complete = found.keep_complete(_list_beginnings(chain))
            ends = [estimate_level(complete, arm, measure, rows.confidence) for arm in (BASE, chain)]
            yield Waterfall(
                f"{design.names[chain]} on {task.name}",
                measure.name,
                measure.unit,
                (design.base, ends[0]),
                steps,
                (design.names[chain], ends[1]),
                None if measure.higher_is_better is None else not measure.higher_is_better,
                caption=describe_items(steps, len(complete.values)),
            )


def make_cost_waterfalls(
    rows: TrialValues, design: LeverDesign, questions: Sequence[StepQuestion], costs: Costs
) -> Iterator[Waterfall]:
    """Yield the same of what an item costs on average over all tasks, and of candidates as a whole."""
    for chain in design.chains:
        asked_of = [_find_question(questions, chain, end) for end in range(1, len(chain) + 1)]
        for measure, (name, unit) in (*PER_ITEM.items(), *WHOLE.items()):
            known = [costs.get((one, measure)) if one else None for one in asked_of]
            changes = [None if one is None else (one.change, COST_WORDS[one.word]) for one in known]
            values = pool_tasks(rows, design, measure) if measure in PER_ITEM else None
            sizes = weigh_arms(rows, design, measure) if measure in WHOLE else {}
            levels = _find_levels(values, chain) if values is not None else _find_sizes(sizes, chain)
            steps = None if levels is None else _make_steps(chain, levels, changes)
            if levels is None or steps is None:
                continue
            ends = [Interval(level, level, level) for level in (levels[0], levels[-1])]
            if values is not None:
                ends = [estimate_level(values, arm, None, rows.confidence) for arm in (BASE, chain)]
            told = f"{name} per item" if measure in PER_ITEM else name
            first, last = (design.base, ends[0]), (design.names[chain], ends[1])
            yield Waterfall(design.names[chain], told, unit, first, steps, last, less_is_better=True)


def describe_items(steps: Sequence[WaterfallStep], items: int) -> str:
    """Return which items are drawn where some changes are told of more items than all candidates have a value of."""
    if all(math.isclose(one.end - one.start, one.change.value, abs_tol=1e-9) for one in steps):
        return ""
    return (
        f"Dots and bars are of the {items:,} items that all of these candidates have a value of; a change in figures "
        "is of all that both sides of its step have, so it may be another than the bar’s."
    )


def _list_beginnings(chain: Arm) -> list[Arm]:
    return [chain[:end] for end in range(len(chain) + 1)]


def _find_levels(values: ArmValues, chain: Arm) -> list[float] | None:
    """Return the mean of each beginning of a chain on the items that all of them have; None if there are none."""
    arms = _list_beginnings(chain)
    if not set(arms) <= set(values.arms):
        return None
    kept = values.keep_complete(arms)
    return [float(kept.get_column(arm).mean()) for arm in arms] if len(kept.values) else None


def _find_sizes(sizes: dict[Arm, float], chain: Arm) -> list[float] | None:
    arms = _list_beginnings(chain)
    return [sizes[arm] for arm in arms] if all(arm in sizes for arm in arms) else None


def _find_question(questions: Sequence[StepQuestion], chain: Arm, end: int) -> StepQuestion | None:
    """Return the question about the step that ends a beginning of a chain."""
    kind, before = ("alone", BASE) if end == 1 else ("after", chain[: end - 1])
    return next(
        (one for one in questions if one.kind == kind and one.after == chain[:end] and one.before == before), None
    )


def _make_steps(
    chain: Arm, levels: Sequence[float], changes: Sequence[tuple[Interval, str] | None]
) -> tuple[WaterfallStep, ...] | None:
    """Return the steps between levels; None if the change of one is not known."""
    steps = []
    for at, (step, found) in enumerate(zip(chain, changes, strict=True)):
        if found is None:
            return None
        steps.append(WaterfallStep(step, levels[at], levels[at + 1], *found))
    return tuple(steps)
