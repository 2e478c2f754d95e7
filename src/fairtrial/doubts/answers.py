"""Doubts about how answers were given: unread, refused, unfinished, empty, near misses."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.doubts.base import Doubt
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.signs import sign_counts

HEADLINE_SHARE = 0.05
"""Share of a candidate's answers to a task from which the headline says how they were given."""

SENTENCES = {
    "empty": "{count} of {of} answers of {candidate} on {task} have no text.",
    "refused": "{count} of {of} answers of {candidate} on {task} were refused by its server; they count as wrong.",
    "unfinished": "{count} of {of} answers of {candidate} on {task} were cut off while it was still reasoning.",
    "unread": "No answer could be read from {count} of {of} texts of {candidate} on {task}; they count as wrong.",
    "near_miss": "{count} of {of} answers of {candidate} on {task} count as wrong though they differ from a right "
    "answer only in white space, case or final punctuation.",
}


def answer_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each sign, candidate and task of a trial."""
    candidates = {c["id"]: c["name"] for c in trial.plan["candidates"]}
    tasks = {t["id"]: t["name"] for t in trial.plan["tasks"]}
    for found in sign_counts(ledger, trial.id):
        if found.sign in SENTENCES and found.candidate_id in candidates and found.task_id in tasks:
            candidate, task = candidates[found.candidate_id], tasks[found.task_id]
            counts = {"count": f"{found.count:,}", "of": f"{found.of:,}"}
            text = SENTENCES[found.sign].format(candidate=candidate, task=task, **counts)
            severe = found.count >= HEADLINE_SHARE * found.of
            yield Doubt(found.sign, text, task, candidate, found.count, found.of, severe)
