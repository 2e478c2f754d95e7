"""Thresholds of cascades, learned from items that are asked for this alone and enter no verdict.

Both candidates of a cascade answer the items that planning has set aside; their answers stay in the ledger, so that a
resumed run learns the same threshold from them.  Knows nothing of verdicts.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np

from fairtrial.errors import BudgetError, SpecError
from fairtrial.ledger import Ledger
from fairtrial.levers.cascade import CascadeEngine
from fairtrial.measures import Whole
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import ItemRequests, make_chunks
from fairtrial.records import Answer, Observation, Request
from fairtrial.running.budget import Bill, Purse
from fairtrial.running.chunks import ask_chunk, count_unanswered
from fairtrial.running.pool import EnginePool
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.running.storing import LedgerWriter
from fairtrial.spec.cascade import Learn, cascade_of
from fairtrial.stats.thresholds import for_margin, for_share


@dataclass
class Lessons:
    """What was seen of the items that a threshold is learned from, item by item."""

    signals: list[float] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    clusters: list[str] = field(default_factory=list)


def settle_thresholds(
    plan: Plan, pool: EnginePool, purse: Purse, writer: LedgerWriter, on_progress: OnProgress
) -> None:
    """Give every cascade that has something left to answer its threshold, and enter it; learn it where it is to be."""
    for candidate in plan.candidates:
        settings = cascade_of(candidate.spec.levers)
        if settings is None or not (plan.trial.latency_items or open_items(plan, candidate, writer.ledger)):
            continue
        engine = pool.engine(candidate)
        assert isinstance(engine, CascadeEngine)
        if settings.learn is not None:
            lessons = Lessons()
            for task in plan.tasks:
                on_progress(Progress("check", candidate.name, task.name, 0, len(task.tuning), note="learning"))
                learn_task(candidate, replace(task, items=task.tuning), pool, purse, writer, lessons)
            engine.threshold = threshold(settings.learn, lessons, candidate.name)
        found = Observation("cascade_threshold", float(engine.threshold or 0.0))
        writer.write_wholes({candidate.id: Whole([found])})


def open_items(plan: Plan, candidate: PlannedCandidate, ledger: Ledger) -> bool:
    """Return whether the ledger lacks an answer of a candidate."""
    return any(
        count_unanswered(candidate, chunk, ledger) for task in plan.tasks for chunk in make_chunks(task, candidate)
    )


def learn_task(
    candidate: PlannedCandidate,
    task: PlannedTask,
    pool: EnginePool,
    purse: Purse,
    writer: LedgerWriter,
    lessons: Lessons,
) -> None:
    """Have both candidates of a cascade answer a task's items that are to be learned from.

    Raises BudgetError if the budget does not allow it.
    """
    small, larger = candidate.parts.values()
    for chunk in make_chunks(task, small):
        for part in (small, larger):
            bill = Bill((part.id, task.id), count_unanswered(part, chunk, writer.ledger))
            if purse.crossed([bill]):
                raise BudgetError(
                    f"the budget does not allow the answers that the cascade {candidate.name!r} learns from.",
                    fix="Allow more, learn from fewer items, or write a threshold.",
                )
            answered = ask_chunk(task, part, chunk, pool, writer)
            purse.pay(Bill(bill.key, answered.paid), answered.costs)
        engine = pool.engine(candidate)
        assert isinstance(engine, CascadeEngine)
        note(engine, task, (small, larger), chunk, writer.ledger, lessons)


def note(
    engine: CascadeEngine,
    task: PlannedTask,
    parts: tuple[PlannedCandidate, PlannedCandidate],
    chunk: list[ItemRequests],
    ledger: Ledger,
    lessons: Lessons,
) -> None:
    """Note each item's signal, and what the larger model gains over the small one on the main measure.

    An item with several requests has the smallest of their signals: it is kept only if all are.
    """
    requests: list[Request] = [r for asked in chunk for r in asked.requests]
    known = [ledger.answers(part.id, [r.id for r in requests]) for part in parts]
    signals, _ = engine.signals(requests, [known[0][r.id] for r in requests])
    sure = dict(zip((r.id for r in requests), signals, strict=True))
    for asked in chunk:
        values = [main_value(task, part, asked, answers) for part, answers in zip(parts, known, strict=True)]
        if None in values:
            continue
        lessons.signals.append(min(sure[r.id] for r in asked.requests))
        lessons.gains.append(float(np.clip((values[1] or 0.0) - (values[0] or 0.0), -1, 1)))
        lessons.clusters.append(f"{task.id} {asked.item.cluster}")


def main_value(
    task: PlannedTask, part: PlannedCandidate, asked: ItemRequests, answers: dict[str, Answer]
) -> float | None:
    """Return an item's value of the main measure, more being better; None where it has none."""
    measure = next(m for m in task.plain.card.measures if m.name == task.plain.card.main_measure)
    grades = task.for_candidate(part.spec).grade(asked.item, [answers[r.id] for r in asked.requests])
    sign = -1.0 if measure.higher_is_better is False else 1.0
    return next((sign * grade.value for grade in grades if grade.measure == measure.name), None)


def threshold(learn: Learn, lessons: Lessons, name: str) -> float:
    """Return the threshold that keeps what ``learn`` promises.  Raises SpecError if there is nothing to learn from."""
    if not lessons.signals:
        raise SpecError(
            f"the cascade {name!r} has nothing to learn from: no task has items to spare.",
            fix="Write a threshold, or use larger tasks.",
        )
    signals = np.array(lessons.signals)
    clusters = np.unique(np.array(lessons.clusters), return_inverse=True)[1].astype(np.int64)
    if learn.escalate is not None:
        return for_share(signals, clusters, learn.escalate)
    assert learn.margin is not None
    return for_margin(signals, np.array(lessons.gains), clusters, learn.margin, learn.confidence)
