"""The cascade as a lever: its identity, what it costs, and the threshold that it may learn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from fairtrial.engines.base import Engine
from fairtrial.errors import SpecError
from fairtrial.levers.base import Calls, ReferencedContent, SeenItem, WrapLever
from fairtrial.levers.cascade.engine import SMALL, CascadeEngine
from fairtrial.records import GenerateRequest, Request
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.cascade import Cascade
from fairtrial.stats.thresholds import choose_for_margin, choose_for_share


class CascadeLever(WrapLever[Cascade]):
    """Asks the candidate without it, and a larger one where that is unsure.  Learns its threshold, if it is to."""

    Settings = Cascade
    own_part = SMALL
    measure = "cascade_threshold"

    def identity(self, settings: Cascade, referred: ReferencedContent) -> Sequence[object]:
        """Return the larger one's id, the settings, and the items learned from; as old as cascades are."""
        learned_from = [[task, list(items)] for task, items in referred.learned_from]
        return [*referred.candidates["to"], settings.own(), learned_from]

    def wrap(self, settings: Cascade, engine: Engine, others: Mapping[str, Engine]) -> CascadeEngine:
        """Return the engine that asks ``engine`` first, then the one other."""
        [(name, larger)] = others.items()
        return CascadeEngine(settings, engine, larger, (SMALL, name))

    def calls(self, settings: Cascade, request: Request) -> tuple[Calls, Calls]:
        """Return the calls of the small model with its samples, and of the larger one: at least those promised."""
        samples = settings.samples if isinstance(request, GenerateRequest) and self._takes_samples(settings) else 0
        own = Calls(None if self._takes_samples(settings) else 1.0, 1 + samples)
        return own, Calls(settings.learn.escalate if settings.learn else None)

    def check_others(self, candidate: Candidate, others: Mapping[str, Candidate]) -> None:
        """Raise SpecError if the two of a cascade would be asked otherwise."""
        for name, larger in others.items():
            for setting in ("decoding", "fewshot_as_multiturn", "prompt"):
                if getattr(candidate, setting) != getattr(larger, setting):
                    raise SpecError(
                        f"candidate {candidate.id!r} and the larger one of its cascade, {name!r}, have different "
                        f"{setting}.",
                        fix="Write the same for both; a question goes to the larger one as it is.",
                    )

    def items_to_learn(self, settings: Cascade) -> int:
        """Return how many items of every task it learns from; 0 if its threshold is written."""
        return settings.learn.items if settings.learn else 0

    def learn(self, settings: Cascade, engine: CascadeEngine, chunks: Iterable[Sequence[SeenItem]]) -> float:
        """Return the threshold that keeps what the settings promise.

        An item with several requests has the smallest of their signals: it is kept only if all are.
        """
        signals, gains, clusters = list[float](), list[float](), list[str]()
        for chunk in chunks:
            requests = [request for item in chunk for request in item.requests]
            found, _ = engine.signals(requests, [answer for item in chunk for answer in item.answers[0]])
            of_request = iter(found)
            for item in chunk:
                signal = min(next(of_request) for _ in item.requests)
                small, larger = item.values
                if small is None or larger is None:
                    continue
                signals.append(signal)
                gains.append(float(np.clip(larger - small, -1, 1)))
                clusters.append(item.cluster)
        if not signals:
            raise SpecError(
                "the cascade has nothing to learn from: no task has items to spare.",
                fix="Write a threshold, or use larger tasks.",
            )
        learn, groups = settings.learn, np.unique(np.array(clusters), return_inverse=True)[1].astype(np.int64)
        assert learn is not None
        if learn.escalate is not None:
            return choose_for_share(np.array(signals), groups, learn.escalate)
        assert learn.margin is not None
        return choose_for_margin(np.array(signals), np.array(gains), groups, learn.margin, learn.confidence)

    def value_of(self, engine: CascadeEngine) -> float | None:
        """Return the threshold of an engine."""
        return engine.threshold

    def use_value(self, engine: CascadeEngine, value: float) -> None:
        """Set the threshold of an engine."""
        engine.threshold = value

    def _takes_samples(self, settings: Cascade) -> bool:
        return settings.signal == "self_agreement"
