"""Tasks of which too few items have a recorded answer: no verdict on what happens to match."""

from __future__ import annotations

import math
from dataclasses import replace

from fairtrial.analysis.verdicts.results import Verdict
from fairtrial.ledger.plan import TaskRecord, TrialRecord


def count_matched(task: TaskRecord) -> tuple[int, int] | None:
    """Return how many items of a planned task every recorded candidate has answered, and of how many; None without."""
    pairings = task.pairings
    if not pairings:
        return None
    return min(p.matched for p in pairings), max(p.items for p in pairings)


def get_least_matched(plan: TrialRecord) -> float:
    """Return the share of a task's items that must be matched before there is a verdict on it."""
    return plan.decide.least_matched


def find_too_few_matched(plan: TrialRecord) -> dict[str, tuple[int, int]]:
    """Return the tasks, by name, of which too small a share of the items is matched, with the two counts."""
    least = get_least_matched(plan)
    shares = {task.name: count_matched(task) for task in plan.tasks}
    return {name: share for name, share in shares.items() if share is not None and share[0] < least * share[1]}


def withhold_verdict(found: Verdict) -> Verdict:
    """Return the comparison without its verdict; the difference on the matched items stays, its interval says nothing
    of the others.
    """
    return replace(
        found,
        verdict="undecided",
        alone="undecided",
        not_inferior=None,
        not_inferior_alone=None,
        items_needed=None,
        low=-math.inf,
        high=math.inf,
        low_together=-math.inf,
        high_together=math.inf,
        method=f"{found.method}; withheld: too few items have recorded answers",
    )
