"""Asking one chunk of items: the answers that are missing, the grades of all, what they cost, one transaction.

A chunk is one candidate's answers to a few dozen items of one task.  It is asked whole, in the same order every time,
and written in one transaction.  Knows nothing of which chunk comes next; that is `fairtrial.running.conductor`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite

from fairtrial.errors import TaskError
from fairtrial.ledger import Ledger
from fairtrial.ledger.signs import FAILED
from fairtrial.measures import Probe, is_watcher
from fairtrial.planning.base import PlannedCandidate, PlannedTask
from fairtrial.planning.judges import Judging
from fairtrial.planning.requests import ItemRequests
from fairtrial.records import Answer, Observation, Request
from fairtrial.running.answering import Answered, AnswerItems, observe_items
from fairtrial.running.judging import Judged, OnJudged, judge_items, tell_nobody
from fairtrial.running.runners.base import KnownOutcome, Promise, Runner
from fairtrial.running.storing import AbsentValue, LedgerWriter
from fairtrial.tasks.base import Task, counts_for_corpus, grades_traces
from fairtrial.tasks.signs import find_signs, find_unreachable, grade_refusals_as_wrong


@dataclass(frozen=True, slots=True)
class AskedChunk:
    """What asking one chunk came to.

    Attributes:
        grades: all grades of the chunk.
        paid: items of it that needed a new answer; each repeat counts.
        reused: items of it that needed none.
        costs: measure to its sum over the new answers; what was not measured is not in it.
        judged: what each judge made of it.
    """

    grades: Sequence[Observation]
    paid: int
    reused: int
    costs: Mapping[str, float]
    judged: Sequence[tuple[Judging, Judged]] = ()


def known_answers(candidate: PlannedCandidate, chunk: Sequence[ItemRequests], ledger: Ledger) -> dict[str, Answer]:
    """Return the answers to a chunk that the ledger has, by request id."""
    return ledger.answers(candidate.id, [request.id for asked in chunk for request in asked.requests])


def count_unanswered(candidate: PlannedCandidate, chunk: Sequence[ItemRequests], ledger: Ledger) -> int:
    """Return how many items of a chunk (each repeat counts) need an answer that the ledger does not have."""
    known = known_answers(candidate, chunk, ledger)
    return sum(any(request.id not in known for request in asked.requests) for asked in chunk)


@dataclass(frozen=True, slots=True)
class BegunChunk:
    """A chunk that is being answered.

    Attributes:
        known: the answers that the ledger had before, by request id.
        missing: the requests of each item that were submitted.
        promise: of what comes of them.
    """

    known: Mapping[str, Answer]
    missing: Sequence[Sequence[Request]]
    promise: Promise[Answered]

    @property
    def requests(self) -> set[str]:
        """Return the ids of the requests that were submitted."""
        return {request.id for requests in self.missing for request in requests}


def begin_chunk(
    task: PlannedTask, candidate: PlannedCandidate, chunk: Sequence[ItemRequests], runner: Runner, writer: LedgerWriter
) -> BegunChunk:
    """Submit what the ledger lacks of a chunk."""
    known = known_answers(candidate, chunk, writer.ledger)
    missing = [[r for r in asked.requests if r.id not in known] for asked in chunk]
    if not any(missing):
        return BegunChunk(known, missing, KnownOutcome(Answered(costs=[()] * len(chunk))))
    work = AnswerItems(candidate, missing, f"task {task.name}, {len(chunk)} items from {chunk[0].item.doc_id}")
    return BegunChunk(known, missing, runner.submit(work, writer.make_keeper(candidate.id)))


def ask_chunk(
    task: PlannedTask,
    candidate: PlannedCandidate,
    chunk: Sequence[ItemRequests],
    runner: Runner,
    writer: LedgerWriter,
    judgings: Sequence[Judging] = (),
    on_judged: OnJudged = tell_nobody,
    begun: BegunChunk | None = None,
) -> AskedChunk:
    """Have a chunk answered, as far as the ledger lacks answers, then judged, graded and stored.

    Args:
        task: whose items they are.
        candidate: who answers.
        chunk: the items.
        runner: has it done.
        writer: keeps it.
        judgings: who judges the answers.
        on_judged: is told how far the judges are.
        begun: the chunk, if it was begun before.
    """
    begun = begun or begin_chunk(task, candidate, chunk, runner, writer)
    known, answered = begun.known, begun.promise.result()
    judged: list[tuple[Judging, Judged]] = []
    if judgings:  # what is paid for is stored before a judge can fail
        there, given, _ = leave_out_failed(task, chunk, answered)
        writer.write_chunk(task.id, candidate.id, there, given, given.costs)
        every = {**known, **given.answers}
        judged = [(judging, judge_items(judging, there, every, runner, writer, on_judged)) for judging in judgings]
    return store_chunk(task, candidate, chunk, known, answered, runner.pool.list_probes(candidate), writer, judged)


def store_chunk(
    task: PlannedTask,
    candidate: PlannedCandidate,
    chunk: Sequence[ItemRequests],
    known: Mapping[str, Answer],
    answered: Answered,
    probes: Sequence[Probe],
    writer: LedgerWriter,
    judged: Sequence[tuple[Judging, Judged]] = (),
) -> AskedChunk:
    """Grade a chunk and store it with what its new answers cost.

    Args:
        task: whose items they are.
        candidate: who has answered.
        chunk: the items.
        known: the answers that the ledger had before, by request id.
        answered: the others, wherever they were made.
        probes: of the candidate; those tell by the answers that need not have seen them being made.
        writer: keeps it.
        judged: what judges made of it.
    """
    chunk, answered, absent = leave_out_failed(task, chunk, answered)
    fresh = answered.answers
    try:
        graded = grade_chunk(task.for_candidate(candidate.spec), chunk, {**known, **fresh}, [j for _, j in judged])
    except Exception:
        writer.write_chunk(task.id, candidate.id, chunk, Answered(fresh, wholes=answered.wholes), absent=absent)
        raise  # the answers are paid for and stay; only their grades are missing
    every = [[fresh.get(r.id) or known[r.id] for r in asked.requests] for asked in chunk]
    new = [[fresh[r.id] for r in asked.requests if r.id in fresh] for asked in chunk] if known else every
    told = [probe for probe in probes if not is_watcher(probe)]
    # Of answers that a killed run left without them: what an answer says of itself is not lost with the run.
    seen = [observe_items(probe, every) for probe in told]
    observations = [
        [*grades, *signs_, *answered.costs[i], *(o for costs in seen for o in costs[i])]
        for i, (grades, signs_) in enumerate(graded)
    ]
    absent = [*absent, *(lacking for _, one in judged for lacking in one.absences)]
    absent += explain_absences(task.for_candidate(candidate.spec), chunk, every)
    writer.write_chunk(task.id, candidate.id, chunk, answered, observations, absent)
    sums: dict[str, float] = {}
    seen_new = [observe_items(probe, new) for probe in told] if known else seen
    for group in (*answered.costs, *(group for costs in seen_new for group in costs)):
        for observation in group:
            sums[observation.measure] = sums.get(observation.measure, 0.0) + observation.value
    paid = sum(bool(group) for group in new)
    return AskedChunk([grade for grades, _ in graded for grade in grades], paid, len(chunk) - paid, sums, judged)


def leave_out_failed(
    task: PlannedTask, chunk: Sequence[ItemRequests], answered: Answered
) -> tuple[Sequence[ItemRequests], Answered, Sequence[AbsentValue]]:
    """Return a chunk and its answers without the items at which the candidate failed, and what they lack.

    They are asked again when the trial is resumed.
    """
    failed = answered.failed
    if not failed:
        return chunk, answered, ()
    kept = [i for i, asked in enumerate(chunk) if not any(r.id in failed for r in asked.requests)]
    whys = [(one, next((failed[r.id] for r in one.requests if r.id in failed), "")) for one in chunk]
    measures = dict.fromkeys((task.plain.card.main_measure, *task.measures))
    absent = [(one.item.id, one.repeat, name, FAILED + why) for one, why in whys if why for name in measures]
    return [chunk[i] for i in kept], replace(answered, costs=[answered.costs[i] for i in kept]), absent


def explain_absences(
    task: Task, chunk: Sequence[ItemRequests], answers: Sequence[Sequence[Answer]]
) -> Sequence[AbsentValue]:
    """Return which measures of what happened on the way to the answers of a chunk cannot be had, and why."""
    if not grades_traces(task):
        return ()
    return [
        (asked.item.id, asked.repeat, name, why)
        for asked, given in zip(chunk, answers, strict=True)
        for name, why in task.absences(asked.item, given).items()
    ]


def grade_chunk(
    task: Task, chunk: Sequence[ItemRequests], answers: Mapping[str, Answer], judged: Sequence[Judged] = ()
) -> Sequence[tuple[Sequence[Observation], Sequence[Observation]]]:
    """Return the grades of each item of a chunk, and what is stored beside: counts for scores of the whole corpus, and
    the signs of its answers (see `fairtrial.tasks.signs`).

    A refusal by a server is wrong, but of tasks about harm, which grade it as they grade any refusal.
    """
    found = []
    counting = task if counts_for_corpus(task) else None
    traced = task.traced_measures() if grades_traces(task) else ()
    for i, asked in enumerate(chunk):
        given = [answers[request.id] for request in asked.requests]
        own = [*task.grade(asked.item, given), *(grade for one in judged for grade in one.grades[i])]
        graded = [m for m in task.card.measures if m.name not in traced] if task.card.harms is None else []
        grades = grade_refusals_as_wrong(graded, given, own)
        if odd := next((g for g in grades if not (isfinite(g.value) and isfinite(g.weight))), None):
            raise TaskError(
                f"the grade {odd.measure} of item {asked.item.doc_id} is {odd.value} with weight {odd.weight}.",
                where=f"task {task.card.name}",
                fix="Both must be finite: the task's own grading is at fault; the answers are kept.",
            )
        counts = counting.counts(asked.item, given) if counting is not None else ()
        told = [*counts, *find_signs(task, asked.item, given, grades), *find_unreachable(asked.item, asked.requests)]
        told += [sign for one in judged for sign in one.signs[i]]
        found.append((grades, told))
    return found
