"""Before judges are believed: whether they can write, and what they make of answers that people have graded."""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.errors import CapabilityError
from fairtrial.planning.judges import Judging
from fairtrial.planning.plan import Plan
from fairtrial.planning.requests import make_chunks
from fairtrial.records import Request
from fairtrial.running.answering import TellCapabilities
from fairtrial.running.budget import BudgetTracker, UnpaidItems
from fairtrial.running.chunks import ask_chunk, count_unanswered
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.running.runners.base import Runner
from fairtrial.running.storing import LedgerWriter


def check_judges(judgings: Sequence[Judging], missing: Sequence[Request], runner: Runner) -> None:
    """Raise CapabilityError if a judge cannot write; looked at only where something is still to be asked."""
    for judging in judgings if missing else ():
        if not runner.submit(TellCapabilities(judging.judge)).result().generate:
            raise CapabilityError(f"the judge {judging.judge.name!r} generates no text, and must write its grades.")


def examine_judges(
    plan: Plan, runner: Runner, tracker: BudgetTracker, writer: LedgerWriter, on_progress: OnProgress
) -> None:
    """Have each judge grade what people have graded, as far as the ledger lacks it and the budget allows."""
    for one in plan.judges.examinations:
        done, total = 0, len(one.task.items)
        for chunk in make_chunks(one.task, one.judge):
            owed = UnpaidItems((one.judge.id, one.task.id), count_unanswered(one.judge, chunk, writer.ledger))
            if tracker.list_crossed([owed]):
                break
            asked = ask_chunk(one.task, one.judge, chunk, runner, writer)
            tracker.pay(UnpaidItems(owed.key, asked.paid), asked.costs)
            done += len(chunk)
            on_progress(Progress("judge", one.judge.name, one.task.name, done, total, None, asked.reused))
