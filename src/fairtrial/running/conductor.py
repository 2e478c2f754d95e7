"""The conductor: asks every candidate the same items, has the answers graded, and writes all of it to the ledger.

Items are asked in chunks.  A chunk is one candidate's answers to a few dozen items of one task; it is asked whole,
in the same order every time, and written in one transaction.  So a run that is killed at any moment loses at most one
chunk, and a resumed run asks for exactly the chunks that are missing and ends with the ledger of an unbroken run.
The conductor computes no statistics; it asks `analysis.verdicts` whether a question is settled, `rounds` which task
comes next, and `budget` whether that is affordable.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace

from fairtrial.analysis.doubts.few import find_few_doubts
from fairtrial.analysis.doubts.grouping import group_doubts
from fairtrial.analysis.elimination import find_eliminated
from fairtrial.analysis.endings import DROPPED
from fairtrial.analysis.verdicts import iterate_questions, judge_question
from fairtrial.engines import EngineSettings
from fairtrial.errors import BudgetError
from fairtrial.ledger import Ending, Ledger, query
from fairtrial.ledger.blobs import LedgerImageReader
from fairtrial.machine import describe_machine
from fairtrial.measures import Meters, find_plugin_probes
from fairtrial.planning.judges import Judging
from fairtrial.planning.plan import Plan
from fairtrial.planning.requests import CHUNK_ITEMS
from fairtrial.running.ahead import Lookahead
from fairtrial.running.budget import BudgetTracker, UnpaidItems, check_measured, describe_amounts, open_tracker
from fairtrial.running.checking import check_all
from fairtrial.running.chunks import ask_chunk
from fairtrial.running.divergence import compare_distributions
from fairtrial.running.examinations import examine_judges
from fairtrial.running.latency import time_alone
from fairtrial.running.pool import open_pool
from fairtrial.running.progress import OnProgress, Progress, name_judging
from fairtrial.running.rounds import TaskRounds, choose_task, list_owed, make_task_rounds
from fairtrial.running.runners import HERE, RunnerPlace, open_runner
from fairtrial.running.runners.base import Runner
from fairtrial.running.storing import LedgerWriter, find_changed_sources, open_writer, write_plan
from fairtrial.running.thresholds import settle_thresholds

CHANGED = (
    "{} was asked before with its archive, or the rights in it, in another state; that counts as another candidate, "
    "and it is asked again."
)


def run(
    plan: Plan,
    text: str,
    ledger: Ledger,
    settings: EngineSettings,
    on_progress: OnProgress = lambda _: None,
    rounds: int | None = None,
    place: RunnerPlace = HERE,
) -> str:
    """Conduct a trial to its end, or to that of its budget, and return its id in the ledger.

    Args:
        plan: from `fairtrial.planning.plan.plan_trial`.
        text: the trial file as the user wrote it, kept for the report.
        ledger: open for writing; the caller holds its writer lock.
        settings: how engines run; must not change answers beyond arithmetic.
        on_progress: called after every step.
        rounds: ask so many rounds of each task and no more, e.g. to find out what answers cost; None asks all.
        place: where answers are made.

    Raises:
        TooLongError, CapabilityError: before anything is asked.
        BudgetError: the budget allows nothing at all, or limits what is not measured.
        EngineError: while asking; what was answered before stays in the ledger.
    """
    changed = find_changed_sources(plan, ledger)
    write_plan(plan, text, ledger)
    for name in changed:
        on_progress(Progress("archive", name, note=CHANGED.format(name)))
    tracker = open_tracker(plan, ledger, CHUNK_ITEMS)
    meters = Meters(plan.trial.machine)
    budget = {"budget": tracker.limits} if tracker.limits else {}
    fit = {"fit": plan.fit} if plan.fit else {}
    with (
        open_writer(ledger, plan.id, {**describe_machine(), **meters.describe(), **budget, **fit}) as writer,
        open_pool(replace(settings, read_image=LedgerImageReader(ledger.path)), meters, plan.predicted) as pool,
        open_runner(place, pool, plan, ledger.path) as runner,
    ):
        pool.more_probes = find_plugin_probes(plan.trial)
        try:
            check_budget(plan, runner)
            check_all(plan, ledger, runner, on_progress)
            tell_few(ledger, plan.id, on_progress)
            settle_thresholds(plan, runner, tracker, writer, on_progress)
            examine_judges(plan, runner, tracker, writer, on_progress)
            with gather_chunks(ledger, runner):
                asked = Conductor(plan, runner, tracker, writer, on_progress).ask_all(rounds)
            if asked.reason == "finished" and plan.passages:
                compare_distributions(plan.passages, plan.candidates, plan.baseline, runner, writer, on_progress)
            if asked.reason == "finished" and plan.trial.latency_items:
                with runner.alone():
                    time_alone(plan, runner, writer, on_progress)
            writer.write_wholes(runner.all_wholes())
            writer.write_unloaded(plan.candidates)
            writer.ending = asked
        finally:
            writer.write_wholes(runner.all_wholes())
            writer.add_facts(runner.describe())
    on_progress(Progress("done"))
    return plan.id


@contextmanager
def gather_chunks(ledger: Ledger, runner: Runner) -> Iterator[None]:
    """Within it, where several engines work, chunks of a tenth of a second are written as one."""
    if runner.at_once:
        yield
        return
    runner.call_before_waiting(ledger.settle_due)
    with ledger.gathering():
        yield


def tell_few(ledger: Ledger, trial_id: str, on_progress: OnProgress) -> None:
    """Tell of tasks with too few items for any verdict, before anything is paid for."""
    few = (doubt for doubt in find_few_doubts(ledger, query.find_trial(ledger, trial_id)) if doubt.headline)
    for group in group_doubts(few):
        on_progress(Progress("few", task=group.worst.task, note=group.describe()))


def check_budget(plan: Plan, runner: Runner) -> None:
    """Raise BudgetError if the budget limits what cannot be measured of somebody."""
    for candidate in (*plan.candidates, *plan.judges.named):
        probes = runner.pool.list_probes(candidate)
        missing = {measure: why for probe in probes for measure, why in probe.absences().items()}
        check_measured(plan.trial.budget, candidate.name, {**missing, **runner.why_unmeasured(candidate)})


def _name(judging: Judging) -> str:
    return name_judging(judging.candidate.name, judging.use.measure.name, judging.judge.name)


class Conductor:
    """Asks round after round, as long as a question is open, items are left, and the budget allows it."""

    def __init__(
        self, plan: Plan, runner: Runner, tracker: BudgetTracker, writer: LedgerWriter, on_progress: OnProgress
    ) -> None:
        self.plan = plan
        self.document = query.read_trial(writer.ledger, plan.id).plan
        self.ledger = writer.ledger
        self.runner = runner
        self.tracker = tracker
        self.writer = writer
        self.on_progress = on_progress
        self.judged: Counter[str] = Counter()
        self.all_rounds = make_task_rounds(plan, list(iterate_questions(self.document)))
        self.lookahead = Lookahead(plan, runner, writer, tracker, self.all_rounds)

    def ask_all(self, rounds: int | None) -> Ending:
        """Ask what there is to ask and return how it ended, as the ledger keeps it.

        Raises BudgetError if the budget did not allow anything, not even what the ledger has already.
        """
        stop_early = self.plan.trial.decide.stop_early
        self.lookahead.last_round = rounds
        turn = 0
        while True:
            wanted = [c for c in self.all_rounds if rounds is None or c.rounds < rounds]
            ready = [task_rounds for task_rounds in wanted if task_rounds.next_round(self.ledger)]
            if not ready:
                if rounds is not None:
                    return Ending("rounds", f"asked {rounds} rounds of each task")
                return Ending("finished")
            chosen = choose_task(ready, self.ledger, self.tracker, stop_early, turn)
            if chosen is None:
                return self.stop(ready)
            turn += any(owed.items for owed in list_owed(chosen, self.ledger))
            self.ask_round(chosen)
            if stop_early:
                self.look(chosen)
                self.lookahead.cancel_needless()

    def stop(self, ready: list[TaskRounds]) -> Ending:
        """Say that the budget ends the run."""
        steps = [list_owed(task_rounds, self.ledger) for task_rounds in ready]
        names = sorted({name for step in steps for name in self.tracker.list_crossed(step)})
        limits = describe_amounts(self.tracker.limits, names)
        if not any(task_rounds.rounds for task_rounds in self.all_rounds):
            step = min(steps, key=lambda step: sum(owed.items for owed in step))
            items = sum(owed.items for owed in step)
            raise BudgetError(
                f"the budget of {limits} does not allow a single round: the smallest has {items:,} item answers, the "
                f"first chunk of a task for each of {len(step)} candidates.",
                fix="Allow more, or set a smaller limit for a task.",
            )
        ending = Ending("budget", f"stopped by the budget of {limits}")
        self.on_progress(Progress("stop", note=ending.words))
        return ending

    def ask_round(self, task_rounds: TaskRounds) -> None:
        """Ask the next chunk of a task; a part that has become too dear since the round was chosen has to wait."""
        task = task_rounds.task
        left_out = []
        parts = task_rounds.next_round(self.ledger)
        for number, part in enumerate(parts):
            self.lookahead.fill(task_rounds, parts[number:])
            if self.tracker.list_crossed(part.all_owed):
                left_out.append(part)
                continue
            judgings = [judging for judging, _ in part.judging]
            begun = self.lookahead.take(task, part)
            answered = ask_chunk(
                task, part.candidate, part.chunk, self.runner, self.writer, judgings, self.tell_judged, begun
            )
            self.tracker.pay(UnpaidItems(part.owed.key, answered.paid), answered.costs)
            for judging, judged in answered.judged:
                self.tracker.pay(UnpaidItems((judging.judge.id, judging.id), judged.paid), judged.costs)
            if answered.paid:
                missing = {m: "nothing was observed" for m in ("usd", "joules") if m not in answered.costs}
                check_measured(self.plan.trial.budget, part.candidate.name, missing)
            tally = task_rounds.tallies[part.candidate.name]
            tally.add(len(part.chunk), [o for o in answered.grades if o.measure == task.plain.card.main_measure])
            where = ("ask", part.candidate.name, task.name, tally.done, tally.total, tally.mean)
            self.on_progress(Progress(*where, answered.reused))
        task_rounds.round_is_over(left_out)
        if not self.runner.at_once:
            self.writer.add_facts(self.runner.describe(), soon=True)

    def tell_judged(self, judging: Judging, items: int, reused: int) -> None:
        """Tell that a judge is done with some more items, of which it had judged so many before."""
        self.judged[judging.id] += items
        total = len(judging.task.items) * judging.task.entry.repeats
        where = ("judge", _name(judging), judging.task.name, self.judged[judging.id], total, None)
        self.on_progress(Progress(*where, reused))

    def look(self, task_rounds: TaskRounds) -> None:
        """Look at each open question of a task, enter the looks in the ledger, and close what is settled.

        Questions that have no look before the end are judged once, when those that can end the asking are settled.
        """
        for question in sorted(task_rounds.live, key=lambda q: len(q.ended_by)):
            if any(ender in task_rounds.open for ender in question.ended_by):
                continue
            found = judge_question(self.ledger, self.plan.id, question)
            if question.ended_by or (found is not None and found.verdict != "undecided"):
                task_rounds.open.remove(question)
            if found is None:
                continue
            task_rounds.looks[found.a, found.measure] = found
            look = {"verdict": found.verdict, "difference": found.difference}
            ends = {"low": _keep_finite(found.low), "high": _keep_finite(found.high)}
            at = (task_rounds.task.id, found.measure, found.items_used)
            self.writer.write_look((found.a, found.b), at, {**look, **ends})
            self.on_progress(Progress("look", found.a, found.task, found.items_used, found.items_total, look=found))
        if self.plan.trial.decide.eliminate and task_rounds.live:
            self.drop(task_rounds)

    def drop(self, task_rounds: TaskRounds) -> None:
        """Ask no more of candidates that are certainly not the best at a task, and enter why."""
        among = {question.a.name for question in task_rounds.live}
        for found in find_eliminated(self.ledger, self.plan.id, self.document, task_rounds.live[0].task, among):
            task_rounds.dropped.add(found.candidate)
            at = (task_rounds.task.id, found.measure, found.items)
            look = {"verdict": DROPPED, "low": None, "high": None, **asdict(found)}
            self.writer.write_look((found.candidate, found.by), at, look)
            note = f"dropped on {task_rounds.task.name}: certainly not the best, by the evidence of {found.by}"
            self.on_progress(Progress("drop", found.candidate, task_rounds.task.name, found.items, note=note))


def _keep_finite(value: float) -> float | None:
    """Return a number that JSON has, or None."""
    return value if math.isfinite(value) else None
