"""Doubts about answers of guarded candidates: what no guard looked at, checks that failed, tasks that it changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.signs import count_signs
from fairtrial.records.held_back import knows_held_back

SENTENCES: Mapping[str, str] = {
    "unguarded": "{candidate} is guarded, and {count} of {of} answers of it to {task} are scores of given texts, which "
    "its guard does not look at: they say nothing of the guard.",
    "guard_failed": "A check of the guard of {candidate} could not be made for {count} of {of} answers to {task}; what "
    "followed is what its policy says of checks that fail.",
    "guard_right": "{count} of {of} answers of {candidate} to {task} are its guard's own words and are graded as right "
    "answers: the task does not know them from the model's.",
    "guard_blocked": "{count} of {of} answers of {candidate} to {task}, which is no task about harm, are the words of "
    "its guard, which blocked question or answer; they are graded as answers.",
    "guard_referred": "{count} of {of} answers of {candidate} to {task}, which is no task about harm, are the words of "
    "its guard, which names an authority to ask; they are graded as answers.",
    "guard_rewrote": "The guard of {candidate} changed the question or the answer for {count} of {of} answers to "
    "{task}, which is no task about harm; they are graded as changed.",
}
ALWAYS = ("unguarded", "guard_failed", "guard_right")
"""Signs that the headline tells however few answers have them, of every task."""


def find_guard_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each guarded candidate, task, and thing to be known of its guard."""
    candidates, tasks = get_names_by_id(trial)
    knowing = {
        task.id
        for task in trial.plan.tasks
        if task.card.harms is not None or knows_held_back(task.card.settings.document)
    }
    for found in count_signs(ledger, trial.id):
        if found.sign not in SENTENCES or found.candidate_id not in candidates or found.task_id not in tasks:
            continue
        if found.sign not in ALWAYS and found.task_id in knowing:
            continue
        candidate, task = candidates[found.candidate_id], tasks[found.task_id]
        counts = {"count": f"{found.count:,}", "of": f"{found.of:,}"}
        text = SENTENCES[found.sign].format(candidate=candidate, task=task, **counts)
        grave = found.sign in ALWAYS or is_grave(found.count, found.of)
        yield Doubt(found.sign, text, task, candidate, found.count, found.of, grave)
