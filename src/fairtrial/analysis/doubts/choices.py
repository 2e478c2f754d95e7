"""Doubts about the choices that items offer: the same one twice."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.ledger import Ledger, query


def find_choice_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each task of which some items offer one choice twice, case and white space apart."""
    for task in trial.plan.tasks:
        if task.form:
            continue
        asked = frozenset(query.read_trial_order(ledger, trial.id, task.id))
        count = offering = 0
        for item in query.iterate_items(ledger, task.id):
            if item.choices and item.id in asked:
                folded = {"".join(choice.split()).casefold() for choice in item.choices}
                offering += 1
                count += len(folded) < len(item.choices)
        if count:
            text = (
                f"{count:,} of {offering:,} items of {task.name} offer the same choice more than once; of equal "
                "ones only the one at the right place counts."
            )
            yield Doubt("equal_choices", text, task.name, "", count, offering, is_grave(count, offering))
