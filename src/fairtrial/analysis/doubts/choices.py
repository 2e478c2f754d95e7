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
        asked = query.read_trial_order(ledger, trial.id, task.id)
        items = query.read_items(ledger, task.id)
        found = [items[one] for one in asked if one in items and items[one].choices]
        folded = [["".join(choice.split()).casefold() for choice in item.choices] for item in found]
        count = sum(len(set(choices)) < len(choices) for choices in folded)
        if count:
            text = (
                f"{count:,} of {len(found):,} items of {task.name} offer the same choice more than once; of equal "
                "ones only the one at the right place counts."
            )
            yield Doubt("equal_choices", text, task.name, "", count, len(found), is_grave(count, len(found)))
