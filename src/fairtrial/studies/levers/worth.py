"""Which step is worth its cost: what it certainly gains, loses, saves and takes, and what follows from that.

There is no sum of it all.  A step that gains or saves something and takes nothing is worth it; one that takes something
and certainly gains nothing is not; of one that does both the rate of exchange is told, and the reader decides.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from fairtrial.analysis.standings.values import TrialValues
from fairtrial.stats.quotients import estimate_quotient
from fairtrial.studies.base import Cell, Column, Interval, Table
from fairtrial.studies.levers.answers import Answers, StepAnswer, gather_values
from fairtrial.studies.levers.costs import PER_ITEM, CostChange, Costs
from fairtrial.studies.levers.design import TUNE, LeverDesign, StepQuestion, join_words
from fairtrial.studies.tuning import format_time, list_tunings

Judgement = Literal["worth it", "worth it if nothing is lost", "a trade", "not worth it", "not shown", "no difference"]
PHRASES = {
    "worth it": "is worth its cost",
    "worth it if nothing is lost": "is worth its cost if nothing is lost, which is not certain",
    "a trade": "is a trade",
    "not worth it": "is not worth its cost",
    "not shown": "is not shown to be worth its cost",
    "no difference": "makes no difference that matters",
}
MINUS = "\u2212"
PRICED = ("seconds", "joules", "joules_estimated", "usd")
"""Costs for which the price of one more right answer is told."""


@dataclass(frozen=True, slots=True)
class StepWorth:
    """What one step does in its place.

    Attributes:
        gains, losses: certain changes of quality, inside the domain and outside of it, and of harm.
        kept, open: changes certainly within the margin; those of which it is not certain.
        savings, prices: costs that are certainly less, or more, by enough to count; ``unsure``: those of which it is
            not certain.
        judgement: what follows.
    """

    question: StepQuestion
    gains: tuple[StepAnswer, ...]
    losses: tuple[StepAnswer, ...]
    kept: tuple[StepAnswer, ...]
    open: tuple[StepAnswer, ...]
    savings: tuple[CostChange, ...]
    prices: tuple[CostChange, ...]
    unsure: tuple[CostChange, ...]
    judgement: Judgement


def judge_steps(
    design: LeverDesign, questions: Sequence[StepQuestion], quality: Answers, costs: Costs
) -> list[StepWorth]:
    """Return what each step is worth, by the questions that `find_places` chooses."""
    return [judge_step(one, quality, costs) for one in find_places(design, questions)]


def find_places(design: LeverDesign, questions: Sequence[StepQuestion]) -> list[StepQuestion]:
    """Return the question by which each step is judged.

    In a factorial design it is what the step changes on average over all others; else what it changes in its place in
    the first chain that has it; if none has it, alone.
    """
    if design.factorial:
        return [one for one in questions if one.kind == "main"]
    found = []
    for step in design.steps:
        own = [one for one in questions if one.steps == (step,)]
        after = [one for one in own if one.kind == "after"]
        begun = any(chain[0] == step for chain in design.chains)
        place = own if begun else after + own
        found += place[:1]
    return found


def judge_step(question: StepQuestion, quality: Answers, costs: Costs) -> StepWorth:
    """Return what a step is worth by all that is known of it."""
    own = [answer for (asked, _, _), answer in quality.items() if asked == question]
    words = {word: tuple(one for one in own if one.word == word) for word in ("better", "worse", "tied", "undecided")}
    paid = [change for (asked, _), change in costs.items() if asked == question]
    savings = tuple(one for one in paid if one.word == "less")
    prices = tuple(one for one in paid if one.word == "more")
    unsure = tuple(one for one in paid if one.word == "open")
    gains, losses, kept, left = (words[word] for word in ("better", "worse", "tied", "undecided"))
    judgement = decide_worth(
        bool(gains or savings),
        bool(losses or prices),
        any(one.may_lose for one in left),
        any(one.may_gain for one in left),
    )
    if judgement == "no difference" and unsure:
        judgement = "not shown"
    return StepWorth(question, gains, losses, kept, left, savings, prices, unsure, judgement)


def decide_worth(good: bool, bad: bool, may_lose: bool, may_gain: bool) -> Judgement:
    """Return what follows.

    Args:
        good: something is certainly gained or saved.
        bad: something is certainly lost, or costs more.
        may_lose, may_gain: something may be lost, or gained, by more than the margin, and nobody knows yet.
    """
    if good and bad:
        return "a trade"
    if good:
        return "worth it if nothing is lost" if may_lose else "worth it"
    if bad:
        return "not shown" if may_gain else "not worth it"
    return "not shown" if may_lose or may_gain else "no difference"


def describe_worth(rows: TrialValues, design: LeverDesign, one: StepWorth) -> str:
    """Return in one sentence whether a step is worth its cost, and why."""
    parts = [_tell_change(answer, better=True) for answer in one.gains]
    parts += [_tell_change(answer, better=False) for answer in one.losses]
    parts += _tell_costs("saves", one.savings) + _tell_costs("takes", one.prices)
    if one.gains and one.prices:
        parts += [told for answer in one.gains for told in _tell_prices(rows, design, one, answer)]
    if (once := _find_training_seconds(rows, design, one.question)) is not None:
        parts.append(f"took {format_time(once)} of training, once")
    if one.kept:
        parts.append(f"changes nothing beyond the margin on {_name_tasks(one.kept)}")
    if one.open:
        parts.append(f"is undecided on {_name_tasks(one.open)}")
    if one.unsure:
        parts.append(f"may cost more or less in {join_words([cost.name for cost in one.unsure])}")
    told = "; ".join(f"it {part}" if i == 0 else part for i, part in enumerate(parts))
    return f"{one.question.label}: {PHRASES[one.judgement]}{': ' if told else ''}{told}."


def _find_training_seconds(rows: TrialValues, design: LeverDesign, question: StepQuestion) -> float | None:
    """Return how long a step that tunes took to train; None for other steps, and where nobody said."""
    if not any(TUNE in design.levers[step] for step in question.steps):
        return None
    known = list_tunings([rows.candidate(design.names[question.after])])
    seconds = [one.seconds for one in known if one.seconds is not None]
    return sum(seconds) if seconds else None


def _tell_change(answer: StepAnswer, *, better: bool) -> str:
    """Return what a step certainly does to a measure; of one that is better when less, e.g. ``lowers harmful by``."""
    if answer.measure.higher_is_better:
        return f"{'gains' if better else 'loses'} {_tell_points(answer)}"
    return f"{'lowers' if better else 'raises'} {answer.measure.name} by {_tell_points(answer, named=False)}"


def _tell_points(answer: StepAnswer, *, named: bool = True) -> str:
    """Return e.g. ``12.3 points on reading (8.1 to 16.4)``; of harm the measure's name is told, if wanted."""
    share = answer.measure.unit == "1"
    scale, unit = (100.0, "points") if share else (1.0, answer.measure.unit)
    ends = sorted(abs(scale * end) for end in (answer.found.low, answer.found.high))
    size = abs(scale * answer.found.value)
    digits = ".1f" if share else ".3g"
    what = (
        ""
        if not named or (answer.measure.name == answer.task.main_measure.name and not answer.task.card.harms)
        else f" ({answer.measure.name})"
    )
    return f"{size:{digits}} {unit} on {answer.task.name}{what} ({ends[0]:{digits}} to {ends[1]:{digits}})".replace(
        "  ", " "
    )


def _tell_costs(verb: str, changes: Sequence[CostChange]) -> list[str]:
    """Return savings or prices as one part, e.g. ``takes 3.1 times the seconds``."""
    words = [tell_times(one) for one in changes]
    return [f"{verb} {join_words(words)}"] if words else []


def tell_times(one: CostChange) -> str:
    """Return a change of cost as a share or a multiple of what it was before."""
    if math.isnan(one.times):
        return f"{one.change.value:+.3g} {one.name} per item".lstrip("+")
    if one.word == "less":
        return f"{100 * (1 - one.times):.0f}% of the {one.name}"
    return f"{100 * (one.times - 1):.0f}% more {one.name}" if one.times < 2 else f"{one.times:.3g} times the {one.name}"


def _name_tasks(answers: Sequence[StepAnswer]) -> str:
    names = [
        one.task.name if one.task.card.harms is None else f"{one.task.name} ({one.measure.name})" for one in answers
    ]
    return join_words(list(dict.fromkeys(names)))


def _tell_prices(rows: TrialValues, design: LeverDesign, one: StepWorth, answer: StepAnswer) -> Iterator[str]:
    """Yield what one more right answer costs, by each cost that is certainly more."""
    if answer.measure.unit != "1" or answer.task.card.harms is not None:
        return
    for change in one.prices:
        found = price_gain(rows, design, answer, change.measure) if change.measure in PRICED else None
        if found is not None:
            unit = PER_ITEM[change.measure][1]
            yield (
                f"one more right answer on {answer.task.name} costs {found.value:.3g} {unit} "
                f"({found.low:.3g} to {found.high:.3g})"
            )


def price_gain(rows: TrialValues, design: LeverDesign, answer: StepAnswer, measure: str) -> Interval | None:
    """Return the cost added for each right answer more; None where no interval bounds it."""
    gained = gather_values(rows, design, answer.task, answer.measure.name)
    spent = gather_values(rows, design, answer.task, measure)
    if gained is None or spent is None or gained.values.shape != spent.values.shape:
        return None
    change = [one.values @ one.weigh(answer.question) for one in (spent, gained)]
    there = np.isfinite(change[0]) & np.isfinite(change[1])
    if there.sum() < 2:
        return None
    sign = 1.0 if answer.measure.higher_is_better else -1.0
    found = estimate_quotient(change[0][there], sign * change[1][there], gained.clusters[there], rows.confidence)
    if found is None or not np.isfinite((found.low, found.high)).all():
        return None
    return Interval(found.value, found.low, found.high)


def make_worth_table(worth: Sequence[StepWorth]) -> Table:
    """Return each step with what it certainly changes."""
    columns = (Column("step"), Column("worth its cost?"), Column("changes for certain"), Column("costs"))
    lines: list[tuple[Cell, ...]] = []
    for one in worth:
        quality = [_tell_signed(answer) for answer in (*one.gains, *one.losses)]
        costs = ", ".join(_tell_share(change) for change in (*one.savings, *one.prices))
        unsure = f"not certain: {', '.join(change.name for change in one.unsure)}" if one.unsure else ""
        told = "; ".join(filter(None, (costs, unsure))) or "the same"
        lines.append((one.question.label, one.judgement, "; ".join(quality) or "nothing", told))
    return Table("Which step is worth its cost", columns, tuple(lines))


def _tell_signed(answer: StepAnswer) -> str:
    """Return e.g. ``+28.0 points on brackets``."""
    share = answer.measure.unit == "1"
    told = f"{100 * answer.found.value:+.1f} points" if share else f"{answer.found.value:+.3g} {answer.measure.unit}"
    return f"{told.replace('-', MINUS)} on {_name_tasks([answer])}"


def _tell_share(change: CostChange) -> str:
    """Return e.g. ``−40% seconds`` or ``3.01 × tokens written``."""
    if math.isnan(change.times):
        return f"{change.change.value:+.3g} {change.name}".replace("-", MINUS)
    if change.times >= 2:
        return f"{change.times:.3g} × {change.name}"
    return f"{100 * (change.times - 1):+.0f}% {change.name}".replace("-", MINUS)
