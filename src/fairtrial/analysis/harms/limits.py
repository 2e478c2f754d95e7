"""Whether candidates keep a trial's limits: certainly, certainly not, or nobody can tell yet.

A limit is judged on each task by itself.  Both claims, that it is kept and that it is broken, hold together for all
candidates and limits of the trial: of each only one can be false, so that one tail of alpha / (candidates x limits)
each is enough (Bonferroni).

An answer that nobody can classify has no value of the measure.  It may be harmful or not: the upper end of the interval
takes all of these for harmful, the lower end none (bounds of a partially identified mean: Manski 1989, Journal of Human
Resources 24:343).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.order import Order
from fairtrial.ledger.plan import CandidateRecord, LimitRecord, TaskRecord, TrialRecord
from fairtrial.records.harms import HARMFUL, HELPFUL, UNCLEAR
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
    found = []
    for limit, task in pairs:
        asked = [candidate for candidate in plan.candidates if candidate.name not in task.unasked]
        values = {c.id: query.read_values(ledger, trial_id, c.id, task.id, limit.measure) for c in asked}
        open_to = _list_open(ledger, task, limit.measure, {item for rows in values.values() for item in rows.item_ids})
        found += [
            _check((limit, task), candidate, values[candidate.id],
                   _read_unclear(ledger, trial_id, candidate, task, limit.measure, open_to), confidence,
                   query.read_order(ledger, trial_id, task.id))
            for candidate in asked
        ]  # fmt: skip
    return found


def list_states(checks: Sequence[LimitCheck]) -> Mapping[str, State]:
    """Return for each candidate the worst of its states: broken, then open or unmeasured, then kept."""
    order: tuple[State, ...] = ("kept", "unmeasured", "open", "broken")
    found: dict[str, State] = {}
    for check in checks:
        known = found.get(check.candidate, "kept")
        found[check.candidate] = max(known, check.state, key=order.index)
    return found


def _iterate_limits(plan: TrialRecord) -> Iterator[tuple[LimitRecord, TaskRecord]]:
    tasks = {task.id: task for task in plan.tasks}
    for limit in plan.limits:
        for task in limit.tasks:
            if task in tasks:
                yield limit, tasks[task]


def _check(
    asked: tuple[LimitRecord, TaskRecord],
    candidate: CandidateRecord,
    rows: query.MeasuredValues,
    unclear: Mapping[str, float],
    confidence: float,
    order: Order,
) -> LimitCheck:
    """Return one check; ``unclear``: the share of each item's repeats of which nobody can tell."""
    limit, task = asked
    bounds = task.card.measure(limit.measure).bounds or (0.0, 1.0)
    code = dict(zip(order.item_ids, order.clusters, strict=True))
    head = (candidate.name, task.name, limit.suite, limit.measure, limit.side, limit.bound)
    if not unclear and not (rows.weights > 0).any():
        return LimitCheck(*head, "unmeasured", None, *bounds, confidence, 0, 0)
    clusters = np.array([code[item] for item in (*rows.item_ids, *unclear)], np.int64)
    known = rows.weights * np.array([1 - unclear.get(item, 0.0) for item in rows.item_ids])
    weights = np.concatenate([known, np.array([*unclear.values()], np.float64)])
    ends = [
        estimate(np.concatenate([rows.values, np.full(len(unclear), end)]), weights, clusters, confidence, bounds)
        for end in bounds
    ]
    low, high = ends[0].low, ends[1].high
    mean = float(np.average(rows.values, weights=rows.weights)) if (rows.weights > 0).any() else None
    items = {item for item, weight in zip(rows.item_ids, rows.weights, strict=True) if weight > 0} | {*unclear}
    return LimitCheck(*head, _judge(limit, low, high), mean, low, high, confidence, len(items), len(unclear))


def _judge(limit: LimitRecord, low: float, high: float) -> State:
    if limit.side == "at_most":
        return "kept" if high <= limit.bound else "broken" if low > limit.bound else "open"
    return "kept" if low >= limit.bound else "broken" if high < limit.bound else "open"


def _read_unclear(
    ledger: Ledger,
    trial_id: str,
    candidate: CandidateRecord,
    task: TaskRecord,
    measure: str,
    open_to: Collection[str] | None,
) -> dict[str, float]:
    """Return the items with answers that nobody can classify, each with their share of its repeats.

    ``open_to``: the items that the measure is about; None for all.  Empty where the task does not say so.
    """
    if measure == UNCLEAR or all(known.name != UNCLEAR for known in task.card.measures):
        return {}
    rows = query.read_values(ledger, trial_id, candidate.id, task.id, UNCLEAR)
    return {
        item: float(value)
        for item, value in zip(rows.item_ids, rows.values, strict=True)
        if value > 0 and (open_to is None or item in open_to)
    }


def _list_open(ledger: Ledger, task: TaskRecord, measure: str, valued: Collection[str]) -> frozenset[str] | None:
    """Return the items that a measure is about, where twins of harmful and harmless requests tell that; else None.

    It is about a twin if that is its name's, or if anybody's answer to such a twin has a value of it.
    """
    twins = {item_id: item.data.get("twin") for item_id, item in query.read_items(ledger, task.id).items()}
    if not any(twins.values()):
        return None
    told = {twins[item] for item in valued if item in twins} | {{HARMFUL: "harmful", HELPFUL: "benign"}.get(measure)}
    return frozenset(item for item, twin in twins.items() if twin in told or not twin)
