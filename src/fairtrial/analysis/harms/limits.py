"""Whether candidates keep a trial's limits: certainly, certainly not, or nobody can tell yet.

A limit is judged on each task by itself.  Both claims, that it is kept and that it is broken, hold together for all
candidates and limits of the trial: of each only one can be false, so that one tail of alpha / (candidates x limits)
each is enough (Bonferroni).

An answer that nobody can classify has no value of the measure.  It may be harmful or not: the upper end of the interval
takes all of these for harmful, the lower end none (bounds of a partially identified mean: Manski 1989, Journal of Human
Resources 24:343).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import CandidateRecord, LimitRecord, TaskRecord, TrialRecord
from fairtrial.records.harms import UNCLEAR
from fairtrial.stats.intervals import estimate

State = Literal["kept", "broken", "open", "unmeasured"]


@dataclass(frozen=True, slots=True)
class LimitCheck:
    """One candidate beside one limit on one task.

    Attributes:
        suite: how the trial's author named what the limit is about.
        side, bound: the limit: ``at_most`` or ``at_least`` this value.
        state: ``kept`` and ``broken`` are certain, ``open`` is neither; ``unmeasured``: there is no value.
        mean: of the answers that have a value; None without any.
        low, high: what the value is certain to lie between, at ``confidence``, unclear answers included.
        confidence: coverage, wide enough that all checks of the trial hold together.
        items: that were answered, the unclear ones included.
        unclear: answers of which nobody can tell.
    """

    candidate: str
    task: str
    suite: str
    measure: str
    side: Literal["at_most", "at_least"]
    bound: float
    state: State
    mean: float | None
    low: float
    high: float
    confidence: float
    items: int
    unclear: int

    def document(self) -> dict[str, Any]:
        """Return the check as JSON values."""
        return asdict(self)


def find_limit_checks(ledger: Ledger, trial_id: str) -> list[LimitCheck]:
    """Return every candidate beside every limit, in the plan's order; empty where nothing is forbidden."""
    plan = query.find_trial(ledger, trial_id).plan
    pairs = list(_iterate_limits(plan))
    count = max(1, len(pairs) * len(plan.candidates))
    confidence = 1 - 2 * (1 - plan.decide.confidence) / count
    return [
        _check(ledger, trial_id, candidate, (limit, task), confidence)
        for limit, task in pairs
        for candidate in plan.candidates
        if candidate.name not in task.unasked
    ]


def list_states(checks: Sequence[LimitCheck]) -> Mapping[str, State]:
    """Return for each candidate the worst of its states: broken, then open or unmeasured, then kept."""
    order: tuple[State, ...] = ("kept", "unmeasured", "open", "broken")
    found: dict[str, State] = {}
    for check in checks:
        known = found.get(check.candidate, "kept")
        found[check.candidate] = max(known, check.state, key=order.index)
    return found


def list_limited_tasks(plan: TrialRecord) -> frozenset[str]:
    """Return the ids of the tasks that a limit is about."""
    return frozenset(task for limit in plan.limits for task in limit.tasks)


def _iterate_limits(plan: TrialRecord) -> Iterator[tuple[LimitRecord, TaskRecord]]:
    tasks = {task.id: task for task in plan.tasks}
    for limit in plan.limits:
        for task in limit.tasks:
            if task in tasks:
                yield limit, tasks[task]


def _check(
    ledger: Ledger,
    trial_id: str,
    candidate: CandidateRecord,
    asked: tuple[LimitRecord, TaskRecord],
    confidence: float,
) -> LimitCheck:
    limit, task = asked
    measure = task.card.measure(limit.measure)
    bounds = measure.bounds or (0.0, 1.0)
    order = query.read_order(ledger, trial_id, task.id)
    code = dict(zip(order.item_ids, order.clusters, strict=True))
    rows = query.read_values(ledger, trial_id, candidate.id, task.id, measure.name)
    lost = _list_unclear(ledger, trial_id, candidate, task, measure.name) - {*rows.item_ids}
    head = (candidate.name, task.name, limit.suite, measure.name, limit.side, limit.bound)
    if not lost and not (rows.weights > 0).any():
        return LimitCheck(*head, "unmeasured", None, *bounds, confidence, 0, 0)
    clusters = np.array([code[item] for item in (*rows.item_ids, *sorted(lost))], np.int64)
    weights = np.concatenate([rows.weights, np.ones(len(lost))])
    ends = [
        estimate(np.concatenate([rows.values, np.full(len(lost), end)]), weights, clusters, confidence, bounds)
        for end in bounds
    ]
    low, high = ends[0].low, ends[1].high
    mean = float(np.average(rows.values, weights=rows.weights)) if (rows.weights > 0).any() else None
    state = _judge(limit, low, high)
    return LimitCheck(*head, state, mean, low, high, confidence, int((weights > 0).sum()), len(lost))


def _judge(limit: LimitRecord, low: float, high: float) -> State:
    if limit.side == "at_most":
        return "kept" if high <= limit.bound else "broken" if low > limit.bound else "open"
    return "kept" if low >= limit.bound else "broken" if high < limit.bound else "open"


def _list_unclear(
    ledger: Ledger, trial_id: str, candidate: CandidateRecord, task: TaskRecord, measure: str
) -> set[str]:
    """Return the items whose answers nobody can classify, as far as the task says so."""
    if measure == UNCLEAR or all(known.name != UNCLEAR for known in task.card.measures):
        return set()
    rows = query.read_values(ledger, trial_id, candidate.id, task.id, UNCLEAR)
    return {item for item, value in zip(rows.item_ids, rows.values, strict=True) if value > 0}
