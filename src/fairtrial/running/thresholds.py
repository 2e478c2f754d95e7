"""Values that levers learn, such as thresholds, from items that are asked for this alone and enter no verdict.

The candidate without the lever, and those that the lever refers to, answer the items that planning has set aside; their
answers stay in the ledger, so that a resumed run learns the same value from them.  Knows nothing of verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from fairtrial.errors import BudgetError
from fairtrial.ledger import Ledger
from fairtrial.levers import LearningLever, SeenItem
from fairtrial.measures import Whole
from fairtrial.planning.places import add_place
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import ItemRequests, make_chunks
from fairtrial.records import Answer, Observation
from fairtrial.running.answering import OnAnswer
from fairtrial.running.budget import BudgetTracker, UnpaidItems
from fairtrial.running.chunks import ask_chunk, count_unanswered
from fairtrial.running.pool import EnginePool
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.running.runners.base import Runner
from fairtrial.running.storing import LedgerWriter


def settle_thresholds(
    plan: Plan, runner: Runner, tracker: BudgetTracker, writer: LedgerWriter, on_progress: OnProgress
) -> None:
    """Give each lever its value that has something left to answer, and enter it; learn it where it is to be learned."""

    def asked(candidate: PlannedCandidate) -> Iterator[Sequence[SeenItem]]:
        for task in plan.tasks:
            on_progress(Progress("check", candidate.name, task.name, 0, len(task.tuning), note="learning"))
            yield from see_task(candidate, replace(task, items=task.tuning), runner, tracker, writer)

    for learner, users in plan.learners:
        if not (plan.trial.latency_items or any(open_items(plan, user, writer.ledger) for user in users)):
            continue
        assert learner.lever is not None
        lever, value = learner.lever.lever, None
        assert isinstance(lever, LearningLever)
        if learner.lever.items_to_learn:
            seen = asked(learner)
            with add_place(f"candidate {learner.name}"):
                value = runner.submit(LearnValue(learner, seen if runner.at_once else list(seen))).result()
            runner.use_value(learner, value)
        else:
            value = runner.submit(LearnValue(learner)).result()
        writer.write_wholes({learner.id: Whole([Observation(lever.measure, value)])})


@dataclass(frozen=True, slots=True)
class LearnValue:
    """Work for a runner: what value a candidate's lever learns from some chunks, or has already without any."""

    learner: PlannedCandidate
    chunks: Iterable[Sequence[SeenItem]] | None = None

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return whose engine it needs."""
        return (self.learner,)

    @property
    def label(self) -> str:
        """Return what it is, for errors."""
        return f"candidate {self.learner.name}, learning"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> float:
        """Return the value; 0 where there is none."""
        assert self.learner.lever is not None
        lever, engine = self.learner.lever.lever, pool.get_engine(self.learner)
        assert isinstance(lever, LearningLever)
        if self.chunks is not None:
            return lever.learn(self.learner.lever.settings, engine, self.chunks)
        return float(lever.value_of(engine) or 0.0)


def open_items(plan: Plan, candidate: PlannedCandidate, ledger: Ledger) -> bool:
    """Return whether the ledger lacks an answer of a candidate."""
    return any(
        count_unanswered(candidate, chunk, ledger) for task in plan.tasks for chunk in make_chunks(task, candidate)
    )


def see_task(
    candidate: PlannedCandidate, task: PlannedTask, runner: Runner, tracker: BudgetTracker, writer: LedgerWriter
) -> Iterator[Sequence[SeenItem]]:
    """Have all parts of a candidate answer a task's items that are to be learned from, and yield them.

    Raises BudgetError if the budget does not allow it.
    """
    parts = list(candidate.parts.values())
    for chunk in make_chunks(task, parts[0]):
        for part in parts:
            owed = UnpaidItems((part.id, task.id), count_unanswered(part, chunk, writer.ledger))
            if tracker.list_crossed([owed]):
                raise BudgetError(
                    f"the budget does not allow the answers that candidate {candidate.name!r} learns from.",
                    fix="Allow more, learn from fewer items, or write the value in place of `learn`.",
                )
            answered = ask_chunk(task, part, chunk, runner, writer)
            tracker.pay(UnpaidItems(owed.key, answered.paid), answered.costs)
        ids = [request.id for one in chunk for request in one.requests]
        known = [writer.ledger.answers(part.id, ids) for part in parts]
        whole = [one for one in chunk if all(r.id in answers for r in one.requests for answers in known)]
        yield [make_seen(task, parts, one, known) for one in whole]  # a function may have failed at the others


def make_seen(
    task: PlannedTask, parts: Sequence[PlannedCandidate], asked: ItemRequests, known: Sequence[Mapping[str, Answer]]
) -> SeenItem:
    """Return one item as the parts have answered it."""
    answers = [[answers[request.id] for request in asked.requests] for answers in known]
    values = [main_value(task, part, asked, given) for part, given in zip(parts, answers, strict=True)]
    return SeenItem(f"{task.id} {asked.item.cluster}", asked.requests, answers, values)


def main_value(
    task: PlannedTask, part: PlannedCandidate, asked: ItemRequests, answers: Sequence[Answer]
) -> float | None:
    """Return an item's value of the main measure, more being better; None where it has none."""
    measure = next(m for m in task.plain.card.measures if m.name == task.plain.card.main_measure)
    grades = task.for_candidate(part.spec).grade(asked.item, answers)
    sign = -1.0 if measure.higher_is_better is False else 1.0
    return next((sign * grade.value for grade in grades if grade.measure == measure.name), None)
