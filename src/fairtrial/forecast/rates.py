"""What item answers cost each candidate, by what they have cost so far and by prices; what is not known is left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from fairtrial.forecast.charges import estimate_charge
from fairtrial.ledger import Ledger
from fairtrial.ledger.known import read_items_asked, read_mean_value
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.running.budget import MEASURED


@dataclass(frozen=True, slots=True)
class Rate:
    """What an item answer costs one candidate on one task.

    Attributes:
        candidate, task: names.
        known: items of the trial that the ledger has answers to.
        costs: quantity (minutes, usd, joules) to what it has cost; what is not known is not in it.
        about: US dollars by the price of tokens, where they are not measured yet.
        most: US dollars at most, where tokens have a price.
        no_price: why dollars are not known; empty if there is a price.
        recorded: its answers exist already and cost nothing.
    """

    candidate: str
    task: str
    known: int
    costs: Mapping[str, float]
    about: float | None = None
    most: float | None = None
    no_price: str = ""
    recorded: bool = False


@dataclass(frozen=True, slots=True)
class LearningCost:
    """Item answers that a cascade learns its threshold from; they enter no verdict, but are paid for.

    Attributes:
        cascade, task: names.
        answers: item answers still to be asked, of both its models together.
        costs: what they will cost, as far as that is known.
        most: US dollars at most, where tokens have a price.
        unknown: quantities of which part is not known.
    """

    cascade: str
    task: str
    answers: int
    costs: Mapping[str, float] = field(default_factory=dict)
    most: float | None = None
    unknown: tuple[str, ...] = ()


def find_rate(candidate: PlannedCandidate, task: PlannedTask, known: int, plan: Plan, ledger: Ledger | None) -> Rate:
    """Return what an item answer costs a candidate on a task."""
    if candidate.recorded:
        return Rate(candidate.name, task.name, known, {}, recorded=True)
    costs = read_costs(ledger, candidate.id, task.id)
    price = estimate_charge(candidate, task, plan, ledger)
    about = price.about if "usd" not in costs else None
    return Rate(candidate.name, task.name, known, costs, about, price.most, price.unknown)


def find_learning_costs(plan: Plan, ledger: Ledger | None) -> Iterator[LearningCost]:
    """Yield what levers still have to ask to learn their values; each answer once, whoever needs it."""
    seen: set[tuple[str, str]] = set()
    for learner, users in plan.learners:
        if learner.lever is None or not learner.lever.items_to_learn:
            continue
        if all(all(find_answered(ledger, user.id, task)) for user in users for task in plan.tasks):
            continue
        for task in plan.tasks:
            lesson = LearningCost(learner.name, task.name, 0)
            tuning = replace(task, items=task.tuning)
            for part in learner.parts.values():
                missing = find_answered(ledger, part.id, tuning).count(False) * task.entry.repeats
                if not missing or (part.id, task.id) in seen:
                    continue
                seen.add((part.id, task.id))
                lesson = add_answers(lesson, missing, find_rate(part, tuning, 0, plan, ledger))
            if lesson.answers:
                yield lesson


def add_answers(lesson: LearningCost, missing: int, part: Rate) -> LearningCost:
    """Return a lesson with the answers of one more model."""
    known = find_known_costs(part)
    costs = dict(lesson.costs)
    for quantity, cost in known.items():
        costs[quantity] = costs.get(quantity, 0.0) + missing * cost
    unknown = {*lesson.unknown, *(q for q in MEASURED if q not in known and not part.recorded)}
    most = lesson.most if part.most is None else (lesson.most or 0.0) + missing * part.most
    return replace(lesson, answers=lesson.answers + missing, costs=costs, most=most, unknown=tuple(sorted(unknown)))


def find_known_costs(rate: Rate) -> dict[str, float]:
    """Return what an item answer costs by quantity, dollars estimated where they are not measured."""
    return {**rate.costs, **({"usd": rate.about} if rate.about is not None else {})}


def find_answered(ledger: Ledger | None, candidate_id: str, task: PlannedTask) -> list[bool]:
    """Return for each item of a task, in the order of asking, whether the ledger has a candidate's answers to it."""
    if ledger is None:
        return [False] * len(task.items)
    seen = read_items_asked(ledger, candidate_id, task.id, task.entry.repeats)
    return [item.id in seen for item in task.items]


def find_settled(ledger: Ledger | None, candidate: PlannedCandidate, task: PlannedTask) -> list[bool]:
    """Return for each item of a task, in the order of asking, whether its answers cost a candidate nothing more.

    A candidate that is shown no images answers a task as it answers the form of it without images: once for both.
    """
    if task.shares_answers(candidate.spec):
        return [True] * len(task.items)
    return find_answered(ledger, candidate.id, task)


def read_costs(ledger: Ledger | None, candidate_id: str, task_id: str) -> dict[str, float]:
    """Return what an item answer has cost a candidate on a task, by quantity; without what was never measured."""
    if ledger is None:
        return {}
    means = {q: (read_mean_value(ledger, candidate_id, task_id, name), scale) for q, (name, scale) in MEASURED.items()}
    return {quantity: scale * mean for quantity, (mean, scale) in means.items() if mean is not None}
