"""Doubts about functions on trial: rows at which they failed, tokens that they do not tell."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.signs import FAILED, count_signs

FAILING = (
    "{candidate} failed at {count:,} of {of:,} items of {task}, e.g. it {why}. No verdict on it counts these items; if "
    "they are hard ones, it looks better than it is. The same trial run again asks them again."
)
UNCOUNTED = (
    "{candidate} is a function that tells no tokens: one for four bytes is counted, and what it reads and writes on "
    "its own is not seen."
)


def find_function_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield at how many items of a task a function failed, and which functions tell no tokens."""
    names, tasks = get_names_by_id(trial)
    mains = {task.id: task.card.main_measure for task in trial.plan.tasks}
    failed: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for row in query.read_absences(ledger, trial.id):
        if row["reason"].startswith(FAILED) and row["measure"] == mains.get(row["task_id"]):
            told = (row["items"], row["reason"].removeprefix(FAILED))
            failed.setdefault((row["candidate_id"], row["task_id"]), []).append(told)
    for (candidate, task), whys in failed.items():
        count = sum(items for items, _ in whys)
        of = query.count_trial_items(ledger, trial.id, task) * query.count_repeats(ledger, trial.id, task)
        why = max(whys)[1]
        text = FAILING.format(candidate=names[candidate], count=count, of=of, task=tasks[task], why=why)
        yield Doubt("failed", text, tasks[task], names[candidate], count, of, is_grave(count, of))
    functions = {c.id for c in trial.plan.candidates if c.record.engine == "function"}
    counted = {found.candidate_id for found in count_signs(ledger, trial.id) if found.sign == "counted"}
    for one in trial.plan.candidates:
        if one.id in functions & counted:
            yield Doubt("counted", UNCOUNTED.format(candidate=one.name), candidate=one.name)
