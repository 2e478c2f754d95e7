"""Before anything is spent: how many items a trial's questions will probably take, and what that will cost.

Reads the ledger for what is known already: how often two candidates differ, how far apart they are, what an item costs
each.  What is not known is supposed and said to be; a speed or a price that is not known stays unknown.  Asks nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np

from fairtrial.analysis.verdicts import Question, questions
from fairtrial.forecast.charges import Lesson, charge
from fairtrial.ledger import Ledger
from fairtrial.ledger.costs import spent_so_far
from fairtrial.ledger.known import items_asked, mean_value, paired_differences
from fairtrial.ledger.plan import plan_record
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import CHUNK_ITEMS
from fairtrial.planning.sampling import stable_int
from fairtrial.running.budget import MEASURED
from fairtrial.stats.foresight import foresee
from fairtrial.stats.paired import Rule

GAPS = (0.0, 0.05, 0.10)
"""Suppositions about how far apart two candidates are."""

DISCORDANCE = 0.20
"""Supposed share of items on which two candidates differ, where nothing is known."""

ENOUGH = 20
"""Items that both must have answered before their answers are better than a supposition."""

MOST_WORK = 600_000
"""Simulated items of one outlook: 200 trials of a small benchmark, fewer of a large one."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """How a question will probably go if the candidates are so far apart.

    Attributes:
        gap: how far apart they are supposed to be, or have been so far.
        measured: whether ``gap`` is what the answers in the ledger say.
        median: items after which half of the trials like this one have their verdict; None if fewer than half have.
        ninety: the same for nine in ten.
        settled: share of trials that have a verdict before the items run out; None if only part of a benchmark that the
            claim is about is asked.
    """

    gap: float
    measured: bool
    median: int | None
    ninety: int | None
    settled: float | None


@dataclass(frozen=True, slots=True)
class QuestionForecast:
    """One pair on one task and measure.

    Attributes:
        a, b, task, measure: names.
        items: items that the trial may ask.
        known: items in the ledger that both have answered.
        discordance: mean square of the differences (for right or wrong: share of items on which they differ).
        measured: whether ``discordance`` is from the ledger; else it is supposed.
        outlooks: one a supposition; none where the question can only be settled when all items are answered.
        note: why there are no outlooks, or what they do not see; empty if nothing.
        follows: whether the question is judged when the others about this pair and task are settled.
    """

    a: str
    b: str
    task: str
    measure: str
    items: int
    known: int
    discordance: float
    measured: bool
    outlooks: tuple[Outlook, ...]
    note: str
    follows: bool = False


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
    lessons: tuple[Lesson, ...] = ()
    pairings: tuple[Mapping[str, Any], ...] = ()
    fit: Mapping[str, Any] | None = None

    def document(self) -> dict[str, Any]:
        """Return the forecast as JSON values; docs/schemas/plan.schema.json describes it."""
        return asdict(self)


def forecast(plan: Plan, ledger: Ledger | None) -> Forecast:
    """Return what a trial will probably take.

    Args:
        plan: the trial.
        ledger: what is known already; None if there is no ledger yet.
    """
    document = plan_record(plan.document())
    found = tuple(question_forecast(q, plan, ledger) for q in questions(document))
    done = {(c.name, t.name): answered(ledger, c.id, t) for c in plan.candidates for t in plan.tasks}
    rates = tuple(rate(c, t, sum(done[c.name, t.name]), plan, ledger) for t in plan.tasks for c in plan.candidates)
    learned = tuple(lessons(plan, ledger))
    budget = plan.trial.budget.limits()
    spent = {
        name: amount for name, amount in (spent_so_far(ledger, plan.id) if ledger else {}).items() if name in budget
    }
    totals = []
    for supposing, stops in suppositions(plan, found):
        wanted = {key: sum(not seen for seen in done[key][: stops[key]]) for key in done}
        totals.append(total(supposing, plan, wanted, (rates, learned), (budget, spent)))
    paired = tuple(
        {"task": t.name, "candidate": p.candidate, "items": p.items, "paired": p.paired}
        for t in plan.tasks
        for p in t.pairings
    )
    early = plan.trial.decide.stop_early
    return Forecast(plan.trial.name, early, found, rates, tuple(totals), budget, spent, learned, paired)


def rate(candidate: PlannedCandidate, task: PlannedTask, known: int, plan: Plan, ledger: Ledger | None) -> Rate:
    """Return what an item answer costs a candidate on a task."""
    if candidate.recorded:
        return Rate(candidate.name, task.name, known, {}, recorded=True)
    costs = costs_of(ledger, candidate.id, task.id)
    price = charge(candidate, task, plan, ledger)
    about = price.about if "usd" not in costs else None
    return Rate(candidate.name, task.name, known, costs, about, price.most, price.unknown)


def lessons(plan: Plan, ledger: Ledger | None) -> Iterator[Lesson]:
    """Yield what levers still have to ask to learn their values; each answer once, whoever needs it."""
    seen: set[tuple[str, str]] = set()
    for learner, candidate in plan.learners:
        if learner.lever is None or not learner.lever.items_to_learn:
            continue
        if all(all(answered(ledger, candidate.id, task)) for task in plan.tasks):
            continue
        for task in plan.tasks:
            lesson = Lesson(candidate.name, task.name, 0)
            tuning = replace(task, items=task.tuning)
            for part in learner.parts.values():
                missing = answered(ledger, part.id, tuning).count(False) * task.entry.repeats
                if not missing or (part.id, task.id) in seen:
                    continue
                seen.add((part.id, task.id))
                lesson = learned_from(lesson, missing, rate(part, tuning, 0, plan, ledger))
            if lesson.answers:
                yield lesson


def learned_from(lesson: Lesson, missing: int, part: Rate) -> Lesson:
    """Return a lesson with the answers of one more model."""
    known = known_costs(part)
    costs = dict(lesson.costs)
    for quantity, cost in known.items():
        costs[quantity] = costs.get(quantity, 0.0) + missing * cost
    unknown = {*lesson.unknown, *(q for q in MEASURED if q not in known and not part.recorded)}
    most = lesson.most if part.most is None else (lesson.most or 0.0) + missing * part.most
    return replace(lesson, answers=lesson.answers + missing, costs=costs, most=most, unknown=tuple(sorted(unknown)))


def known_costs(rate: Rate) -> dict[str, float]:
    """Return what an item answer costs by quantity, dollars estimated where they are not measured."""
    return {**rate.costs, **({"usd": rate.about} if rate.about is not None else {})}


def question_forecast(question: Question, plan: Plan, ledger: Ledger | None) -> QuestionForecast:
    """Return how one question will probably go."""
    task = next(t for t in plan.tasks if t.id == question.task["id"])
    differences = seen_differences(question, ledger)
    enough = differences.size >= ENOUGH
    discordance = float(((differences**2).sum() + 0.5) / (differences.size + 1)) if enough else DISCORDANCE
    names = (question.a["name"], question.b["name"], task.name, question.measure["name"])
    base = QuestionForecast(*names, len(task.items), differences.size, discordance, enough, (), "")
    if question.enders:
        return replace(base, follows=True, note="judged once, when the measures with bounds are settled")
    if question.rule.bounds != (0.0, 1.0):
        return replace(base, note="settled when all items are answered: the measure has no bounds to bet on")
    gaps = [(gap, False) for gap in GAPS]
    if enough:
        gaps.append((float(differences.mean()), True))
    clusters, rule = layout(task, question.together())
    outlooks = tuple(outlook(gap, measured, discordance, rule, (clusters, len(task.items))) for gap, measured in gaps)
    note = ""
    if clusters:
        note = (
            f"the items are {len(set(clusters))} clusters of up to {task.largest_cluster}, and whole clusters count; "
            "'target: benchmark', a claim about these items only, would need fewer"
        )
    return replace(base, outlooks=outlooks, note=note)


def layout(task: PlannedTask, rule: Rule) -> tuple[tuple[int, ...], Rule]:
    """Return the cluster of each item as a trial that may stop early asks them, and the rule for that.

    No clusters where they do not matter: each item has its own, or the claim is about the benchmark's own items.
    """
    if task.largest_cluster == 1 or (rule.target == "benchmark" and not rule.noisy):
        return (), replace(rule, shuffled="items", largest_cluster=1)
    codes: dict[str, int] = {}
    asked = [codes.setdefault(item.cluster, len(codes)) for item in task.items]
    return tuple(sorted(asked)), replace(rule, shuffled="clusters", largest_cluster=task.largest_cluster)


def seen_differences(question: Question, ledger: Ledger | None) -> np.ndarray:
    """Return (n,) the differences a - b on all items of the task that both have answered, in any trial."""
    if ledger is None:
        return np.zeros(0)
    ids = (question.a["id"], question.b["id"], question.task["id"])
    return paired_differences(ledger, *ids, question.measure["name"])


def outlook(gap: float, measured: bool, discordance: float, rule: Rule, layout: tuple[tuple[int, ...], int]) -> Outlook:
    """Simulate a question; the same suppositions give the same answer, and are simulated once.

    ``layout``: the cluster of each item if they matter, and how many items are asked.
    """
    clusters, items = layout
    size = min(1.0, max(round(discordance, 2), abs(round(gap, 3)), 0.005))
    finite = rule.target == "benchmark" and not rule.noisy and rule.total is not None
    total = rule.total if finite else items
    stops = simulated(abs(round(gap, 3)), size, replace(rule, total=total, higher_is_better=True), clusters)
    median, ninety = (None if stop is None or stop > items else stop for stop in stops[:2])
    return Outlook(gap, measured, median, ninety, stops[2] if total == items else None)


@lru_cache(maxsize=1000)
def simulated(
    gap: float, discordance: float, rule: Rule, clusters: tuple[int, ...]
) -> tuple[int | None, int | None, float]:
    """Return (median, nine in ten, share settled) of simulated trials."""
    rng = np.random.default_rng(stable_int(f"{gap} {discordance} {rule}"))
    draws = max(50, min(200, MOST_WORK // (rule.total or 1)))
    found = foresee(gap, discordance, rule, rng, draws, np.array(clusters) if clusters else None)
    return found.median, found.ninety, found.settled


def suppositions(plan: Plan, found: Sequence[QuestionForecast]) -> Iterator[tuple[str, dict[tuple[str, str], int]]]:
    """Yield each supposition about all pairs, with how many items each (candidate, task) is then asked.

    A candidate is asked until half of the trials like this one have settled its last question, and the baseline as
    long as anybody; whole chunks; and everything where a question is settled by no less.
    """
    everything = {(c.name, t.name): len(t.items) for c in plan.candidates for t in plan.tasks}
    if plan.trial.decide.stop_early and found:
        found = [q for q in found if not q.follows]
        measured = all(any(o.measured for o in q.outlooks) for q in found)
        for at, gap in enumerate([*GAPS, None] if measured else GAPS):
            stops: dict[tuple[str, str], int] = {}
            for q in found:
                median = q.outlooks[at].median if q.outlooks else None
                chunked = q.items if median is None else min(q.items, math.ceil(median / CHUNK_ITEMS) * CHUNK_ITEMS)
                for name in (q.a, q.b):
                    stops[name, q.task] = max(stops.get((name, q.task), 0), chunked)
            yield "as far apart as so far" if gap is None else apart(gap), stops
    yield "all items", everything


def apart(gap: float) -> str:
    """Return a supposition in words."""
    return f"{100 * gap:g} points apart" if gap else "equally good"


def answered(ledger: Ledger | None, candidate_id: str, task: PlannedTask) -> list[bool]:
    """Return for each item of a task, in the order of asking, whether the ledger has a candidate's answers to it."""
    if ledger is None:
        return [False] * len(task.items)
    seen = items_asked(ledger, candidate_id, task.id, task.entry.repeats)
    return [item.id in seen for item in task.items]


def costs_of(ledger: Ledger | None, candidate_id: str, task_id: str) -> dict[str, float]:
    """Return what an item answer has cost a candidate on a task, by quantity; without what was never measured."""
    if ledger is None:
        return {}
    means = {q: (mean_value(ledger, candidate_id, task_id, name), scale) for q, (name, scale) in MEASURED.items()}
    return {quantity: scale * mean for quantity, (mean, scale) in means.items() if mean is not None}


def total(
    supposing: str,
    plan: Plan,
    wanted: Mapping[tuple[str, str], int],
    prices: tuple[Sequence[Rate], Sequence[Lesson]],
    purse: tuple[Mapping[str, float], Mapping[str, float]],
) -> Total:
    """Return what asking so many items of each (candidate, task) will cost, and whether it fits the budget.

    ``prices``: of an item answer, and of what cascades learn from.  ``purse``: the limits, and what is spent of each.
    """
    rates, learned = prices
    repeats = {task.name: task.entry.repeats for task in plan.tasks}
    answers = {key: count * repeats[key[1]] for key, count in wanted.items()}
    costs: dict[str, float] = {"items": float(sum(answers.values()) + sum(lesson.answers for lesson in learned))}
    unknown: dict[str, int] = {}
    mosts = [lesson.most for lesson in learned if lesson.most is not None]
    for rate in rates:
        count = answers[rate.candidate, rate.task]
        known = known_costs(rate)
        for quantity in MEASURED:
            if quantity in known:
                costs[quantity] = costs.get(quantity, 0.0) + count * known[quantity]
            elif count and not rate.recorded:
                unknown[quantity] = unknown.get(quantity, 0) + 1
        if rate.most is not None:
            mosts.append(count * rate.most)
    for lesson in learned:
        for quantity in MEASURED:
            if quantity in lesson.costs:
                costs[quantity] = costs.get(quantity, 0.0) + lesson.costs[quantity]
            if quantity in lesson.unknown:
                unknown[quantity] = unknown.get(quantity, 0) + 1
    limits, spent = purse
    fits = {}
    for quantity, limit in limits.items():
        left = limit - spent.get(quantity, 0.0)
        fits[quantity] = False if costs.get(quantity, 0.0) > left else None if unknown.get(quantity) else True
    asked = [rate for rate in rates if answers[rate.candidate, rate.task]]
    most = sum(mosts) if mosts else None
    if fits.get("usd", True) is None and most is not None and all(r.most is not None or r.recorded for r in asked):
        fits["usd"] = True if most <= limits["usd"] - spent.get("usd", 0.0) else None
    return Total(supposing, costs, unknown, fits, most, any(rate.about is not None for rate in asked))
