"""What a trial lacks that its verdicts should rest on: items without an answer of both, candidates that were left out.

A verdict on what happens to be there can be right about that and wrong about the trial: a log that lacks the items that
a candidate failed makes it look as good as any.  Reads the ledger only.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fairtrial.analysis.endings import DROPPED
from fairtrial.analysis.verdicts import TrialQuestion, Verdict, iterate_questions
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.leading import count_reached
from fairtrial.ledger.plan import TrialRecord

COST_UNITS = frozenset({"s", "token", "B", "J", "W", "g", "USD", "B/s", "token/s"})
"""Units of what is measured of every answer; what has another unit is a grade, which a task may give to some items."""


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that is not there.

    Attributes:
        kind: ``unrecorded``: items without a recorded answer; ``unjudged``: items that were to be asked, or were,
            and have no value for both candidates; ``unasked``: a trial that may stop early has not gone on to the end
            of an open question; ``left_out``: a candidate was not tried.
        text: what it is, as a sentence, for people.
        candidate, task, measure: of which questions; empty means all.
        count: items that it concerns; None where none are counted.
        of: of how many.
    """

    kind: str
    text: str
    candidate: str = ""
    task: str = ""
    measure: str = ""
    count: int | None = None
    of: int | None = None

    def document(self) -> dict[str, Any]:
        """Return the gap as JSON values."""
        return asdict(self)


def find_gaps(ledger: Ledger, trial_id: str, found: Sequence[Verdict], baseline: str = "") -> list[Gap]:
    """Return what a trial lacks.

    Args:
        ledger: with the trial.
        trial_id: of the trial.
        found: its verdicts against the baseline.
        baseline: name of the candidate that the others are compared with; the trial's own by default.
    """
    plan = query.find_trial(ledger, trial_id).plan
    known = {(v.a, v.task, v.measure): v for v in found}
    dropped = {(look.a, look.task_id) for look in query.read_looks(ledger, trial_id) if look.verdict == DROPPED}
    missing = [*_find_left_out(ledger, trial_id, plan), *_find_unrecorded(plan)]
    for question in iterate_questions(plan, baseline):
        verdict = known.get((question.a.name, question.task.name, question.measure.name))
        gone = (question.a.name, question.task.id) in dropped
        missing += _find_question_gaps(ledger, trial_id, question, verdict, gone)
    return missing


def _find_left_out(ledger: Ledger, trial_id: str, plan: TrialRecord) -> Iterator[Gap]:
    """Yield the candidates that the latest run left out because they do not fit the device."""
    tried = {candidate.name for candidate in plan.candidates}
    fits = [run.facts["fit"] for run in query.read_sessions(ledger, trial_id) if run.facts.get("fit")]
    for name, why in (fits[-1].get("excluded") or {}).items() if fits else ():
        if name not in tried:
            yield Gap("left_out", f"{name} was not tried: it does not fit the device ({'; '.join(why)}).", name)


def _find_unrecorded(plan: TrialRecord) -> Iterator[Gap]:
    """Yield the tasks that a recorded candidate has not answered in full; nobody was asked their other items."""
    for task in plan.tasks:
        for pairing in task.pairings:
            items, absent = pairing.items, pairing.items - pairing.paired
            if absent > 0:
                name = pairing.candidate
                text = f"{absent:,} of {items:,} items of {task.name} have no recorded answer of {name}."
                yield Gap("unrecorded", text, name, task.name, count=absent, of=items)


def _find_question_gaps(
    ledger: Ledger, trial_id: str, question: TrialQuestion, verdict: Verdict | None, dropped: bool
) -> Iterator[Gap]:
    """Yield what one question lacks; ``dropped``: nobody asks the candidate this task any more, and that is said."""
    asked = query.read_order(ledger, trial_id, question.task.id)
    total = len(asked.item_ids)
    names = (question.a.name, question.task.name, question.measure.name)
    pair, what = f"{question.a.name} and {question.b.name}", f"{names[1]} ({names[2]})"
    ends = [count_reached(ledger, asked, (trial_id, c.id, question.task.id)) for c in (question.a, question.b)]
    span = min(ends) if question.stops_early else total
    lacking = _count_unjudged(ledger, trial_id, question, span)
    if verdict is None or lacking:
        count = total if verdict is None else lacking
        text = f"{count:,} of {total:,} items of {what} have no answer to judge by of both {pair}."
        yield Gap("unjudged", text, *names, count, total)
    elif question.stops_early and verdict.verdict == "undecided" and span < total and not dropped:
        text = f"{pair} on {what} are undecided, and {total - span:,} of {total:,} items are left to ask."
        yield Gap("unasked", text, *names, total - span, total)


def _count_unjudged(ledger: Ledger, trial_id: str, question: TrialQuestion, span: int) -> int:
    """Return how many of the first items have no value of a question's measure for both candidates.

    Not those that have other grades of both: there the task itself does not give this one.
    """
    task, measure = question.task, question.measure
    lacking = ~_has_values(ledger, trial_id, question, [measure.name])
    if measure.unit not in COST_UNITS:
        grades = [m.name for m in task.card.measures if m.unit not in COST_UNITS]
        lacking &= ~_has_values(ledger, trial_id, question, grades)
    return int(lacking[:span].sum())


def _has_values(ledger: Ledger, trial_id: str, question: TrialQuestion, measures: Sequence[str]) -> Any:
    """Return (items,) whether both candidates have a value of one of the measures, in the order of asking."""
    asked = query.read_order(ledger, trial_id, question.task.id)
    both = np.ones(len(asked.item_ids), dtype=bool)
    for candidate in (question.a, question.b):
        seen = np.zeros(len(asked.item_ids), dtype=bool)
        for name in measures:
            seen[query.read_averages(ledger, asked, candidate.id, question.task.id, name)[0]] = True
        both &= seen
    return both
