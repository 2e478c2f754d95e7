"""Doubts about recorded answers: not all of a task's items have one."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.analysis.verdicts import count_matched, find_too_few_matched, get_least_matched
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TaskRecord


def find_match_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each task of which some items have no recorded answer: without a verdict if they are many."""
    few = find_too_few_matched(trial.plan)
    for task in trial.plan.tasks:
        share = count_matched(task)
        if share is None or share[0] >= share[1]:
            continue
        name, (matched, items) = task.name, share
        worst = min(task.pairings, key=lambda pairing: pairing.paired)
        why = f" {worst.why}" if worst.why else ""
        counted = f"{matched:,} of {items:,} items ({matched / items:.1%})"
        if name in few:
            text = (
                f"No verdict on {name}: only {counted} have {_name_owners(task)}, and at least "
                f"{get_least_matched(trial.plan):.0%} are needed (decide: {{least_matched: ...}}).{why}"
            )
            yield Doubt("few_matches", text, name, worst.candidate, matched, items, True)
        else:
            owners = _name_owners(task)
            text = f"{name} is judged by {counted}, those that have {owners}; the others may be its hard ones.{why}"
            severe = is_grave(items - matched, items)
            yield Doubt("unmatched", text, name, worst.candidate, items - matched, items, severe)


def find_record_doubts(_: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield what must be known of how recorded answers were joined and graded."""
    for candidate in trial.plan.candidates:
        how = candidate.spec.recorded
        if how and how.join == "row" and not how.key:
            text = (
                f"The answers of {candidate.name} are joined with the items by their number alone; whether the "
                "order is the same is not checked (`recorded: {key: COLUMN}` does)."
            )
            yield Doubt("unchecked_join", text, candidate=candidate.name)
    cleaned = [t.name for t in trial.plan.tasks if t.card.settings.clean]
    if cleaned and any(task.pairings for task in trial.plan.tasks):
        text = f"White space was taken off the ends of all written answers on {', '.join(cleaned)} before grading."
        yield Doubt("cleaned", text)


def _name_owners(task: TaskRecord) -> str:
    """Return whose recorded answers an item must have, with how many each has where there are several."""
    pairings = task.pairings
    if all(pairing.log for pairing in pairings):
        return f"a grade of every candidate ({', '.join(f'{p.candidate} {p.paired:,}' for p in pairings)})"
    if len(pairings) == 1:
        return f"a recorded answer of {pairings[0].candidate}"
    each = ", ".join(f"{p.candidate} {p.paired:,}" for p in pairings)
    return f"a recorded answer of every recorded candidate ({each})"
