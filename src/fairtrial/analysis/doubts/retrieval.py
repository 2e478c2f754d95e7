"""Doubts about answers for which an archive was searched: nothing found, not all shown, quotations that are none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.signs import count_signs

SENTENCES: Mapping[str, str] = {
    "found_nothing": "No passage was found for {count} of {of} items of {task} that {candidate} answered; what it says "
    "of them is no test of the archive.",
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

ALWAYS = ("rights_changed", "withheld")
"""Signs that the headline tells however few answers have them."""


def find_retrieval_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that searches, task, and thing that went wrong with its sources."""
    candidates, tasks = get_names_by_id(trial)
    for found in count_signs(ledger, trial.id):
        if found.sign in SENTENCES and found.candidate_id in candidates and found.task_id in tasks:
            candidate, task = candidates[found.candidate_id], tasks[found.task_id]
            counts = {"count": f"{found.count:,}", "of": f"{found.of:,}"}
            text = SENTENCES[found.sign].format(candidate=candidate, task=task, **counts)
            grave = found.sign in ALWAYS or is_grave(found.count, found.of)
            yield Doubt(found.sign, text, task, candidate, found.count, found.of, grave)
