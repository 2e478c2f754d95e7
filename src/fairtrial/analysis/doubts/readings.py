"""Doubts about images that were read to a model which knows text alone: nothing was read, or not all of it."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.signs import count_signs

SENTENCES = {
    "read_nothing": "OCR read nothing in an image of {count} of {of} items of {task}; {candidate} answered them "
    "without that image.",
    "read_part": "The text of an image was too long in {count} of {of} items of {task}, and {candidate} saw its "
    "beginning only; a larger `context`, or `max_characters` of its lever `read`, shows more.",
}


def find_reading_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that reads images, and task whose images it did not read, or not whole."""
    candidates, tasks = get_names_by_id(trial)
    for found in count_signs(ledger, trial.id):
        if found.sign in SENTENCES and found.candidate_id in candidates and found.task_id in tasks:
            candidate, task = candidates[found.candidate_id], tasks[found.task_id]
            counts = {"count": f"{found.count:,}", "of": f"{found.of:,}"}
            text = SENTENCES[found.sign].format(candidate=candidate, task=task, **counts)
            yield Doubt(found.sign, text, task, candidate, found.count, found.of, is_grave(found.count, found.of))
