"""Doubts about candidates that were trained on what they are asked, or on nobody knows what."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.answers import counts_wrong, would_stand
from fairtrial.analysis.doubts.base import Doubt
from fairtrial.analysis.doubts.quoting import quote_text
from fairtrial.analysis.verdicts import Verdict, find_verdicts
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.training import SeenRecord, TrainingRecord

CONTAMINATED, HANGING, JUDGE = "contaminated", "contaminated_verdict", "contaminated_judge"
UNKNOWN, WITHDRAWN, DENIED = "training_unknown", "withdrawn_training", "denied_training"
WINNERS = {"better": ("a",), "worse": ("b",), "tied": ("a", "b")}
"""Sides that a verdict would change for if they did worse."""


def find_contamination_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each candidate and task of which it was trained on items, and each verdict that hangs on it.

    Also for each judge of items that it was trained on; where nothing tells what an adapter was trained on; and where
    documents were withdrawn since, or may not be trained on any more.
    """
    seen: dict[tuple[str, str], SeenRecord] = {}
    names = {candidate.name for candidate in trial.plan.candidates}
    for one in trial.plan.training:
        yield from _doubt_judge(trial, one)
        for task in one.seen if one.candidate in names else ():
            seen[one.candidate, task.task] = task
            yield _tell_seen(ledger, trial, one.candidate, task)
        if one.unknown:
            text = (
                f"Nothing tells what the adapter of {one.candidate} was trained on; whether it has seen the items that "
                "it is asked is not known."
            )
            yield Doubt(UNKNOWN, text, candidate=one.candidate, headline=True)
        if one.withdrawn:
            many = f"{one.withdrawn:,} documents that were" if one.withdrawn > 1 else "a document that was"
            text = f"{one.candidate} was trained on {many} withdrawn from its archive since."
            yield Doubt(WITHDRAWN, text, candidate=one.candidate, count=one.withdrawn, headline=True)
        if one.denied:
            many = f"{one.denied:,} documents" if one.denied > 1 else "a document"
            text = (
                f"{one.candidate} was trained on {many} on which nothing may be trained any more: rights have changed."
            )
            yield Doubt(DENIED, text, candidate=one.candidate, count=one.denied, headline=True)
    if not seen:
        return
    cards = {task.name: task.card for task in trial.plan.tasks}
    for verdict in find_verdicts(ledger, trial.id):
        if counts_wrong(cards[verdict.task], verdict.measure):
            yield from _doubt_verdict(verdict, seen)


def _doubt_judge(trial: query.TrialRow, training: TrainingRecord) -> Iterator[Doubt]:
    """Yield, for each task, that its judge was trained on items of it."""
    judges = {judge.id for judge in trial.plan.judges if judge.name == training.candidate}
    judged = {one.task for one in trial.plan.judgings if one.judge in judges}
    names = {task.name for task in trial.plan.tasks if task.id in judged}
    for seen in training.seen:
        if seen.task in names:
            count = len(seen.items)
            text = (
                f"The judge {training.candidate} was trained on {count:,} of {seen.of:,} items of {seen.task} "
                f"({_tell_rules(seen)}): it may favour answers that are like what it learned. For example: "
                f"{quote_text(seen.example)}."
            )
            yield Doubt(JUDGE, text, seen.task, "", count, seen.of, True)


def _tell_rules(seen: SeenRecord) -> str:
    return ", ".join(f"{number:,} by {rule}" for rule, number in seen.rules.items())


def _tell_seen(ledger: Ledger, trial: query.TrialRow, name: str, seen: SeenRecord) -> Doubt:
    count = len(seen.items)
    text = (
        f"{name} was trained on {count:,} of {seen.of:,} items of {seen.task} ({_tell_rules(seen)}), and was judged on "
        f"them since the trial allows it. For example: {quote_text(seen.example)}."
        f"{_compare_scores(ledger, trial, name, seen)}"
    )
    return Doubt(CONTAMINATED, text, seen.task, name, count, seen.of, True)


def _compare_scores(ledger: Ledger, trial: query.TrialRow, name: str, seen: SeenRecord) -> str:
    """Return how right a candidate is on items that it was trained on and on the others, in words; empty if unknown."""
    task = next((task for task in trial.plan.tasks if task.name == seen.task), None)
    if task is None or not counts_wrong(task.card, task.card.main_measure):
        return ""
    candidate = trial.plan.candidate(name)
    rows = query.read_values(ledger, trial.id, candidate.id, task.id, task.card.main_measure)
    trained = set(seen.items)
    shares = []
    for wanted in (True, False):
        mine = [at for at, item in enumerate(rows.item_ids) if (item in trained) is wanted and rows.weights[at] > 0]
        if not mine:
            return ""
        shares.append(float((rows.values[mine] * rows.weights[mine]).sum() / rows.weights[mine].sum()))
    return f" On these its {task.card.main_measure} is {shares[0]:.1%}, on the others {shares[1]:.1%}."


def _doubt_verdict(verdict: Verdict, seen: dict[tuple[str, str], SeenRecord]) -> Iterator[Doubt]:
    """Yield that a verdict would not stand if the items that a side was trained on had been wrong."""
    sides = {"a": verdict.a, "b": verdict.b}
    for side in WINNERS.get(verdict.verdict, ()):
        found = seen.get((sides[side], verdict.task))
        if found is None or would_stand(verdict, len(found.items) / max(found.of, 1)):
            continue
        text = (
            f"The verdict on {verdict.a} and {verdict.b} on {verdict.task} is doubtful: {sides[side]} was trained on "
            f"{len(found.items):,} of {found.of:,} items; were it wrong on these, the verdict would not stand."
        )
        yield Doubt(HANGING, text, verdict.task, verdict.a, len(found.items), found.of, True)
        return
