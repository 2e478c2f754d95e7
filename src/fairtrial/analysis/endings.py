"""How a trial ended, in words: what was left undone, who was asked no more, what it cost.  Reads the ledger only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from fairtrial.analysis.verdicts import Verdict, iterate_questions
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.costs import sum_spending
from fairtrial.ledger.plan import TrialRecord

DROPPED = "dropped"
"""What a look says of a candidate that is asked no more because it is certainly not the best."""


def describe_endings(ledger: Ledger, trial_id: str, verdicts: Sequence[Verdict]) -> list[str]:
    """Return what a reader must know about what a trial asked, did not ask, and paid; one sentence or two each.

    Args:
        ledger: where the trial is.
        trial_id: its id.
        verdicts: all verdicts that it has so far.
    """
    plan = query.find_trial(ledger, trial_id).plan
    names = {task.id: task.name for task in plan.tasks}
    found = [
        f"{look.a} is asked no more on {names[look.task_id]} after {look.items:,} items: it is certainly not "
        f"the best there ({look.measure}; the most evidence is that of {look.b} against it). What was open about "
        f"{look.a} there stays undecided."
        for look in query.read_looks(ledger, trial_id)
        if look.verdict == DROPPED
    ]
    found += _describe_recorded(plan)
    ended = [session for session in query.read_sessions(ledger, trial_id) if session.reason]
    if ended and ended[-1].reason == "budget":
        asked = len(list(iterate_questions(plan)))
        decided = sum(verdict.verdict != "undecided" for verdict in verdicts)
        undecided = f"undecided: {asked - decided} of {asked} questions" if asked else "items are left to ask"
        early = "" if plan.decide.stop_early else " Its verdicts hold for one look: this one."
        found.append(
            f"The trial was {ended[-1].outcome}; {undecided}.{early} With a larger budget it continues from there."
        )
    if dollars := sum_spending(ledger, trial_id).get("usd", 0.0):
        shown = f"{dollars:,.2f}" if dollars >= 1 else f"{dollars:.2g}"
        found.append(f"The candidates' answers in this trial's runs cost {shown} US dollars in all.")
    return found


def _describe_recorded(plan: TrialRecord) -> Iterator[str]:
    """Yield how many items have a recorded answer, and which kind has none; a line each of the recorded candidates."""
    pairings = [(task.name, pairing) for task in plan.tasks for pairing in task.pairings]
    for name in dict.fromkeys(pairing.candidate for _, pairing in pairings):
        own = [(task, pairing) for task, pairing in pairings if pairing.candidate == name]
        items, matched = sum(p.items for _, p in own), sum(p.paired for _, p in own)
        where = own[0][0] if len(own) == 1 else f"{len(own)} tasks"
        counted = f"all {items:,}" if items == matched else f"{matched:,} of {items:,}"
        if log := own[0][1].log:
            anew = "graded again by the log's own configuration" if log.grades == "anew" else "as graded there"
            yield f"{name}: {log.source}, {counted} items of {where}, {anew}."
        else:
            yield f"{name}: recorded answers to {counted} items of {where}; what they cost was not measured here."
        for task, pairing in own:
            if pairing.paired < pairing.items:
                some = "; ".join(repr(example) for example in pairing.examples)
                absent = pairing.items - pairing.paired
                why = f" {pairing.why}" if pairing.why else ""
                what = "grade" if pairing.log else "recorded answer"
                items_were = (
                    f"item of {{0}} without a {what} was" if absent == 1 else f"items of {{0}} without a {what} were"
                )
                told = f"{absent:,} {items_were.format(task)} skipped for all candidates"
                yield f"{name}: {told}, e.g. {some}.{why}"
        if not own[0][1].log and (empty := max(pairing.empty for _, pairing in own)):
            yield f"{name}: {empty:,} row{' of its log holds' if empty == 1 else 's of its log hold'} no answer."
        if not own[0][1].log and (ambiguous := max(pairing.ambiguous for _, pairing in own)):
            several = "question was" if ambiguous == 1 else "questions were"
            used = "is" if ambiguous == 1 else "are"
            yield f"{name}: {ambiguous:,} {several} recorded with different answers and {used} not used."
