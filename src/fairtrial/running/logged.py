"""Storing logged answers with their grades: a trial of logs asks nobody."""

from __future__ import annotations

from itertools import islice

from fairtrial.ledger import Ending, Ledger
from fairtrial.machine import describe_machine
from fairtrial.planning.plan import Plan
from fairtrial.running.answering import Answered
from fairtrial.running.progress import OnProgress, Progress
from fairtrial.running.storing import open_writer, write_plan

ROWS = 2_000
"""Answers of one transaction."""


def store_logs(plan: Plan, text: str, ledger: Ledger, on_progress: OnProgress = lambda _: None) -> str:
    """Store a trial of logs and return its id in the ledger.

    Args:
        plan: of logs, from `fairtrial.planning.plan.plan_trial`.
        text: the trial file as the user wrote it, kept for the report.
        ledger: open for writing; the caller holds its writer lock.
        on_progress: called after every step.
    """
    write_plan(plan, text, ledger)
    with open_writer(ledger, plan.id, describe_machine()) as writer:
        for one in plan.logged:
            done, rows = 0, one.read()
            while part := list(islice(rows, ROWS)):
                answers = {
                    request.id: answer
                    for row in part
                    for request, answer in zip(row.asked.requests, row.answers, strict=True)
                }
                chunk, observations = [row.asked for row in part], [row.observations for row in part]
                writer.write_chunk(one.task.id, one.candidate.id, chunk, Answered(answers), observations)
                done += len(part)
                where = ("ask", one.candidate.name, one.task.name, done, len(one.rows))
                on_progress(Progress(*where, None, len(part)))
        writer.ending = Ending("finished")
    on_progress(Progress("done"))
    return plan.id
