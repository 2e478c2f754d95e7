"""The conductor: asks every candidate the same items, has the answers graded, and writes all of it to the ledger.

Items are asked in chunks.  A chunk is one candidate's answers to a few dozen items of one task; it is asked whole,
in the same order every time, and written in one transaction.  So a run that is killed at any moment loses at most one
chunk, and a resumed run asks for exactly the chunks that are missing and ends with the ledger of an unbroken run.
The conductor computes no statistics; it asks `fairtrial.verdicts` whether a question is settled.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager

from fairtrial.asking import CHUNK_ITEMS, Bench, ask_chunk, check_capability, chunks
from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.ledger import Ledger
from fairtrial.machine import facts
from fairtrial.planning import Plan, PlannedCandidate, PlannedTask
from fairtrial.progress import OnProgress, Progress, Tally
from fairtrial.verdicts import Question, questions, verdict


def run(
    plan: Plan, text: str, ledger: Ledger, settings: EngineSettings, on_progress: OnProgress = lambda _: None
) -> str:
    """Conduct a trial to its end and return its id in the ledger.

    Args:
        plan: from `fairtrial.planning.plan_trial`.
        text: the trial file as the user wrote it, kept for the report.
        ledger: open for writing; the caller holds its writer lock.
        settings: how engines run; must not change answers beyond arithmetic.
        on_progress: called after every step.

    Raises:
        TooLongError, CapabilityError: before anything is asked.
        EngineError: while asking; what was answered before stays in the ledger.
    """
    enter_plan(plan, text, ledger)
    session = ledger.open_session(plan.id, facts())
    outcome = "failed"
    try:
        with open_bench(plan, settings) as bench:
            check_all(plan, ledger, bench, on_progress)
            for task in plan.tasks:
                ask_task(task, plan, ledger, bench, on_progress)
        outcome = "finished"
    except KeyboardInterrupt:
        outcome = "interrupted"
        raise
    finally:
        ledger.close_session(session, outcome)
    on_progress(Progress("done"))
    return plan.id


def enter_plan(plan: Plan, text: str, ledger: Ledger) -> None:
    """Write what the trial is about: candidates, tasks, items and their order."""
    for candidate in plan.candidates:
        ledger.add_candidate(candidate.id, candidate.name, candidate.spec.model_dump(mode="json"))
    document = plan.document()
    for task, entry in zip(plan.tasks, document["tasks"], strict=True):
        ledger.add_task(task.id, task.name, entry["card"])
        ledger.add_items(task.id, task.items)
    ledger.add_trial(
        plan.id, plan.trial.name, text, document, {task.id: [item.id for item in task.items] for task in plan.tasks}
    )


@contextmanager
def open_bench(plan: Plan, settings: EngineSettings) -> Iterator[Bench]:
    """Yield a function that gives a candidate's engine, opened when first asked for; close all at the end."""
    engines: dict[str, Engine] = {}
    with ExitStack() as stack:

        def engine_of(candidate: PlannedCandidate) -> Engine:
            if candidate.id not in engines:
                engine = open_engine(candidate.spec, candidate.model, settings)
                stack.callback(engine.close)
                engines[candidate.id] = engine
            return engines[candidate.id]

        yield engine_of


def check_all(plan: Plan, ledger: Ledger, bench: Bench, on_progress: OnProgress) -> None:
    """Raise before anything is paid for if some candidate cannot answer some request that is not answered yet."""
    for task in plan.tasks:
        for candidate in plan.candidates:
            requests = [r for chunk in chunks(task, candidate) for a in chunk for r in a.requests]
            known = ledger.answers(candidate.id, [r.id for r in requests])
            missing = [r for r in requests if r.id not in known]
            if missing:
                engine = bench(candidate)
                check_capability(engine, missing, candidate.name, task.name)
                engine.check(missing)
            on_progress(Progress("check", candidate.name, task.name, 0, len(task.items)))


def ask_task(task: PlannedTask, plan: Plan, ledger: Ledger, bench: Bench, on_progress: OnProgress) -> None:
    """Ask all candidates one task, chunk by chunk in turn, so that pairs of answers exist from the start.

    A trial that may stop early looks at every open question after each round of chunks.  A candidate is asked as long
    as one of its questions is open, the baseline as long as any is.
    """
    all_questions = [q for q in questions(plan.document()) if q.task["id"] == task.id]
    open_questions = all_questions
    streams = {c.name: chunks(task, c) for c in plan.candidates}
    tallies = {c.name: Tally(len(task.items) * task.entry.repeats) for c in plan.candidates}
    for _ in range(0, len(task.items), CHUNK_ITEMS):
        settled = {q.a["name"] for q in all_questions} - {q.a["name"] for q in open_questions}
        for candidate in plan.candidates:
            if candidate.name in settled:
                continue
            chunk = next(streams[candidate.name])
            observations, reused = ask_chunk(task, candidate, chunk, ledger, bench)
            tally = tallies[candidate.name]
            tally.add(len(chunk), [o for o in observations if o.measure == task.plain.card.main_measure])
            on_progress(Progress("ask", candidate.name, task.name, tally.done, tally.total, tally.mean, reused))
        if plan.trial.decide.stop_early:
            open_questions = still_open(open_questions, plan, ledger, on_progress)
            if all_questions and not open_questions:
                return


def still_open(
    open_questions: Sequence[Question], plan: Plan, ledger: Ledger, on_progress: OnProgress
) -> list[Question]:
    """Look at each question, enter the look in the ledger, and return those that want more items."""
    remaining = []
    for question in open_questions:
        found = verdict(ledger, plan.id, question)
        if found is None:
            remaining.append(question)
            continue
        pair = (found.a, found.b)
        look = {"verdict": found.verdict, "difference": found.difference}
        ends = {"low": finite_or_none(found.low), "high": finite_or_none(found.high)}
        ledger.add_look(plan.id, pair, (question.task["id"], found.measure, found.items_used), {**look, **ends})
        on_progress(Progress("look", found.a, found.task, found.items_used, found.items_total, look=found))
        if found.verdict == "undecided":
            remaining.append(question)
    return remaining


def finite_or_none(value: float) -> float | None:
    """Return a number that JSON has, or None."""
    return value if math.isfinite(value) else None
