"""Doubts about written answers that are one and the same text: an error that was recorded, a refusal, a fixed guess."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id
from fairtrial.analysis.doubts.quoting import quote_text
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.signs import find_common_texts

FEWEST = 20
"""Answers with one text below which that is not told."""

LONG, LONG_SHARE = 15, 0.25
"""Characters from which a text is no mere label, and the share of answers from which such a one is told."""

SHORT_SHARE = 0.95
"""Share of answers from which a shorter text is told: of two labels, one may well be right half of the time."""

OFTEN_RIGHT = 0.9
"""Score from which the text is right so often that the items, not the candidate, are alike."""


def find_same_text_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate that wrote one and the same text for much of a task, and is often wrong."""
    candidates, _ = get_names_by_id(trial)
    tasks = {t.id: t for t in trial.plan.tasks}
    for found in find_common_texts(ledger, trial.id):
        if found.candidate_id not in candidates or found.task_id not in tasks or not found.text.strip():
            continue
        share = LONG_SHARE if len(found.text.strip()) >= LONG else SHORT_SHARE
        if found.count < FEWEST or found.count < share * found.of:
            continue
        task = tasks[found.task_id]
        rows = query.read_values(ledger, trial.id, found.candidate_id, found.task_id, task.card.main_measure)
        if rows.weights.sum() > 0 and (rows.values * rows.weights).sum() >= OFTEN_RIGHT * rows.weights.sum():
            continue
        name = candidates[found.candidate_id]
        text = (
            f"{found.count:,} of {found.of:,} answers of {name} on {task.name} are the same text, whatever is "
            f"asked: {quote_text(found.text)}."
        )
        yield Doubt("same_text", text, task.name, name, found.count, found.of, True)
