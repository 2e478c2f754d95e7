"""The engines of one run, each opened when first asked for, and the probes that watch them.

What is found out about a candidate as a whole (loading, memory, rates) is kept here until the run ends.  Knows nothing
of tasks, items, the ledger, or which answer is wanted next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from fairtrial.engines import EngineSettings, open_engine
from fairtrial.engines.base import Engine, get_work
from fairtrial.engines.settings import ImageSources
from fairtrial.errors import CapabilityError
from fairtrial.levers import wrap_engine
from fairtrial.measures import PROBES, CandidateWatch, Meters, Probe, ProbeClass, Subject, Whole
from fairtrial.models import ResolvedModel
from fairtrial.planning.base import PlannedCandidate


class EnginePool:
    """Candidates' engines and probes; see `open_pool`."""

    def __init__(
        self, settings: EngineSettings, meters: Meters, predicted: Mapping[str, float], stack: ExitStack
    ) -> None:
        self.settings = replace(settings, read_image=ImageSources(settings.read_image))
        self.meters = meters
        self.predicted = predicted
        self.stack = stack
        self._engines: dict[str, Engine] = {}
        self._watches: dict[str, CandidateWatch] = {}
        self._probes: dict[str, list[Probe]] = {}
        self.locate: Callable[[ResolvedModel], ResolvedModel] = lambda model: model
        """Where a model's files are on this machine, if that is elsewhere than where the trial was planned."""
        self.more_probes: Sequence[ProbeClass] = ()
        """Probes of plugins, beside our own."""

    def get_engine(self, candidate: PlannedCandidate) -> Engine:
        """Return a candidate's engine, opened if it is not open yet."""
        if candidate.id not in self._engines:
            self._engines[candidate.id] = (
                self._open_wrapped(candidate) if candidate.parts else self._open_engine(candidate)
            )
        return self._engines[candidate.id]

    def _open_engine(self, candidate: PlannedCandidate) -> Engine:
        if candidate.recorded:
            engine = open_engine(candidate.spec, candidate.model, self.settings)
            self.stack.callback(engine.close)
            return engine
        watch = self.watch(candidate)
        with watch.watch_opening():
            engine = open_engine(candidate.spec, self.locate(candidate.model), self.settings)
        self.stack.callback(engine.close)
        watch.work = lambda: get_work(engine)
        return engine

    def _open_wrapped(self, candidate: PlannedCandidate) -> Engine:
        """Return the engine of a candidate that others answer for; theirs are opened once for all who need them."""
        assert candidate.lever is not None
        (_, own), *others = candidate.parts.items()
        try:
            engines = {name: self.get_engine(one) for name, one in others}
            engine = wrap_engine(candidate.lever, self.get_engine(own), engines, self.settings)
        except CapabilityError as error:
            error.where = error.where or f"candidate {candidate.name}"
            raise
        self.stack.callback(engine.close)
        watch = self.watch(candidate)
        watch.parts = [self.watch(one) for one in candidate.models.values()]
        watch.work = lambda: get_work(engine)
        return engine

    def watch(self, candidate: PlannedCandidate) -> CandidateWatch:
        """Return what watches a candidate as a whole."""
        if candidate.id not in self._watches:
            self._watches[candidate.id] = CandidateWatch(self.meters.memory, self.locate(candidate.model).record())
            self._watches[candidate.id].predicted = self.predicted.get(candidate.id)
        return self._watches[candidate.id]

    def list_probes(self, candidate: PlannedCandidate) -> Sequence[Probe]:
        """Return all that watches a candidate's batches; nothing does of answers that are recorded already."""
        if candidate.recorded:
            return []
        if candidate.id not in self._probes:
            subject = Subject(self.locate(candidate.model).record(), self.meters)
            of_plugins = [probe(subject) for probe in self.more_probes]
            self._probes[candidate.id] = [self.watch(candidate), *(probe(subject) for probe in PROBES), *of_plugins]
        return self._probes[candidate.id]

    def list_wholes(self, candidate: PlannedCandidate) -> dict[str, Whole]:
        """Return what is known by now of a candidate as a whole, and of those that answer for it, by their ids."""
        everything = self.all_wholes()
        ids = dict.fromkeys(part.id for part in candidate.with_parts())
        return {one: everything[one] for one in ids if one in everything}

    def all_wholes(self) -> dict[str, Whole]:
        """Return what is known by now of each candidate as a whole, by its id."""
        return {candidate_id: watch.whole() for candidate_id, watch in self._watches.items()}


@contextmanager
def open_pool(
    settings: EngineSettings, meters: Meters | None = None, predicted: Mapping[str, float] | None = None
) -> Iterator[EnginePool]:
    """Yield a pool, and close its engines at the end.

    Args:
        settings: how engines run here.
        meters: those of the run.
        predicted: bytes of memory that candidates were predicted to need, by their ids.
    """
    with ExitStack() as stack:
        yield EnginePool(settings, meters or Meters(), predicted or {}, stack)
