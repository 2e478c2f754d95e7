"""Timing single answers: some items that a trial has finished with, asked once more, one at a time.

The answers are thrown away; only the times are kept, each with its item.  Candidates take turns item by item.  Knows
nothing of grades and verdicts.
"""

from __future__ import annotations

from fairtrial.engines.base import get_work
from fairtrial.ledger.known import read_items_asked, read_items_measured
from fairtrial.measures import AloneProbe, watch_all
from fairtrial.planning.plan import Plan, PlannedCandidate, PlannedTask
from fairtrial.planning.requests import make_requests
from fairtrial.records import Item, Observation
from fairtrial.running.answering import answer_requests
from fairtrial.running.pool import EnginePool
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.running.storing import LedgerWriter


def time_alone(plan: Plan, pool: EnginePool, writer: LedgerWriter, on_progress: OnProgress) -> None:
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
                ask_alone(task, candidate, pool, (spare or wanted)[-1])  # fills the cache, and does not count
        for done, item in enumerate(wanted, start=1):
            for candidate in live:
                if item.id in missing[candidate.id]:
                    seen = ask_alone(task, candidate, pool, item)
                    writer.write_item(task.id, candidate.id, item.id, seen)
                on_progress(Progress("alone", candidate.name, task.name, done, len(wanted)))


def ask_alone(task: PlannedTask, candidate: PlannedCandidate, pool: EnginePool, item: Item) -> list[Observation]:
    """Ask one candidate one item and return what was seen of it."""
    engine = pool.get_engine(candidate)
    [requests] = make_requests(task.for_candidate(candidate.spec), candidate.spec, item)
    probe = AloneProbe(lambda: get_work(engine))
    with watch_all([probe]):
        answers = answer_requests(engine, requests, candidate.name, failed=(failed := dict[str, str]()))
    return [] if failed else probe.observe(list(answers.values()))
