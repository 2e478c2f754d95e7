"""What a unit buys: right answers per second, joule and dollar, and the share of right answers per gigabyte.

Right answers per unit of a cost are the inverse of the cost of a right answer, interval and all.  A gigabyte (1e9
bytes) of the file or of memory is no cost that adds up over items: the share of right answers is divided by it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.analysis.standings.costs import Cost, RatioInterval, counts_right_answers
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.ledger import query
from fairtrial.ledger.plan import TaskRecord
from fairtrial.stats.intervals import estimate

PER_COST = {
    "seconds": "second",
    "joules": "joule",
    "joules_estimated": "estimated joule",
    "usd": "US dollar",
}
"""Costs of which one unit buys right answers, with what the unit is called."""
PER_GIGABYTE = {"model_bytes": "gigabyte of the file", "memory_bytes": "gigabyte of peak memory"}
"""Measures of a candidate as a whole by which the share of right answers is divided."""


@dataclass(frozen=True, slots=True)
class Efficiency:
    """What one candidate gets on one task for a unit.

    Attributes:
        candidate, task, measure: names; ``measure`` is what is spent.
        per: the unit in words.
        amount: right answers for one unit or, per gigabyte, the share of right answers; with its interval.
    """

    candidate: str
    task: str
    measure: str
    per: str
    amount: RatioInterval


def find_efficiencies(rows: TrialValues, paid: Sequence[Cost]) -> list[Efficiency]:
    """Return all that is known, in the order of tasks, units and candidates."""
    found = []
    for task in (task for task in rows.plan.tasks if task.card.harms is None):
        for measure, per in PER_COST.items():
            for cost in paid:
                own = cost.per_correct
                if cost.task == task.name and cost.measure == measure and own is not None:
                    found.append(Efficiency(cost.candidate, cost.task, measure, per, _invert(own)))
        for measure, per in PER_GIGABYTE.items():
            sizes = read_latest_whole(rows, measure)
            for name in rows.names:
                share = _estimate_share_right(rows, task, name) if sizes.get(name) else None
                if share is not None:
                    gigabytes = sizes[name] / 1e9
                    amount = RatioInterval(*(end / gigabytes for end in (share.value, share.low, share.high)))
                    found.append(Efficiency(name, task.name, measure, per, amount))
    return found


def _invert(span: RatioInterval) -> RatioInterval:
    """Return one over a ratio with its interval."""
    ends = [1 / end if end > 0 else float("inf") for end in (span.value, span.high, span.low)]
    return RatioInterval(*ends)


def _estimate_share_right(rows: TrialValues, task: TaskRecord, name: str) -> RatioInterval | None:
    """Return a candidate's share of right answers; None if its answers are not right or wrong."""
    answers = rows.cell(name, task, task.main_measure.name)
    if not answers.counts or not counts_right_answers(task, answers):
        return None
    got = estimate(answers.values, answers.weights, rows.clusters(task, answers.at), rows.confidence, (0.0, 1.0))
    return RatioInterval(got.mean, got.low, got.high)


def read_latest_whole(rows: TrialValues, measure: str) -> dict[str, float]:
    """Return the latest value of a measure of candidates as a whole, by name; a file's size also from the record."""
    ids = {rows.candidate(name).id: name for name in rows.names}
    found = {
        ids[row.candidate_id]: row.value
        for row in query.read_whole_rows(rows.ledger, rows.trial_id)
        if row.measure == measure and row.candidate_id in ids
    }
    if measure == "model_bytes":
        sizes = {name: rows.candidate(name).record.bytes for name in rows.names}
        found = {**{name: float(size) for name, size in sizes.items() if size}, **found}
    return found
