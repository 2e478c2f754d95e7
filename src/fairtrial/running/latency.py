"""Timing single answers: some items that a trial has finished with, asked once more, one at a time.

The answers are thrown away; only the times are kept, each with its item.  Candidates take turns item by item.  Knows
nothing of grades and verdicts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.engines.base import get_work
from fairtrial.ledger.known import read_items_asked, read_items_measured
from fairtrial.measures import AloneProbe, watch_all
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import make_requests
from fairtrial.records import Item, Observation, Request
from fairtrial.running.answering import OnAnswer, answer_requests
from fairtrial.running.pool import EnginePool
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.running.runners.base import Runner
from fairtrial.running.storing import LedgerWriter


def time_alone(plan: Plan, runner: Runner, writer: LedgerWriter, on_progress: OnProgress) -> None:
    """Time the first ``latency_items`` items of each task that every candidate has answered.

    What the ledger has already is not timed again.  Raises EngineError; what was timed before stays in the ledger.
    """
    ledger = writer.ledger
    for task in plan.tasks:
        takers = [candidate for candidate in plan.candidates if candidate.name not in task.unasked]
        asked = [read_items_asked(ledger, c.id, task.id) for c in takers]
        answered = [item for item in task.items if all(item.id in known for known in asked)]
        wanted, spare = answered[: plan.trial.latency_items], answered[plan.trial.latency_items :]
        missing = {}
        live = [candidate for candidate in takers if not candidate.recorded]
        for candidate in live:
            timed = read_items_measured(ledger, candidate.id, task.id, "latency")
            missing[candidate.id] = {item.id for item in wanted} - timed
            if missing[candidate.id]:
                first = make_alone(task, candidate, (spare or wanted)[-1])  # fills the cache, and does not count
                runner.submit(TimeItem(task.name, candidate, first)).result()
        for done, item in enumerate(wanted, start=1):
            for candidate in live:
                if item.id in missing[candidate.id]:
                    work = TimeItem(task.name, candidate, make_alone(task, candidate, item))
                    seen = runner.submit(work).result()
                    writer.write_item(task.id, candidate.id, item.id, seen)
                on_progress(Progress("alone", candidate.name, task.name, done, len(wanted)))


def make_alone(task: PlannedTask, candidate: PlannedCandidate, item: Item) -> tuple[Request, ...]:
    """Return the requests of one item, asked once."""
    [requests] = make_requests(task.for_candidate(candidate.spec), candidate.spec, item)
    return requests


@dataclass(frozen=True, slots=True)
class TimeItem:
    """Work for a runner: a candidate answers one item, and is timed.

    Attributes:
        task: its name.
        candidate: who answers.
        requests: of the item.
    """

    task: str
    candidate: PlannedCandidate
    requests: Sequence[Request]

    @property
    def who(self) -> tuple[PlannedCandidate, ...]:
        """Return whose engine it needs."""
        return (self.candidate,)

    @property
    def label(self) -> str:
        """Return what it is, for errors."""
        return f"candidate {self.candidate.name}, task {self.task}, one item timed alone"

    def do(self, pool: EnginePool, on_answer: OnAnswer) -> list[Observation]:
        """Ask one candidate one item and return what was seen of it."""
        engine = pool.get_engine(self.candidate)
        probe = AloneProbe(lambda: get_work(engine))
        with watch_all([probe]):
            failed: dict[str, str] = {}
            answers = answer_requests(engine, self.requests, self.candidate.name, failed=failed)
        return [] if failed else probe.observe(list(answers.values()))
