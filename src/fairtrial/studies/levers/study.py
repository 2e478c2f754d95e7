"""What did each lever buy, and was it worth its cost?

A base, each step alone, and combinations of steps answer the same items.  Told are: what each step changes, in its
place and alone, in quality, seconds, bytes, energy, dollars and harm; how sure the order of the steps is; main effects
and interactions where every combination stands trial; what was forgotten outside the domain; and which step is worth
its cost.  Everything is paired item by item.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import Ledger, query
from fairtrial.studies.base import Cell, Column, Findings, Interval, Table, Waterfall
from fairtrial.studies.levers.answers import Answers, _Asked, answer_questions, is_comparable
from fairtrial.studies.levers.charts import make_cost_waterfalls, make_waterfalls
from fairtrial.studies.levers.costs import LEAST_CHANGE, PER_ITEM, WHOLE, Costs, find_cost_changes
from fairtrial.studies.levers.design import (
    LeverDesign,
    StepQuestion,
    list_differences,
    list_effects,
    list_interactions,
    list_orders,
    read_design,
)
from fairtrial.studies.levers.forgetting import describe_forgetting, list_outside, make_forgetting_table
from fairtrial.studies.levers.order import (
    describe_interactions,
    describe_orders,
    make_effect_table,
    make_order_tables,
)
from fairtrial.studies.levers.worth import describe_worth, judge_steps, make_worth_table

TITLE = "What did each lever buy?"
UNBOUNDED = "An interval from \u2212\u221e to \u221e is of so few items that nothing bounds the mean: ask more of them."
MOST_COLUMNS = 3
"""Tasks of one table."""
MOST_OPEN = 6
"""Waterfalls that are shown without being asked for."""


def study_levers(ledger: Ledger, trial_id: str, settings: Mapping[str, Any]) -> Findings:
    """Return what is known by now; see the module's docstring."""
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    design = read_design(rows.plan, settings)
    questions = list_differences(design)
    effects, interactions = list_effects(design), list_interactions(design)
    inside: list[_Asked] = [(task, task.main_measure) for task in design.inside]
    outside = list_outside(design)
    every = list(dict.fromkeys([*questions, *effects, *interactions, *list_orders(effects)]))
    quality = answer_questions(rows, design, every, inside)
    before_after = [*questions, *effects] if design.factorial else questions
    kept = answer_questions(rows, design, before_after, outside)
    costs = find_cost_changes(rows, design, before_after)
    if not quality and not kept:
        return Findings(TITLE, ("No task has answers of two combinations yet.",), notes=(_list_candidates(design),))
    judged: Answers = {**quality, **kept}
    worth = judge_steps(design, before_after, judged, costs)
    asked = [one for one in inside if any(key[1:] == (one[0].name, one[1].name) for key in quality)]
    falls = (
        *make_waterfalls(rows, design, questions, quality, asked),
        *make_cost_waterfalls(rows, design, questions, costs),
        *make_waterfalls(rows, design, questions, kept, outside),
    )
    return Findings(
        TITLE,
        (
            *(describe_worth(rows, design, one) for one in worth),
            *describe_orders(effects, quality, asked),
            *describe_interactions(interactions, quality, asked),
            *describe_forgetting(design, questions, kept, outside),
        ),
        (
            make_worth_table(worth),
            *_make_change_tables(questions, quality, asked),
            *_make_cost_tables(questions, costs),
            *make_order_tables(rows, design, effects, quality, asked),
            *([make_effect_table(effects, interactions, quality, asked)] if design.factorial else []),
            *make_forgetting_table(design, questions, kept, outside),
        ),
        notes=(
            *_list_notes(rows, design, (inside, asked), outside, bool(kept)),
            *([UNBOUNDED] if any(math.isinf(one.change.high) for one in costs.values()) else []),
        ),
        waterfalls=tuple(_fold(falls)),
    )


def _fold(falls: Sequence[Waterfall]) -> Iterator[Waterfall]:
    """Yield the waterfalls, those beyond the first few folded."""
    for at, fall in enumerate(falls):
        yield replace(fall, folded=at >= MOST_OPEN)


def _make_change_tables(
    questions: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]
) -> Iterator[Table]:
    """Yield what each step changes on the tasks of the domain, a few tasks a table."""
    for begin in range(0, len(asked), MOST_COLUMNS):
        some = asked[begin : begin + MOST_COLUMNS]
        heads = [Column(f"{task.name}, {measure.name}", measure.unit, difference=True) for task, measure in some]
        lines: list[tuple[Cell, ...]] = []
        for question in questions:
            found = [answers.get((question, task.name, measure.name)) for task, measure in some]
            if any(found):
                lines.append((question.label, *(None if one is None else one.interval for one in found)))
        yield Table("What each step changes in quality", (Column("step"), *heads), tuple(lines))


def _make_cost_tables(questions: Sequence[StepQuestion], costs: Costs) -> Iterator[Table]:
    """Yield what each step changes in what an item costs, and in bytes."""
    for title, measures in (
        ("What each step changes in the cost of an item, on average over the tasks", PER_ITEM),
        ("What each step changes in bytes", WHOLE),
    ):
        shown = [measure for measure in measures if any(known == measure for _, known in costs)]
        heads = [Column(measures[measure][0], measures[measure][1], difference=True) for measure in shown]
        lines: list[tuple[Cell, ...]] = []
        for question in questions:
            found = [costs.get((question, measure)) for measure in shown]
            cells = [None if one is None else _make_cell(one.change) for one in found]
            lines.append((question.label, *cells))
        if shown:
            yield Table(title, (Column("step"), *heads), tuple(lines))


def _make_cell(change: Interval) -> Cell:
    """Return a change with its interval, if it has one."""
    return change if change.low < change.high else change.value


def _list_candidates(design: LeverDesign) -> str:
    return f"Candidates of the study: {', '.join(design.names.values())}."


def _list_notes(
    rows: TrialValues,
    design: LeverDesign,
    inside: tuple[Sequence[_Asked], Sequence[_Asked]],
    outside: Sequence[_Asked],
    forgotten: bool,
) -> Iterator[str]:
    """Yield how to read it, and what is not covered."""
    told = "inside the domain" if design.outside else "that are not about harm"
    yield (
        f"Differences are paired item by item. With {100 * rows.confidence:g}% confidence all intervals of the tasks "
        f"{told} hold together, orders and interactions among them"
        + (f"; so do all those of other tasks{' and of harm' if design.harms else ''}" if design.outside else "")
        + ("; so do all those of harm" if forgotten and not design.outside else "")
        + "; and so do those of each cost. What a step changes depends on the steps before it."
    )
    yield (
        "A step is worth its cost if it certainly gains or saves something, and loses and takes nothing; it is not if "
        "it takes or loses something, and certainly gains nothing beyond the margin. A cost counts where it changes by "
        f"{LEAST_CHANGE:.0%} or more. Seconds and joules are those of one run, with what else the machine did."
    )
    if rows.early:
        yield "The trial may stop early: the intervals here hold for a fixed number of items only."
    skipped = [task.name for task, measure in inside[0] if (task, measure) not in inside[1]]
    if skipped:
        why = "no answers yet, or a main measure that is no plain mean of its items"
        yield f"Not told here, since there are {why}: {', '.join(skipped)}. Verdicts may cover them."
    if design.outside or design.harms:
        yield "What was forgotten is told of the tasks that were asked, and of nothing else."
    elif not outside:
        yield (
            "Nothing is said of what was forgotten: name the tasks that the steps are meant to help with as 'domain', "
            "and add others, or tasks about harm."
        )
    for measure in ("joules", "usd"):
        if not any(rows.cell(name, task, measure).counts for task in rows.plan.own_tasks for name in rows.names):
            yield f"Nothing was measured in {PER_ITEM[measure][0]}: that is not the same as nothing spent."
    if not all(is_comparable(measure) for _, measure in (*inside[0], *outside)):
        yield "Measures that are shown through a function of a mean, such as perplexities, have verdicts only."
