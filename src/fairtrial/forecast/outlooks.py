"""How many items the questions of a trial will probably take, by simulation.

What is not known of two candidates, how often they differ and how far apart they are, is supposed and said to be.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from fairtrial.analysis.verdicts import TrialQuestion
from fairtrial.ledger import Ledger
from fairtrial.ledger.known import read_paired_differences
from fairtrial.planning.plan import Plan, PlannedTask
from fairtrial.planning.requests import CHUNK_ITEMS
from fairtrial.planning.sampling import hash_to_int
from fairtrial.stats.foresight import simulate_stopping
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


def forecast_question(question: TrialQuestion, plan: Plan, ledger: Ledger | None) -> QuestionForecast:
    """Return how one question will probably go."""
    task = next(t for t in plan.tasks if t.id == question.task.id)
    differences = read_differences(question, ledger)
    enough = differences.size >= ENOUGH
    discordance = float(((differences**2).sum() + 0.5) / (differences.size + 1)) if enough else DISCORDANCE
    names = (question.a.name, question.b.name, task.name, question.measure.name)
    base = QuestionForecast(*names, len(task.items), differences.size, discordance, enough, (), "")
    if question.ended_by:
        return replace(base, follows=True, note="judged once, when the measures with bounds are settled")
    if question.rule.bounds != (0.0, 1.0):
        return replace(base, note="settled when all items are answered: the measure has no bounds to bet on")
    gaps = [(gap, False) for gap in GAPS]
    if enough:
        gaps.append((float(differences.mean()), True))
    clusters, rule = find_layout(task, question.make_family_rule())
    outlooks = tuple(
        simulate_outlook(gap, measured, discordance, rule, (clusters, len(task.items))) for gap, measured in gaps
    )
    note = ""
    if clusters:
        note = (
            f"the items are {len(set(clusters))} clusters of up to {task.largest_cluster}, and whole clusters count; "
            "'target: benchmark', a claim about these items only, would need fewer"
        )
    return replace(base, outlooks=outlooks, note=note)


def find_layout(task: PlannedTask, rule: Rule) -> tuple[tuple[int, ...], Rule]:
    """Return the cluster of each item as a trial that may stop early asks them, and the rule for that.

    No clusters where they do not matter: each item has its own, or the claim is about the benchmark's own items.
    """
    if task.largest_cluster == 1 or (rule.target == "benchmark" and not rule.noisy):
        return (), replace(rule, shuffled="items", largest_cluster=1)
    codes: dict[str, int] = {}
    asked = [codes.setdefault(item.cluster, len(codes)) for item in task.items]
    return tuple(sorted(asked)), replace(rule, shuffled="clusters", largest_cluster=task.largest_cluster)


def read_differences(question: TrialQuestion, ledger: Ledger | None) -> np.ndarray:
    """Return (n,) the differences a - b on all items of the task that both have answered, in any trial."""
    if ledger is None:
        return np.zeros(0)
    ids = (question.a.id, question.b.id, question.task.id)
    return read_paired_differences(ledger, *ids, question.measure.name)


def simulate_outlook(
    gap: float, measured: bool, discordance: float, rule: Rule, layout: tuple[tuple[int, ...], int]
) -> Outlook:
    """Simulate a question; the same suppositions give the same answer, and are simulated once.

    ``find_layout``: the cluster of each item if they matter, and how many items are asked.
    """
    clusters, items = layout
    size = min(1.0, max(round(discordance, 2), abs(round(gap, 3)), 0.005))
    finite = rule.target == "benchmark" and not rule.noisy and rule.total is not None
    total = rule.total if finite else items
    stops = simulate(abs(round(gap, 3)), size, replace(rule, total=total, higher_is_better=True), clusters)
    median, ninety = (None if stop is None or stop > items else stop for stop in stops[:2])
    return Outlook(gap, measured, median, ninety, stops[2] if total == items else None)


@lru_cache(maxsize=1000)
def simulate(
    gap: float, discordance: float, rule: Rule, clusters: tuple[int, ...]
) -> tuple[int | None, int | None, float]:
    """Return (median, nine in ten, share settled) of simulated trials."""
    rng = np.random.default_rng(hash_to_int(f"{gap} {discordance} {rule}"))
    draws = max(50, min(200, MOST_WORK // (rule.total or 1)))
    found = simulate_stopping(gap, discordance, rule, rng, draws, np.array(clusters) if clusters else None)
    return found.median, found.ninety, found.settled


def make_suppositions(
    plan: Plan, found: Sequence[QuestionForecast]
) -> Iterator[tuple[str, dict[tuple[str, str], int]]]:
    """Yield each supposition about all pairs, with how many items each (candidate, task) is then asked.

    A candidate is asked until half of the trials like this one have settled its last question, and the baseline as
    long as anybody; whole chunks; and everything where a question is settled by no less.
    """
    everything = {
        (c.name, t.name): len(t.items) for c in plan.candidates for t in plan.tasks if c.name not in t.unasked
    }
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
            yield "as far apart as so far" if gap is None else describe_gap(gap), stops
    yield "all items", everything


def describe_gap(gap: float) -> str:
    """Return a supposition in words."""
    return f"{100 * gap:g} points apart" if gap else "equally good"
