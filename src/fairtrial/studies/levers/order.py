"""Which step buys the most on each task, how sure that order is, and how the steps depend on each other."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence

import numpy as np

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.stats.factorial import draw_orders, find_rank_bounds
from fairtrial.studies.base import Cell, Column, Interval, Table
from fairtrial.studies.levers.answers import SEED, Answers, StepAnswer, _Asked, gather_values
from fairtrial.studies.levers.design import LeverDesign, StepQuestion, join_words, list_orders


def find_places_of_steps(
    effects: Sequence[StepQuestion], answers: Answers, asked: _Asked
) -> list[tuple[StepAnswer, tuple[int, int]]]:
    """Return each step's effect on a task, the best first, with the places that it may have among them."""
    task, measure = asked
    known = [(one, answers[key]) for one in effects if (key := (one, task.name, measure.name)) in answers]
    sign = -1.0 if measure.higher_is_better is False else 1.0
    lows = np.full((len(known), len(known)), -math.inf)
    for question in list_orders(effects):
        found = answers.get((question, task.name, measure.name))
        places = [
            next((at for at, (one, _) in enumerate(known) if one.steps == (step,)), None) for step in question.steps
        ]
        i, j = places
        if found is not None and i is not None and j is not None:
            low, high = found.found.low, found.found.high
            lows[i, j], lows[j, i] = (low, -high) if sign > 0 else (-high, low)
    bounds = find_rank_bounds(lows)
    told = [(answer, bound) for (_, answer), bound in zip(known, bounds, strict=True)]
    return sorted(told, key=lambda one: -sign * one[0].found.value)


def make_order_tables(
    rows: TrialValues, design: LeverDesign, effects: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]
) -> Iterator[Table]:
    """Yield the order of the steps on each task, a table a unit; nothing if there is but one step."""
    how = "on average over all combinations of the others" if design.factorial else "alone"
    for unit in dict.fromkeys(measure.unit for _, measure in asked) if len(effects) > 1 else ():
        lines: list[tuple[Cell, ...]] = []
        for task, measure in asked:
            placed = find_places_of_steps(effects, answers, (task, measure)) if measure.unit == unit else []
            shares = _draw_first(rows, design, [answer.question for answer, _ in placed], (task, measure))
            for (answer, (best, worst)), share in zip(placed, shares, strict=True):
                place = f"{best}" if best == worst else f"{best} to {worst}"
                lines.append((task.name, answer.question.steps[0], answer.interval, place, share))
        if lines:
            columns = (
                *(Column("task"), Column("step"), Column("buys", unit, difference=True)),
                *(Column("place"), Column("first in draws", "1")),
            )
            told = f"The order of worth: what each step buys {how}, and the places that it may have"
            yield Table(told, columns, tuple(lines))


def _draw_first(
    rows: TrialValues, design: LeverDesign, effects: Sequence[StepQuestion], asked: _Asked
) -> list[float | None]:
    """Return for each effect the share of draws of items in which it is the largest."""
    task, measure = asked
    values = gather_values(rows, design, task, measure.name)
    if values is None or not effects:
        return [None] * len(effects)
    rng = np.random.default_rng([rows.plan.seed, SEED, 1, zlib.crc32(task.id.encode())])
    sign = -1.0 if measure.higher_is_better is False else 1.0
    found = draw_orders(values.values, values.clusters, [sign * values.weigh(one) for one in effects], rng)
    return [None] * len(effects) if found is None else [float(share) for share in found.first]


def describe_orders(effects: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]) -> Iterator[str]:
    """Yield for each task the order of the steps, and how much of it is certain."""
    for one in asked:
        placed = find_places_of_steps(effects, answers, one)
        if len(placed) < 2:
            continue
        names = [answer.question.steps[0] for answer, _ in placed]
        first = [name for name, (_, (best, _)) in zip(names, placed, strict=True) if best == 1]
        if all(best == worst for _, (best, worst) in placed):
            told = "certain from first to last"
        elif len(first) == 1:
            told = f"that {first[0]} buys the most is certain, the rest of the order is not"
        elif len(first) < len(names):
            told = f"the most is bought by {' or '.join(first)}; more of the order is not certain"
        else:
            told = "no part of this order is certain"
        yield f"On {one[0].name} the steps buy in this order: {', '.join(names)}; {told}."


def make_effect_table(
    effects: Sequence[StepQuestion], interactions: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]
) -> Table:
    """Return main effects and interactions, a column a task."""
    columns = (Column("effect"), *(Column(task.name, measure.unit, difference=True) for task, measure in asked))
    lines: list[tuple[Cell, ...]] = []
    for question in (*effects, *interactions):
        found = [answers.get((question, task.name, measure.name)) for task, measure in asked]
        cells = [None if one is None else one.interval for one in found]
        lines.append((question.steps[0] if question.kind == "main" else question.label, *cells))
    return Table(
        "Main effects, and interactions (×): what steps bring together beyond each by itself", columns, tuple(lines)
    )


def describe_interactions(
    interactions: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]
) -> Iterator[str]:
    """Yield the interactions of two steps that are certain and matter, or that there is none."""
    told = 0
    pairs = [one for one in interactions if len(one.steps) == 2]
    for task, measure in asked:
        for question in pairs:
            found = answers.get((question, task.name, measure.name))
            if found is None or found.word in ("tied", "undecided"):
                continue
            told += 1
            more = (found.found.value > 0) == (measure.higher_is_better is not False)
            change = f"{_tell_size(found.interval, measure.unit)} {'more' if more else 'less'}"
            yield f"On {task.name}, {join_words(question.steps)} bring {change} together than one by one."
    if pairs and not told:
        yield "No two steps are shown to change what the other one brings."


def _tell_size(found: Interval, unit: str) -> str:
    """Return the size of a change, e.g. ``3.1 points (1.2 to 5.0)``."""
    scale, name, digits = (100.0, "points", ".1f") if unit == "1" else (1.0, unit, ".3g")
    low, high = sorted(abs(scale * end) for end in (found.low, found.high))
    return f"{abs(scale * found.value):{digits}} {name} ({low:{digits}} to {high:{digits}})"
