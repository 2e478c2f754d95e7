"""Doubts about the right answers of a task: none, or written in a way that had to be interpreted; metrics left out."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import GoldsRecord
from fairtrial.ledger.signs import count_items_without_answer


def find_gold_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield what is odd about the right answers of a trial's tasks, as their cards have it."""
    for planned in trial.plan.tasks:
        if notes := planned.card.settings.answers:
            if notes.missing:
                yield from _find_missing(ledger, trial.id, planned.id, planned.name)
            yield from _find_interpreted(planned.name, notes)
        if lost := planned.card.settings.left_out:
            text = (
                f"{planned.name} has more metrics than are computed here: of {', '.join(lost)} the task file says by "
                "Python code how values are put together, and this code does not run."
            )
            yield Doubt("left_out", text, planned.name)


def _find_missing(ledger: Ledger, trial_id: str, task_id: str, task: str) -> Iterator[Doubt]:
    count, of = count_items_without_answer(ledger, trial_id, task_id)
    if count:
        text = f"{count:,} of {of:,} items of {task} have no right answer in the data; whatever is answered is wrong."
        yield Doubt("no_right_answer", text, task, count=count, of=of, headline=is_grave(count, of))


def _find_interpreted(task: str, notes: GoldsRecord) -> Iterator[Doubt]:
    if notes.read_as:
        text = f"The right answers of {task} are read as {notes.read_as}: nothing else explains all of its rows."
        yield Doubt("gold_read_as", text, task)
    if notes.also:
        why = {
            "texts": "they are also the texts of choices, and then other choices would be right",
            "numbers from 1": "none of them is 0, and counted from 1 other choices would be right",
        }
        text = (
            f"The right answers of {task} are whole numbers, read as positions of choices from 0; "
            f"{why.get(notes.also, 'they could be read otherwise')}."
        )
        yield Doubt("gold_ambiguous", text, task, headline=True)
    if notes.like_lists:
        text = (
            f"{notes.like_lists:,} right answers of {task} are texts that look like lists and count as they stand. "
            "If any part of the list is right, make the column a list."
        )
        yield Doubt("gold_like_list", text, task, count=notes.like_lists)
    if notes.empty:
        text = f"{notes.empty:,} right answers of {task} are empty, so that an empty answer counts as right."
        yield Doubt("gold_empty", text, task, count=notes.empty, headline=True)
