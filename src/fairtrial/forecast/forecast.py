"""Before anything is spent: how many items a trial's questions will probably take, and what that will cost.

Reads the ledger for what is known already: how often two candidates differ, how far apart they are, what an item costs
each.  What is not known is supposed and said to be; a speed or a price that is not known stays unknown.  Asks nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from fairtrial.analysis.verdicts import iterate_questions
from fairtrial.forecast.judging import JudgedRate, find_judged_rates
from fairtrial.forecast.outlooks import QuestionForecast, forecast_question, make_suppositions
from fairtrial.forecast.rates import LearningCost, Rate, find_known_costs, find_learning_costs, find_rate, find_settled
from fairtrial.ledger import Ledger
from fairtrial.ledger.costs import sum_spending
from fairtrial.ledger.plan import make_plan_record
from fairtrial.planning.plan import Plan
from fairtrial.running.budget import MEASURED


@dataclass(frozen=True, slots=True)
class Total:
    """What the whole trial will probably still cost.

    Attributes:
        supposing: ``all items``, or how far apart every pair is supposed to be.
        costs: quantity to amount; ``items`` always, others as far as known.
        unknown: quantity to the number of (candidate, task) pairs whose part of it is not known.
        fits: limited quantity to whether it is enough; None where that is not known.
        most: US dollars at most of all that is paid by the token; None if nothing is.
        estimated: whether the dollars in ``costs`` are partly estimated from prices.
    """

    supposing: str
    costs: Mapping[str, float]
    unknown: Mapping[str, int]
    fits: Mapping[str, bool | None]
    most: float | None = None
    estimated: bool = False


@dataclass(frozen=True, slots=True)
class Forecast:
    """A trial before it is run."""

    name: str
    stop_early: bool
    questions: tuple[QuestionForecast, ...]
    rates: tuple[Rate, ...]
    totals: tuple[Total, ...]
    budget: Mapping[str, float]
    spent: Mapping[str, float]
    lessons: tuple[LearningCost, ...] = ()
    pairings: tuple[Mapping[str, Any], ...] = ()
    fit: Mapping[str, Any] | None = None
    trainings: tuple[Mapping[str, Any], ...] = ()
    """What a run trains before it asks: for which candidates, seconds, memory in bytes, steps."""

    def document(self) -> dict[str, Any]:
        """Return the forecast as JSON values; docs/schemas/plan.schema.json describes it."""
        return asdict(self)


def forecast_trial(plan: Plan, ledger: Ledger | None) -> Forecast:
    """Return what a trial will probably take.

    Args:
        plan: the trial.
        ledger: what is known already; None if there is no ledger yet.
    """
    asked = iterate_questions(make_plan_record(plan.document()))
    found = tuple(forecast_question(question, plan, ledger) for question in asked)
    pairs = [(c, t) for t in plan.tasks for c in plan.candidates if c.name not in t.unasked]
    done = {(c.name, t.name): find_settled(ledger, c, t) for c, t in pairs}
    rates = tuple(find_rate(c, t, sum(done[c.name, t.name]), plan, ledger) for c, t in pairs)
    learned = tuple(find_learning_costs(plan, ledger))
    judged = tuple(find_judged_rates(plan, ledger))
    budget = plan.trial.budget.limits()
    spent = {
        name: amount for name, amount in (sum_spending(ledger, plan.id) if ledger else {}).items() if name in budget
    }
    totals = []
    for supposing, stops in make_suppositions(plan, found):
        wanted = {key: sum(not seen for seen in done[key][: stops[key]]) for key in done}
        totals.append(add_up(supposing, plan, wanted, (rates, learned, judged), (budget, spent)))
    paired = tuple(
        {"task": t.name, "candidate": p.candidate, "items": p.items, "paired": p.paired}
        for t in plan.tasks
        for p in t.pairings
    )
    early = plan.trial.decide.stop_early
    return Forecast(
        plan.trial.name,
        early,
        found,
        rates,
        tuple(totals),
        budget,
        spent,
        learned,
        paired,
        trainings=tuple(_list_trainings(plan)),
    )


def _list_trainings(plan: Plan) -> list[Mapping[str, Any]]:
    """Return what training takes that a run does before it asks, each once, with those who are made from it."""
    found: dict[object, dict[str, Any]] = {}
    every = {candidate.name: candidate for candidate in (*plan.candidates, *plan.judges.named)}
    for candidate in every.values():
        for one in candidate.models.values():
            needed = one.model.notes.get("unmade")
            if isinstance(needed, Mapping):
                told = {"candidates": [], **{k: needed[k] for k in ("seconds", "memory_bytes", "steps")}}
                found.setdefault(needed["place"], told)["candidates"].append(candidate.name)
    return [*found.values()]


def add_up(
    supposing: str,
    plan: Plan,
    wanted: Mapping[tuple[str, str], int],
    prices: tuple[Sequence[Rate], Sequence[LearningCost], Sequence[JudgedRate]],
    tracker: tuple[Mapping[str, float], Mapping[str, float]],
) -> Total:
    """Return what asking so many items of each (candidate, task) will cost, and whether it fits the budget.

    ``prices``: of an item answer, of what cascades learn from, and of what judges are asked.
    ``tracker``: the limits, and what is spent of each.
    """
    rates, learned, judged = prices
    repeats = {task.name: task.entry.repeats for task in plan.tasks}
    answers = {key: count * repeats[key[1]] for key, count in wanted.items()}
    costs: dict[str, float] = {"items": float(sum(answers.values()) + sum(lesson.answers for lesson in learned))}
    unknown: dict[str, int] = {}
    mosts = [lesson.most for lesson in learned if lesson.most is not None]
    for rate in rates:
        count = answers[rate.candidate, rate.task]
        known = find_known_costs(rate)
        for quantity in MEASURED:
            if quantity in known:
                costs[quantity] = costs.get(quantity, 0.0) + count * known[quantity]
            elif count and not rate.recorded:
                unknown[quantity] = unknown.get(quantity, 0) + 1
        if rate.most is not None:
            mosts.append(count * rate.most)
    for lesson in learned:
        _add_costs(costs, unknown, lesson.costs, lesson.unknown)
    for one in judged:
        count = answers[one.candidate, one.task]
        costs["items"] += count
        known = {quantity: count * cost for quantity, cost in one.costs.items()}
        _add_costs(costs, unknown, known, [q for q in MEASURED if count and q not in known])
    mosts += [answers[one.candidate, one.task] * one.most for one in judged if one.most is not None]
    limits, spent = tracker
    fits = {}
    for quantity, limit in limits.items():
        left = limit - spent.get(quantity, 0.0)
        fits[quantity] = False if costs.get(quantity, 0.0) > left else None if unknown.get(quantity) else True
    asked = [rate for rate in rates if answers[rate.candidate, rate.task]]
    most = sum(mosts) if mosts else None
    if fits.get("usd", True) is None and most is not None and all(r.most is not None or r.recorded for r in asked):
        fits["usd"] = True if most <= limits["usd"] - spent.get("usd", 0.0) else None
    return Total(supposing, costs, unknown, fits, most, any(rate.about is not None for rate in asked))


def _add_costs(
    costs: dict[str, float], unknown: dict[str, int], more: Mapping[str, float], not_known: Iterable[str]
) -> None:
    """Add what something costs, and that parts of it are not known."""
    for quantity, cost in more.items():
        costs[quantity] = costs.get(quantity, 0.0) + cost
    for quantity in not_known:
        unknown[quantity] = unknown.get(quantity, 0) + 1
