"""Several engines at work at the same time: which worker is started, and what each does next.

Every group of candidates that are asked together has a queue.  A worker opens the engines of one group and is given two
pieces of work, so that it never waits for the second.  Where there is no room for one more worker, one without work
makes room.  When a worker is lost, its work is done again by another one, but for answers that it had handed over; work
that loses several workers is given up, with an error that names it.  One thread a worker listens to it; whatever is
written is written by the thread that asks for outcomes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Any, Generic, TypeVar, cast

from fairtrial.errors import EngineError
from fairtrial.measures import Whole
from fairtrial.planning.base import PlannedCandidate
from fairtrial.running.answering import Answered
from fairtrial.running.pool import EnginePool
from fairtrial.running.runners.base import Keeps, KeepsNothing, Promise, RunnerWork, ShrinkingWork
from fairtrial.running.runners.events import BeforeWait, CrewEvents
from fairtrial.running.runners.here import is_here
from fairtrial.running.runners.jobs import (
    CrewGroup,
    CrewTerms,
    CrewWorker,
    EngineLink,
    RunnerJob,
    WorkerHost,
    make_lost_error,
)
from fairtrial.running.runners.likeness import MachineComparison
from fairtrial.running.runners.machines import CrewRecord
from fairtrial.running.runners.needs import predict_bytes
from fairtrial.running.runners.neighbours import find_unmeasured, join_wholes, leave_out_shared
from fairtrial.running.runners.worker import GivenAnswer, WorkerNote, WorkerSetup
from fairtrial.workers.base import LostWorkerError, WorkEnded

T = TypeVar("T")
ATTEMPTS = 5
"""Workers that may be lost over one piece of work."""
STARTS = 3
"""Workers of a group in a row that may be lost before they are there."""
DEPTH = 2
"""Pieces of work that a worker has at a time: one that it does, and the next."""
LEAST_ROOM = 8
"""Work of a candidate that may wait: enough that engines are not opened for a single piece."""


@dataclass(frozen=True, slots=True)
class CrewPromise(Generic[T]):
    """An outcome that a crew owes."""

    crew: WorkerCrew
    job: RunnerJob

    def result(self) -> T:
        """Return it; answers that others hand over meanwhile are kept.  Raises what the work raised."""
        return cast(T, self.crew.wait_for(self.job))


class WorkerCrew:
    """See `fairtrial.running.runners.base.Runner`; to be closed, so that all workers are gone."""

    at_once = False

    def __init__(self, host: WorkerHost, pool: EnginePool, terms: CrewTerms, here: Callable[..., EngineLink]) -> None:
        self.host, self.pool, self.terms, self._start_here = host, pool, terms, here
        self.record = CrewRecord(host)
        self._likeness = MachineComparison()
        self._groups: dict[tuple[str, ...], CrewGroup] = {}
        self._events = CrewEvents()
        self._lock = threading.RLock()
        self._ranks = count()
        self._taken = 0
        self._working: dict[str, set[CrewWorker]] = {}
        self._wholes: dict[str, dict[int, Whole]] = {}
        self._is_alone = self._is_closed = False

    # What whoever conducts the trial asks for.

    def submit(self, work: RunnerWork[T], keeper: Keeps | None = None) -> Promise[T]:
        """Have work done as soon as there is somebody to do it."""
        with self._lock:
            group = self._find_group(work.who)
            job = RunnerJob(work, keeper or KeepsNothing(), group, next(self._ranks))
            self._likeness.note_work(group, work)
            self._check_machines(group)
            group.queue.append(job)
            group.unfinished += 1
            self._dispatch()
        return CrewPromise(self, job)

    def cancel(self, promise: Promise[Any]) -> None:
        """Have work not done that nobody needs; what a worker has already goes on, and is forgotten."""
        assert isinstance(promise, CrewPromise)
        job = promise.job
        with self._lock:
            if not job.is_needless:
                job.is_needless = True
                job.group.unfinished -= 1
                with suppress(ValueError):
                    job.group.queue.remove(job)

    def count_room(self, candidate: PlannedCandidate) -> int:
        """Return how much more work of a candidate keeps all workers busy that it could have."""
        with self._lock:
            group = self._find_group((candidate,))
            most = DEPTH if group.here else max(LEAST_ROOM, DEPTH * self.host.most + 1)
            return most - group.unfinished

    def use_value(self, candidate: PlannedCandidate, value: float) -> None:
        """Let a lever use a learned value: workers that have the candidate make room for others, who are told."""
        with self._lock:
            self.terms.learned[candidate.id] = value
            for group in self._groups.values():
                if any(part.id == candidate.id for one in group.who for part in one.with_parts()):
                    self._retire(group)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Within it one worker works at a time, on the same machine for all, with all the threads that it likes."""
        self._change_over(alone=True)
        try:
            yield
        finally:
            self._change_over(alone=False)

    def all_wholes(self) -> Mapping[str, Whole]:
        """Return what is known by now of each candidate as a whole, by its id."""
        with self._lock:
            return {name: join_wholes(of.values()) for name, of in self._wholes.items()}

    def describe(self) -> dict[str, Any]:
        """Return, as JSON values, the machines, and who was timed beside others."""
        with self._lock:
            return self.record.document(self._likeness.document(self._groups))

    def why_unmeasured(self, candidate: PlannedCandidate) -> Mapping[str, str]:
        """Return measures that a budget cannot count here, and why."""
        return find_unmeasured(candidate, self.terms.plan.trial.machine)

    def wait_for(self, job: RunnerJob) -> Any:
        """Return the outcome of a job; keep what is handed over meanwhile."""
        with self._lock:
            if job in job.group.queue:
                job.group.queue.remove(job)
                job.group.queue.appendleft(job)
                job.rank = -1
            self._dispatch()
        while not job.is_over:
            self._events.do_all()
        with self._lock:
            if not job.is_needless:
                job.is_needless = True
                job.group.unfinished -= 1
        if job.error is not None:
            raise job.error
        return job.outcome[0]

    def call_before_waiting(self, call: BeforeWait) -> None:
        """Have something called whenever an outcome is waited for."""
        self._events.before_wait = call

    def close(self) -> None:
        """End all workers, at once."""
        with self._lock:
            self._is_closed = True
            for group in self._groups.values():
                group.queue.clear()
                self._retire(group)
        self.host.close()

    # Who does what; all of it under the lock.

    def _find_group(self, who: tuple[PlannedCandidate, ...]) -> CrewGroup:
        ids = tuple(one.id for one in who)
        if ids not in self._groups:
            self._groups[ids] = CrewGroup(who, all(map(is_here, who)), predict_bytes(who, self.terms.plan))
        return self._groups[ids]

    def _dispatch(self) -> None:
        """Give work to those that have none, start workers where there is room, then give everybody a second piece."""
        if self._is_closed:
            return
        waiting = sorted((group for group in self._groups.values() if group.queue), key=lambda g: g.queue[0].rank)
        starved = [group for group in waiting if not group.crew and not self._start(group)]
        for group in starved:
            self._make_room(group)
        for group in waiting:
            self._fill(group, 1)
            coming = sum(worker.link is None for worker in group.crew)
            while len(group.queue) > coming and not starved and not group.here and self._start(group):
                coming += 1
        if not starved:
            for group in waiting:
                self._fill(group, DEPTH)

    def _fill(self, group: CrewGroup, depth: int) -> None:
        for worker in group.crew:
            while worker.link and not worker.is_retired and len(worker.jobs) < depth and (worker.checks or group.queue):
                job = (worker.checks or group.queue).popleft()
                worker.jobs.append(job)
                if len(worker.jobs) == 1:
                    self._begin(worker)
                worker.link.send(job.work)

    def _start(self, group: CrewGroup) -> bool:
        """Start one more worker of a group; return whether there was room."""
        busy = [w for g in self._groups.values() if not g.here for w in g.crew]
        if (
            not group.here
            and busy
            and not (len(busy) < self.host.most and self.host.has_room(group.needs, self._taken))
        ):
            return False
        worker = CrewWorker(group)
        group.crew.append(worker)
        self._taken += 0 if group.here else group.needs
        threading.Thread(target=self._listen, args=(worker,), name=f"worker {group.name}", daemon=True).start()
        return True

    def _make_room(self, group: CrewGroup) -> None:
        """Retire a worker of another group that has nothing to do."""
        for other in self._groups.values():
            for worker in other.crew:
                idle = worker.link is not None and not worker.jobs and not worker.is_retired
                if idle and not other.here and other is not group and (not other.queue or len(other.crew) > 1):
                    worker.is_retired = True
                    assert worker.link is not None
                    worker.link.kill()
                    return

    def _retire(self, group: CrewGroup) -> None:
        """End all workers of a group, whatever they are doing."""
        for worker in group.crew:
            worker.is_retired = True
            if worker.link is not None:
                worker.link.kill()

    def _change_over(self, alone: bool) -> None:
        with self._lock:
            self._is_alone = alone
            for group in self._groups.values():
                self._retire(group)

    def _begin(self, worker: CrewWorker) -> None:
        """Note that a worker works from now on, and who does so beside it."""
        assert worker.link is not None
        working = self._working.setdefault(worker.link.machine, set())
        working.add(worker)
        worker.beside = False
        if len(working) > 1:
            for one in working:
                one.beside = True

    # What workers tell; each is listened to by a thread of its own.

    def _listen(self, worker: CrewWorker) -> None:
        """Start a worker and listen to it until it is gone."""
        group = worker.group
        try:
            link = self._open_link(worker)
        except Exception as error:  # of whatever place it was to be started at
            self._give_up_start(worker, error)
            return
        with self._lock:
            worker.link = link
            group.failed_starts = 0
            self.record.note_worker(link)
            self._check_machines(group)
            if worker.is_retired or self._is_closed:
                link.kill()
            self._dispatch()
        while True:
            try:
                message = link.receive()
            except Exception as lost:  # a LostWorkerError, or what it told makes no sense
                link.close()
                self._lose(worker, str(lost))
                return
            if isinstance(message, GivenAnswer):
                job = worker.jobs[0]
                job.keep(message.request, message.answer)
                self._events.put(partial(job.keeper, message.request, message.answer))
            elif isinstance(message, WorkerNote) and self.terms.settings.on_note is not None:
                self.terms.settings.on_note(message.text)
            elif isinstance(message, WorkEnded):
                self._finish(worker, message)

    def _open_link(self, worker: CrewWorker) -> EngineLink:
        terms, group = self.terms, worker.group
        threads = terms.settings.threads if self._is_alone or group.here else self.host.threads
        settings = replace(terms.settings, threads=threads)
        told = WorkerSetup(group.who, settings, terms.plan.trial, terms.plan.predicted, dict(terms.learned))
        if group.here:
            return self._start_here(told)
        return self.host.start(told, group.needs, self._is_alone)

    def _finish(self, worker: CrewWorker, message: WorkEnded) -> None:
        """Take a job off a worker, with what came of it."""
        with self._lock:
            job = worker.jobs.popleft()
            beside = worker.beside
            assert worker.link is not None
            if worker.jobs:
                self._begin(worker)
            else:
                self._working[worker.link.machine].discard(worker)
            if job.is_check:
                self._likeness.take(worker, message.value)
            elif message.error is not None:
                job.error = message.error
            else:
                job.outcome = [self._settle(worker, job, message.value, beside)]
            if not job.is_check:
                self._announce(job)
            self._dispatch()

    def _check_machines(self, group: CrewGroup) -> None:
        """Have machines of several kinds answer the same items, to see how far they differ."""
        if (found := self._likeness.choose(group)) is not None:
            for worker in found[1]:
                worker.checks.append(RunnerJob(found[0], KeepsNothing(), group, -1, is_check=True))

    def _settle(self, worker: CrewWorker, job: RunnerJob, value: Any, beside: bool) -> Any:
        """Return the outcome of all of a job, without what cannot be measured here."""
        if isinstance(value, Answered):
            assert worker.link is not None
            if beside:
                self.record.beside.update(one.name for one in job.group.who)
                value = leave_out_shared(value, not job.group.here)
            if value.answers:
                value = replace(value, machine=self.record.number_machine(worker.link))
            for name, whole in value.wholes.items():
                self._wholes.setdefault(name, {})[id(worker)] = whole
            value = replace(value, wholes={n: join_wholes(self._wholes[n].values()) for n in value.wholes})
        return job.work.join(job.kept, value) if job.is_rest and isinstance(job.work, ShrinkingWork) else value

    def _announce(self, job: RunnerJob) -> None:
        """Let whoever waits for it know that a job is over, once all its answers are kept."""

        def end() -> None:
            job.keeper.flush()
            job.is_over = True

        self._events.put(end)

    def _lose(self, worker: CrewWorker, words: str) -> None:
        """Give the work of a worker that is gone to others."""
        with self._lock:
            self._remove(worker)
            if worker.jobs and not self._is_closed:
                first = worker.jobs[0]
                if not worker.is_retired:
                    first.attempts += 1
                    self.record.lost += 1
                if isinstance(first.work, ShrinkingWork) and first.kept:
                    first.work, first.is_rest = first.work.without(first.kept), True
                for job in reversed(worker.jobs):
                    if job.attempts >= ATTEMPTS:
                        job.error = make_lost_error(job, words)
                        self._announce(job)
                    elif not job.is_needless and not job.is_check:
                        job.group.queue.appendleft(job)
            self._dispatch()

    def _give_up_start(self, worker: CrewWorker, error: Exception) -> None:
        """Note that a worker never came; fail its group's work if that is no accident."""
        group = worker.group
        with self._lock:
            self._remove(worker)
            group.failed_starts += 1
            if isinstance(error, LostWorkerError) and group.failed_starts < STARTS:
                self._dispatch()
                return
            if isinstance(error, LostWorkerError):
                error = EngineError(
                    f"a worker for {group.name} {error}, before it could be asked anything; so it went "
                    f"{group.failed_starts} times.",
                    fix="Take fewer --workers if memory is short.",
                )
            while group.queue and not group.crew:
                job = group.queue.popleft()
                job.error = error
                self._announce(job)
            self._dispatch()

    def _remove(self, worker: CrewWorker) -> None:
        group = worker.group
        group.crew.remove(worker)
        self._taken -= 0 if group.here else group.needs
        if worker.link is not None:
            self._working.get(worker.link.machine, set()).discard(worker)
