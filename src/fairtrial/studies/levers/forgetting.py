"""What was forgotten: tasks outside the domain, and harm, before and after each step; all of it holds together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtrial.ledger.cards import MeasureRecord
from fairtrial.ledger.plan import TaskRecord
from fairtrial.records.harms import HARMFUL, HELPFUL
from fairtrial.studies.base import Cell, Column, Table
from fairtrial.studies.levers.answers import Answers, StepAnswer, _Asked
from fairtrial.studies.levers.design import TUNE, LeverDesign, StepQuestion, join_words

SHOWN_MEASURES = (HARMFUL, HELPFUL)
"""Of tasks about harm."""


def list_outside(design: LeverDesign) -> list[_Asked]:
    """Return the tasks and measures that show what was forgotten."""
    found = [(task, task.main_measure) for task in design.outside]
    for task in design.harms:
        found += [(task, measure) for measure in task.card.measures if measure.name in SHOWN_MEASURES]
    return found


def list_learning(design: LeverDesign, questions: Sequence[StepQuestion]) -> list[StepQuestion]:
    """Return the questions about steps that tune, alone or together with others; all of them if none tunes."""
    learning = {step for step, levers in design.levers.items() if TUNE in levers}
    before_after = [
        one for one in questions if one.kind == "alone" or (one.kind == "whole" and one.after in design.chains)
    ]
    return [one for one in before_after if learning & set(one.steps)] or before_after


def make_forgetting_table(
    design: LeverDesign, questions: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]
) -> Iterator[Table]:
    """Yield before and after of each question, a table a unit; nothing if there is nothing outside the domain."""
    title = "Outside the domain" if design.outside else "Harm"
    for unit in dict.fromkeys(measure.unit for _, measure in asked):
        lines: list[tuple[Cell, ...]] = []
        for question in questions:
            for task, measure in asked:
                one = answers.get((question, task.name, measure.name))
                if one is not None and measure.unit == unit:
                    lines.append(
                        (question.label, _name_asked(task, measure), one.before, one.after, one.interval, one.word)
                    )
        if lines:
            columns = (
                *(Column("step"), Column("task"), Column("before", unit), Column("after", unit)),
                *(Column("change", unit, difference=True), Column("certain?")),
            )
            told = "before and after, paired; all intervals hold together"
            yield Table(f"{title}: {told}", columns, tuple(lines))


def _name_asked(task: TaskRecord, measure: MeasureRecord) -> str:
    return f"{task.name} ({measure.name})" if task.card.harms is not None else task.name


def describe_forgetting(
    design: LeverDesign, questions: Sequence[StepQuestion], answers: Answers, asked: Sequence[_Asked]
) -> Iterator[str]:
    """Yield for each step that learns what it certainly lost, what it kept, and what nobody can say yet."""
    for question in list_learning(design, questions):
        own = [found for one in asked if (found := answers.get((question, one[0].name, one[1].name))) is not None]
        quality = [one for one in own if one.task.card.harms is None]
        if quality:
            yield f"{question.label}, outside the domain: {_tell_quality(quality)}."
        harms = [one for one in own if one.task.card.harms is not None]
        if harms:
            yield f"{question.label}, in harm: {_tell_quality(harms)}."


def _tell_quality(answers: Sequence[StepAnswer]) -> str:
    parts = []
    for word, told in (("worse", "worse on"), ("better", "better on")):
        if own := [one for one in answers if one.word == word]:
            parts.append(f"{told} {join_words([_tell_change(one) for one in own])}")
    if kept := [one for one in answers if one.word == "tied"]:
        parts.append(f"within the margin on {join_words([_name_asked(one.task, one.measure) for one in kept])}")
    if left := [one for one in answers if one.word in ("undecided", "different")]:
        parts.append(f"undecided on {join_words([_tell_change(one) for one in left])}")
    return "; ".join(parts)


def _tell_change(one: StepAnswer) -> str:
    scale, name, digits = (
        (100.0, " points", "+.1f") if one.measure.unit == "1" else (1.0, f" {one.measure.unit}", "+.3g")
    )
    value, low, high = (
        f"{scale * end:{digits}}".replace("-", "−") for end in (one.found.value, one.found.low, one.found.high)
    )
    return f"{_name_asked(one.task, one.measure)} ({value}{name.rstrip()}, {low} to {high})"
