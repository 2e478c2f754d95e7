"""Doubts about answers for which an archive was searched: nothing found, not all shown, quotations that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TaskRecord
from fairtrial.ledger.signs import SignCount, count_answers_with_all, count_signs

NOTHING, ABSTAINED = "found_nothing", "abstained"
SENTENCES: Mapping[str, str] = {
    NOTHING: "No passage was found for {count} of {of} items of {task} that {candidate} answered; what it says "
    "of them is no test of the archive.",
    ABSTAINED: "{candidate} declined to answer {count} of {of} items of {task} for lack of evidence{nothing}.",
    "passages_dropped": "Passages that were found for {count} of {of} items of {task} did not fit the context of "
    "{candidate} and were left out; a larger `context`, or a smaller `k` of its lever `retrieve`, avoids that.",
    "quotes_wrong": "{count} of {of} answers of {candidate} to {task} quote words that stand in no passage that it was "
    "shown.",
    "cites_unshown": "{count} of {of} answers of {candidate} to {task} cite passages that it was not shown.",
    "withheld": "{count} of {of} answers of {candidate} to {task} were withheld for what they quote, and are graded as "
    "withheld.",
    "cut_quotes": "{count} of {of} answers of {candidate} to {task} repeated more of a source than its licence allows, "
    "and were cut before they were graded.",
    "spoken_to": "Passages that read like instructions to a model were shown to {candidate} for {count} of {of} "
    "items of {task}.",
    "stripped": "Sentences that read like instructions to a model were left out of the passages that {candidate} was "
    "shown for {count} of {of} items of {task}.",
    "rights_changed": "Rights of documents changed while {candidate} answered {count} of {of} items of {task}; they "
    "were answered with what might be used both when the trial was planned and then.",
}

USUAL_PASSAGES = 6
"""Passages that the lever gives unless it says otherwise; see `fairtrial.spec.retrieve`."""

ENOUGH = 3
"""Passages for each document that is ranked, above which it is likely that there are as many documents."""

ALWAYS = ("rights_changed", "withheld")
"""Signs that the headline tells however few answers have them."""

DECLINED_SHARE = 0.5
"""Share of items that are declined from which the headline says so: to decline is right where nothing is told."""


def find_retrieval_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that searches, task, and thing that went wrong with its sources."""
    candidates, tasks = get_names_by_id(trial)
    for found in count_signs(ledger, trial.id):
        if found.sign in SENTENCES and found.candidate_id in candidates and found.task_id in tasks:
            candidate, task = candidates[found.candidate_id], tasks[found.task_id]
            both = _count_both(ledger, trial.id, found)
            count = found.count - both if found.sign == NOTHING else found.count
            if not count:
                continue  # the abstentions tell it
            nothing = f"; for {both:,} of them no passage was found" if both else ""
            counts = {"count": f"{count:,}", "of": f"{found.of:,}", "nothing": nothing}
            text = SENTENCES[found.sign].format(candidate=candidate, task=task, **counts)
            grave = found.sign in ALWAYS or is_grave(count, found.of)
            grave = count >= DECLINED_SHARE * found.of if found.sign == ABSTAINED else grave
            yield Doubt(found.sign, text, task, candidate, count, found.of, grave)
    yield from find_shallow_searches(trial)


def _count_both(ledger: Ledger, trial_id: str, found: SignCount) -> int:
    """Return for how many answers nothing was found and was declined for it: one thing, which is said once."""
    if found.sign not in (NOTHING, ABSTAINED):
        return 0
    return count_answers_with_all(ledger, trial_id, found.candidate_id, found.task_id, (NOTHING, ABSTAINED))


def find_shallow_searches(trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that finds fewer passages, or perhaps documents, than a task's grader counts."""
    for task in trial.plan.tasks:
        if (counted := _read_depth(task)) is None:
            continue
        k, documents = counted
        for candidate in trial.plan.candidates:
            most, each = _read_most(candidate.spec.levers)
            if most is None:
                continue
            if most < k:
                text = (
                    f"The first {k} places count in {task.name}, and {candidate.name} finds {most} passages at most "
                    f"(`k` of its lever `retrieve`): what it would find after these counts as not found."
                )
                yield Doubt("shallow_search", text, task.name, candidate.name, headline=True)
            elif documents and each != 1 and most < ENOUGH * k:
                text = (
                    f"The first {k} documents count in {task.name}, and {candidate.name} finds {most} passages, of "
                    "which several may be of one document; `per_document: 1` of its lever `retrieve` avoids that."
                )
                yield Doubt("several_of_one_document", text, task.name, candidate.name)


def _read_depth(task: TaskRecord) -> tuple[int, bool] | None:
    """Return how many places of a search count in a task, and whether of documents; None if none is graded."""
    graders = task.card.settings.document.get("grade")
    for grader in graders if isinstance(graders, list) else ():
        said = grader.get("retrieved") if isinstance(grader, Mapping) else None
        if isinstance(said, Mapping) and isinstance(k := said.get("k"), int):
            return k, said.get("rank") == "documents"
    return None


def _read_most(levers: Sequence[Mapping[str, Any]]) -> tuple[int | None, int]:
    """Return how many passages a candidate finds at most, and of one document; None if it searches nothing."""
    for lever in levers:
        if "retrieve" in lever:
            said = lever["retrieve"] if isinstance(lever["retrieve"], Mapping) else {}
            if said.get("passages", "search") == "search":
                return int(said.get("k", USUAL_PASSAGES)), int(said.get("per_document", 0))
    return None, 0
