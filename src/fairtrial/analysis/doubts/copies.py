"""Doubts about the items themselves: the same question several times."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TaskRecord
from fairtrial.records.duplicates import group_same


def find_copy_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each task that asks some question more than once."""
    for task in trial.plan.tasks:
        if task.form:
            continue
        items = query.count_trial_items(ledger, trial.id, task.id)
        copies, questions = _count_copies(ledger, trial.id, task)
        repeats = copies - questions
        if repeats > 0:
            separate = not task.copies and task.order == "clusters"
            counts = "are counted separately, as the trial was planned" if separate else "count as one"
            text = (
                f"{task.name}: {repeats:,} of {items:,} items repeat the question of another one (case, white space "
                f"and the order of choices apart), so that it has {items - repeats:,} questions; copies {counts}."
            )
            yield Doubt("duplicates", text, task.name, "", repeats, items, is_grave(repeats, items))


def _count_copies(ledger: Ledger, trial_id: str, task: TaskRecord) -> tuple[int, int]:
    """Return how many items ask what another one asks as well, and how many questions these are."""
    if known := task.copies:
        return known
    asked = query.read_trial_order(ledger, trial_id, task.id)
    groups = group_same(query.read_content_keys(ledger, task.id, asked))
    return sum(map(len, groups)), len(groups)
