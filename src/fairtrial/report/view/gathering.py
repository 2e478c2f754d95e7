"""A trial's items with all candidates' answers, read from the ledger block by block in the tasks' own order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from statistics import fmean

from fairtrial.errors import UnknownNameError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.answers import Call, ItemRepeat, read_calls, read_observed, read_requests
from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.ledger.training import find_trained_on
from fairtrial.records import Item, Request
from fairtrial.report.view.readings import TRAINED, AnswerReading, grade_of, make_reading

READ_AT_ONCE = 200
"""Items whose answers are read together."""


@dataclass(frozen=True, slots=True)
class ViewedItem:
    """One item and what every candidate answered.

    Attributes:
        task: its place among the tasks that are shown.
        cluster: name of its cluster, with copies of a question in one.
        readings: of each candidate, of each repeat; empty for a candidate that was not asked.  Of grades that came
            without their answers, one without calls.
        requests: all that was asked, by id.
    """

    task: int
    item: Item
    cluster: str
    readings: Sequence[Sequence[AnswerReading]]
    requests: dict[str, Request]


def choose_tasks(trial: query.TrialRow, wanted: Sequence[str] = ()) -> list[TaskRecord]:
    """Return a trial's tasks, or those with the names that are wanted.

    Raises UnknownNameError for a name that no task has.
    """
    names = [task.name for task in trial.plan.tasks]
    for name in wanted:
        if name not in names:
            raise UnknownNameError("task", name, names, fix=f"Tasks of the trial: {', '.join(names)[:400]}.")
    return [task for task in trial.plan.tasks if not wanted or task.name in wanted]


def gather_items(ledger: Ledger, trial: query.TrialRow, tasks: Sequence[TaskRecord]) -> Iterator[ViewedItem]:
    """Yield the items that any candidate answered, task by task."""
    for at, task in enumerate(tasks):
        order = query.read_order(ledger, trial.id, task.id)
        items = iter([item for item in query.read_items(ledger, task.id).values() if item.id in order.position])
        while block := list(islice(items, READ_AT_ONCE)):
            clusters = {item.id: order.names[order.position[item.id]] for item in block}
            yield from _gather_block(ledger, trial.plan, task, at, block, order.repeats, clusters)


def gather_some(
    ledger: Ledger, plan: TrialRecord, task: TaskRecord, items: Sequence[Item], *, short: bool = False
) -> list[ViewedItem]:
    """Return some items of a task that any candidate answered, each in the cluster that it names itself.

    In short: the first repeat, without what was asked and what judges said.
    """
    own = {item.id: item.cluster for item in items}
    repeats = 1 if short else task.entry.repeats
    kept = replace(plan, judgings=()) if short else plan
    return list(_gather_block(ledger, kept, task, 0, items, repeats, own, not short))


def _gather_block(
    ledger: Ledger,
    plan: TrialRecord,
    task: TaskRecord,
    at: int,
    items: Sequence[Item],
    repeats: int,
    clusters: dict[str, str],
    asked_too: bool = True,
) -> Iterator[ViewedItem]:
    """Yield some items of one task with their answers."""
    ids = [item.id for item in items]
    calls = [read_calls(ledger, candidate.id, task.id, ids, repeats) for candidate in plan.candidates]
    seen = [read_observed(ledger, candidate.id, task.id, ids, repeats) for candidate in plan.candidates]
    judged = [_read_judgements(ledger, plan, (c.id, task.id), ids, repeats) for c in plan.candidates]
    said = [found for one in judged for _, found in one]
    asked = {call.request_id for found in (*calls, *said) for part in found.values() for call in part}
    requests = read_requests(ledger, sorted(asked)) if asked_too else {}
    trained = [find_trained_on(plan.training, candidate.name, task.name) for candidate in plan.candidates]
    for item in items:
        readings = [
            [
                make_reading(
                    item,
                    task.main_measure,
                    answered.get(place, ()),
                    observed.get(place, {}),
                    [(name, found[place]) for name, found in judgements if place in found],
                    (TRAINED,) if item.id in trained_on else (),
                )
                for place in ((item.id, repeat) for repeat in range(repeats))
                if place in answered or task.main_measure.name in observed.get(place, {})
            ]
            for answered, observed, judgements, trained_on in zip(calls, seen, judged, trained, strict=True)
        ]
        if any(readings):
            own = {call.request_id for found in readings for reading in found for call in reading.every_call}
            kept = {name: requests[name] for name in own if name in requests}
            yield ViewedItem(at, item, clusters[item.id], readings, kept)


def _read_judgements(
    ledger: Ledger, plan: TrialRecord, answered: tuple[str, str], items: Sequence[str], repeats: int
) -> list[tuple[str, dict[ItemRepeat, list[Call]]]]:
    """Return the names of the judges of a candidate's answers to a task (both by id), with what each was asked."""
    names = {judge.id: judge.name for judge in plan.judges}
    return [
        (names.get(one.judge, "judge"), read_calls(ledger, one.judge, one.id, items, repeats))
        for one in plan.judgings
        if (one.candidate, one.task) == answered
    ]


def mean_value(readings: Sequence[AnswerReading], measure: str) -> float | None:
    """Return the mean of a measure over the repeats of an item; None where it was not taken."""
    found = [reading.values[measure][0] for reading in readings if measure in reading.values]
    return fmean(found) if found else None


def mean_grade(readings: Sequence[AnswerReading], task: TaskRecord) -> float | None:
    """Return the mean grade, from 0 to 1, over the repeats of an item; None without grades or bounds."""
    found = [g for g in (grade_of(task.main_measure, reading.values) for reading in readings) if g is not None]
    return fmean(found) if found else None


def measure_disagreement(readings: Sequence[Sequence[AnswerReading]], grades: Sequence[float | None]) -> float:
    """Return how much the candidates disagree about an item, from 0 to 3.

    Twice the spread of their grades, and how different their answers are: of scored choices the largest share of
    probability that two candidates place otherwise (total variation), of texts 1 if they differ.
    """
    known = [grade for grade in grades if grade is not None]
    spread = max(known) - min(known) if known else 0.0
    first = [found[0] for found in readings if found]
    shares = [reading.shares for reading in first]
    if first and all(shares) and len({len(one) for one in shares}) == 1:
        apart = max(
            sum(abs(x - y) for x, y in zip(one, other, strict=True)) / 2
            for i, one in enumerate(shares)
            for other in shares[: i + 1]
        )
    else:
        apart = float(len({(reading.read or reading.text or "").strip() for reading in first}) > 1)
    return 2 * spread + apart
