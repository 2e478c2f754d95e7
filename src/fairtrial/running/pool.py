"""The bench of one run: every candidate's engine, opened when first asked for, and the probes that watch it.

What is found out about a candidate as a whole (loading, memory, rates) is kept here until the run ends.  Knows nothing
of tasks, items or which answer is wanted next.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine
from fairtrial.ledger import Chunk, Ledger, query
from fairtrial.ledger.known import was_asked
from fairtrial.levers import WRAPS
from fairtrial.measures import PROBES, CandidateWatch, Meters, Probe, Subject, unloaded
from fairtrial.planning.plan import PlannedCandidate


class Watcher(Protocol):
    """What can watch something happen."""

    def start(self) -> None:
        """Begin to watch."""
        ...

    def stop(self) -> None:
        """End watching."""
        ...


class Bench:
    """Call it to get a candidate's engine; see `open_bench`."""

    def __init__(self, settings: EngineSettings, meters: Meters, stack: ExitStack) -> None:
        self.settings = settings
        self.meters = meters
        self.stack = stack
        self.predicted: Mapping[str, float] = {}
        """Bytes that each candidate was predicted to need, by its id; what measures it says both."""
        self.session = 0
        """Number of the run in the ledger."""
        self._engines: dict[str, Engine] = {}
        self._watches: dict[str, CandidateWatch] = {}
        self._probes: dict[str, list[Probe]] = {}

    def __call__(self, candidate: PlannedCandidate) -> Engine:
        """Return a candidate's engine, opened if it is not open yet."""
        if candidate.id not in self._engines:
            self._engines[candidate.id] = self._wrapped(candidate) if candidate.parts else self._opened(candidate)
        return self._engines[candidate.id]

    def _opened(self, candidate: PlannedCandidate) -> Engine:
        if candidate.recorded:
            engine = open_engine(candidate.spec, candidate.model, self.settings)
            self.stack.callback(engine.close)
            return engine
        watch = self.watch(candidate)
        with watch.opening():
            engine = open_engine(candidate.spec, candidate.model, self.settings)
        self.stack.callback(engine.close)
        watch.work = lambda: getattr(engine, "work", {})
        return engine

    def _wrapped(self, candidate: PlannedCandidate) -> Engine:
        """Return the engine of a candidate that others answer for; theirs are opened once for all who need them."""
        [(lever, settings)] = candidate.spec.levers[-1].items()
        (_, own), *others = candidate.parts.items()
        first, rest = self(own), {name: self(other) for name, other in others}
        self.watch(candidate).parts = [self.watch(part) for part in candidate.parts.values()]
        return WRAPS[lever](settings, first, rest)

    def watch(self, candidate: PlannedCandidate) -> CandidateWatch:
        """Return what watches a candidate as a whole."""
        if candidate.id not in self._watches:
            self._watches[candidate.id] = CandidateWatch(self.meters.memory, candidate.model.record())
            self._watches[candidate.id].predicted = self.predicted.get(candidate.id)
        return self._watches[candidate.id]

    def probes(self, candidate: PlannedCandidate) -> Sequence[Probe]:
        """Return all that watches a candidate's batches; nothing does of answers that are recorded already."""
        if candidate.recorded:
            return []
        if candidate.id not in self._probes:
            subject = Subject(candidate.model.record(), self.meters)
            self._probes[candidate.id] = [self.watch(candidate), *(probe(subject) for probe in PROBES)]
        return self._probes[candidate.id]

    def whole(self, candidate_id: str) -> Chunk:
        """Return what this run knows by now of a candidate as a whole: one row a measure; the run is the repeat."""
        watch = self._watches.get(candidate_id)
        seen, missing = ([], {}) if watch is None else watch.whole()
        return Chunk(
            absences=[("", "", self.session, measure, reason) for measure, reason in missing.items()],
            whole=[(self.session, observation) for observation in seen],
        )

    def enter(self, ledger: Ledger) -> None:
        """Write what was found about each candidate as a whole."""
        for candidate_id in self._watches:
            ledger.commit(candidate_id, self.whole(candidate_id))

    def enter_unloaded(self, ledger: Ledger, trial_id: str, candidates: Sequence[PlannedCandidate]) -> None:
        """Write of the candidates that no run of the trial has measured what is known without loading, and why no more.

        Their answers are of another trial, or of a run that ended before it could say how it came to them.
        """
        measured = query.measured_whole(ledger, trial_id)
        for candidate in candidates:
            if was_asked(ledger, candidate.id) and not candidate.recorded and candidate.id not in measured:
                seen, missing = unloaded(candidate.model.record())
                absent = [("", "", self.session, measure, reason) for measure, reason in missing.items()]
                ledger.commit(candidate.id, Chunk(absences=absent, whole=[(self.session, one) for one in seen]))


@contextmanager
def watching(probes: Sequence[Watcher]) -> Iterator[None]:
    """Let all probes watch what happens inside; they stop whatever happens."""
    with ExitStack() as stack:
        for probe in probes:
            probe.start()
            stack.callback(probe.stop)
        yield


@contextmanager
def open_bench(settings: EngineSettings, meters: Meters | None = None) -> Iterator[Bench]:
    """Yield a bench, and close its engines at the end."""
    with ExitStack() as stack:
        yield Bench(settings, meters or Meters(), stack)
