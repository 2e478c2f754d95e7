"""Asking one chunk of items: the requests of each, the answers that are missing, their grades and what they cost.

A chunk is one candidate's answers to a few dozen items of one task.  It is asked whole, in the same order every time,
and written in one transaction.  Knows nothing of which chunk comes next; that is `fairtrial.running.conductor`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairtrial.engines.base import Engine
from fairtrial.engines.finite import flaw, not_a_number
from fairtrial.errors import CapabilityError
from fairtrial.ledger import Chunk, Ledger
from fairtrial.planning.plan import PlannedCandidate, PlannedTask
from fairtrial.planning.requests import address
from fairtrial.planning.requests import settle as settle
from fairtrial.records import Answer, GenerateRequest, Item, Observation, Request, ScoreRequest
from fairtrial.running.pool import Bench, watching
from fairtrial.tasks.base import Task
from fairtrial.tasks.signs import refused_is_wrong, signs, unreachable

KEPT_AT_ONCE = 8
"""Answers of an endpoint that are written in one transaction: each may have cost money."""

CHUNK_ITEMS = 50
"""Items of one chunk: enough for full batches, few enough to lose when a run is killed."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One item with the requests that one candidate gets for one repeat of it."""

    item: Item
    repeat: int
    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Answered:
    """What asking one chunk came to.

    Attributes:
        grades: all grades of the chunk.
        paid: items of it that needed a new answer; each repeat counts.
        reused: items of it that needed none.
        costs: measure to its sum over the new answers; what was not measured is not in it.
    """

    grades: Sequence[Observation]
    paid: int
    reused: int
    costs: Mapping[str, float]


def unanswered(candidate: PlannedCandidate, chunk: Sequence[Asked], ledger: Ledger) -> int:
    """Return how many items of a chunk (each repeat counts) need an answer that the ledger does not have."""
    known = ledger.answers(candidate.id, [request.id for asked in chunk for request in asked.requests])
    return sum(any(request.id not in known for request in asked.requests) for asked in chunk)


def chunks(task: PlannedTask, candidate: PlannedCandidate) -> Iterator[list[Asked]]:
    """Yield the chunks of one task for one candidate, repeats included."""
    form = task.for_candidate(candidate.spec)
    for start in range(0, len(task.items), CHUNK_ITEMS):
        chunk = []
        for item in task.items[start : start + CHUNK_ITEMS]:
            requests = form.requests(item)
            for repeat in range(task.entry.repeats):
                settled = tuple(
                    address(settle(request, candidate.spec, repeat), candidate.spec, item) for request in requests
                )
                chunk.append(Asked(item, repeat, settled))
        yield chunk


def check_capability(engine: Engine, requests: Sequence[Request], candidate: str, task: str) -> None:
    """Raise CapabilityError if the engine cannot give what the requests ask for."""
    kinds = {type(request) for request in requests}
    if ScoreRequest in kinds and not engine.can.score:
        why = f" ({told})" if (told := engine.record.get("scores")) else ""
        raise CapabilityError(
            f"candidate {candidate!r} gives no token scores, which task {task!r} needs{why}.",
            fix="Ask for the letter of a choice with `ask: letter` beside the task, for all candidates alike; or use a "
            "task that asks for text.",
        )
    if GenerateRequest in kinds and not engine.can.generate:
        raise CapabilityError(f"candidate {candidate!r} generates no text, which task {task!r} needs.")


def ask_chunk(
    task: PlannedTask, candidate: PlannedCandidate, chunk: Sequence[Asked], ledger: Ledger, bench: Bench
) -> Answered:
    """Answer, grade and store one chunk."""
    wanted = {request.id: request for asked in chunk for request in asked.requests}
    known = ledger.answers(candidate.id, list(wanted))
    missing = [request for identity, request in wanted.items() if identity not in known]
    probes = bench.probes(candidate)
    if missing:
        engine = bench(candidate)
        with watching(probes):
            fresh = answer(engine, missing, candidate.name, lambda rows: ledger.commit(candidate.id, Chunk(rows)))
    else:
        fresh = {}
    asked_rows = [(task.id, a.item.id, a.repeat, tuple(r.id for r in a.requests)) for a in chunk]
    answer_rows = [(request, fresh[request.id]) for request in missing]
    try:
        grades = grade_chunk(task.for_candidate(candidate.spec), chunk, {**known, **fresh})
        seen_signs = sign_chunk(task.for_candidate(candidate.spec), chunk, {**known, **fresh}, grades)
    except Exception:
        if missing and not candidate.recorded:
            bench.watch(candidate).observe([list(fresh.values())])
        known_of_it = bench.whole(candidate.id) if missing else Chunk()
        ledger.commit(candidate.id, Chunk(answer_rows, asked_rows, [], known_of_it.absences, known_of_it.whole))
        raise  # the answers are paid for and stay; only their grades are missing
    new = [[fresh[r.id] for r in asked.requests if r.id in fresh] for asked in chunk]
    every = [[fresh.get(r.id) or known[r.id] for r in asked.requests] for asked in chunk]
    costs = [probe.observe(new) for probe in probes]
    # Of answers that a killed run left without them: what an answer says of itself is not lost with the run.
    seen = [
        probe.observe(every) if getattr(probe, "per_answer", False) else c
        for probe, c in zip(probes, costs, strict=True)
    ]
    observations = [
        (task.id, asked.item.id, asked.repeat, observation)
        for i, asked in enumerate(chunk)
        for observation in (*grades[i], *seen_signs[i], *(o for cost in seen for o in cost[i]))
    ]
    reasons = {measure: why for probe in probes for measure, why in probe.absences().items()} if missing else {}
    absences = [(task.id, "", 0, measure, why) for measure, why in reasons.items()]
    known_of_it = bench.whole(candidate.id) if missing else Chunk()
    absences += known_of_it.absences
    ledger.commit(candidate.id, Chunk(answer_rows, asked_rows, observations, absences, known_of_it.whole))
    for part in candidate.parts.values() if missing else ():
        ledger.commit(part.id, bench.whole(part.id))
    sums: dict[str, float] = {}
    for observed in (o for cost in costs for group in cost for o in group):
        sums[observed.measure] = sums.get(observed.measure, 0.0) + observed.value
    paid = sum(bool(group) for group in new)
    return Answered([grade for graded in grades for grade in graded], paid, len(chunk) - paid, sums)


def grade_chunk(task: Task, chunk: Sequence[Asked], answers: Mapping[str, Answer]) -> list[Sequence[Observation]]:
    """Return the grades of each item of a chunk; a refusal by a server is wrong."""
    given = [[answers[r.id] for r in asked.requests] for asked in chunk]
    graded = [task.grade(asked.item, got) for asked, got in zip(chunk, given, strict=True)]
    measures = task.card.measures
    return [refused_is_wrong(measures, got, grades) for got, grades in zip(given, graded, strict=True)]


def sign_chunk(
    task: Task, chunk: Sequence[Asked], answers: Mapping[str, Answer], grades: Sequence[Sequence[Observation]]
) -> list[list[Observation]]:
    """Return the signs of each item's answers of a chunk; see `fairtrial.tasks.signs`."""
    pairs = zip(chunk, grades, strict=True)
    return [
        [
            *signs(task, asked.item, [answers[r.id] for r in asked.requests], graded),
            *unreachable(asked.item, asked.requests),
        ]
        for asked, graded in pairs
    ]


def answer(
    engine: Engine,
    requests: Sequence[Request],
    candidate: str,
    keep: Callable[[Sequence[tuple[Request, Answer]]], None] | None = None,
) -> dict[str, Answer]:
    """Return the answers to requests of either kind, by request id.

    An engine that hands answers over as they come (``as_answered``) has them kept at once, a few at a time.  Raises
    EngineError if the numbers of an answer are none; the other answers are kept.
    """
    answers = given(engine, requests, keep)
    flawed = [(request, told) for request in requests if (told := flaw(answers[request.id]))]
    if flawed:
        if keep is not None:
            keep([(request, got) for request in requests if not flaw(got := answers[request.id])])
        request, told = flawed[0]
        more = f"; so are {len(flawed) - 1} more of {len(requests)} answers" if len(flawed) > 1 else ""
        raise not_a_number(candidate, request.label, told + more, local=not hasattr(engine, "as_answered"))
    return answers


def given(
    engine: Engine, requests: Sequence[Request], keep: Callable[[Sequence[tuple[Request, Answer]]], None] | None
) -> dict[str, Answer]:
    """Return what the engine gives, by request id, whatever its numbers are."""
    if keep is not None and hasattr(engine, "as_answered"):
        return kept_as_answered(engine.as_answered(requests), keep)
    score = [r for r in requests if isinstance(r, ScoreRequest)]
    generate = [r for r in requests if isinstance(r, GenerateRequest)]
    answers: dict[str, Answer] = {}
    if score:
        answers.update((r.id, a) for r, a in zip(score, engine.score(score), strict=True))
    if generate:
        answers.update((r.id, a) for r, a in zip(generate, engine.generate(generate), strict=True))
    return answers


def kept_as_answered(
    coming: Iterable[tuple[Request, Answer]], keep: Callable[[Sequence[tuple[Request, Answer]]], None]
) -> dict[str, Answer]:
    """Return answers by request id, and keep them as they come, whatever happens to the others."""
    answers: dict[str, Answer] = {}
    rows: list[tuple[Request, Answer]] = []
    try:
        for request, got in coming:
            answers[request.id] = got
            if flaw(got):
                continue
            rows.append((request, got))
            if len(rows) >= KEPT_AT_ONCE:
                keep(rows)
                rows = []
    finally:
        if rows:
            keep(rows)
    return answers
