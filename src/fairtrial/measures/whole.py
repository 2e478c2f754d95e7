"""What is measured about a candidate as a whole: loading, memory, rates.  Not per item, and so without verdicts.

Several engines may be open in one process at once.  Only one of them works at a time, so what the process grows by
while a candidate's engine is loaded or answers is that candidate's.  Knows an engine only by what it says of its work.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from fairtrial.measures.memory import MemoryMeter, MemorySpan
from fairtrial.records import Answer, Measure, Observation

LOAD_SECONDS = Measure("load_seconds", unit="s", higher_is_better=False, bounds=None)
MEMORY_BYTES = Measure("memory_bytes", unit="B", higher_is_better=False, bounds=None)
PREDICTED_BYTES = Measure("memory_predicted_bytes", unit="B", higher_is_better=False, bounds=None)
MODEL_BYTES = Measure("model_bytes", unit="B", higher_is_better=False, bounds=None)
KV_BYTES = Measure("kv_bytes", unit="B", higher_is_better=False, bounds=None)
PREFILL_RATE = Measure("prefill_tokens_per_second", unit="token/s", higher_is_better=True, bounds=None)
DECODE_RATE = Measure("decode_tokens_per_second", unit="token/s", higher_is_better=True, bounds=None)

ELSEWHERE = "the answers are made on a machine that cannot be looked at from here"
SILENT = "the engine does not say how many tokens it computes in what time"

FREED = (
    "this process gave back more memory than the candidate took, as happens after a training in the same run or where "
    "there is next to nothing to load; run the trial again with another ledger to measure it"
)
UNLOADED = "its answers were in the ledger already, from another trial or a run that was killed, and it was not loaded"

Work = Mapping[str, float]
"""What an engine has done so far: ``prefill_tokens``, ``prefill_seconds``, ``decode_tokens``, ``decode_seconds``, and
the ``kv_bytes`` that its cache takes; what it does not know is left out."""


class Whole(NamedTuple):
    """What is known about a candidate as a whole: what was observed, and of each other measure why it was not."""

    observations: Sequence[Observation] = ()
    absences: Mapping[str, str] = {}


class CandidateWatch:
    """Watches one candidate: its engine while it is opened, then, as a probe, every batch.

    ``memory_bytes`` is the most that the process held for this candidate: what it has grown by during this candidate's
    own loading and batches so far, plus the highest peak within one.  What the program itself takes (some 100 MB) is
    not in it, nor what other engines hold.  The engine that is opened first bears the engine library's code.
    """

    measures: tuple[Measure, ...] = ()

    def __init__(self, memory: MemoryMeter, record: Mapping[str, object]) -> None:
        """Watch with ``memory``; ``record`` holds facts about the candidate."""
        self.memory = memory
        self.elsewhere = bool(record.get("elsewhere"))
        size = record.get("bytes")
        self.model_bytes = size if isinstance(size, int) and size > 0 else None
        self.load_seconds: float | None = None
        self.parts: Sequence[CandidateWatch] = ()
        """Who watches those that answer for this candidate, where others do: it is loaded, and held, when they are."""
        self.predicted: float | None = None
        """What `memory_bytes` was predicted to be before loading."""
        self.work: Callable[[], Work] = dict
        self._held = self._most = 0
        self._answered = False
        self._before: Work = {}
        self._done: dict[str, float] = {}

    @contextmanager
    def watch_opening(self) -> Iterator[None]:
        """Watch while the engine is opened."""
        self.start()
        started = time.perf_counter()
        try:
            yield
        finally:
            self.load_seconds = time.perf_counter() - started
            self.stop()

    def start(self) -> None:
        """Begin to watch."""
        self._before = dict(self.work())
        self.memory.start()

    def stop(self) -> None:
        """End watching."""
        self.add(self.memory.stop())
        told = self.work()
        for kind in ("prefill", "decode"):
            for name in (f"{kind}_tokens", f"{kind}_seconds"):
                if name in told:
                    self._done[name] = self._done.get(name, 0.0) + told[name] - self._before.get(name, 0.0)
        if "kv_bytes" in told:
            self._done["kv_bytes"] = max(self._done.get("kv_bytes", 0.0), told["kv_bytes"])

    def add(self, span: MemorySpan) -> None:
        """Count a stretch of time that was this candidate's."""
        self._most = max(self._most, self._held + span.peak - span.before)
        self._held += span.after - span.before

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return nothing: none of this is about an item.  Notes that there were answers."""
        self._answered = self._answered or any(answers)
        return [[] for _ in answers]

    def absences(self) -> Mapping[str, str]:
        """Return nothing: none of this is about an item."""
        return {}

    def whole(self) -> Whole:
        """Return what is known about the candidate, and why the rest is not; both empty if it has answered nothing."""
        loaded = [part.load_seconds for part in (self.parts or [self])]
        known = [seconds for seconds in loaded if seconds is not None]
        if len(known) < len(loaded) or not self._answered:
            return Whole()
        work = self._done
        memory = self._most + sum(part._held for part in self.parts)
        found = {
            MODEL_BYTES: self.model_bytes,
            LOAD_SECONDS: None if self.elsewhere else sum(known),
            MEMORY_BYTES: None if self.elsewhere or memory <= 0 else memory,
            PREDICTED_BYTES: None if self.elsewhere or memory <= 0 else self.predicted,
            KV_BYTES: work.get("kv_bytes"),
            PREFILL_RATE: _compute_rate(work, "prefill"),
            DECODE_RATE: _compute_rate(work, "decode"),
        }
        seen = [Observation(m.name, float(v), unit=m.unit) for m, v in found.items() if v is not None]
        if self.elsewhere:
            missing = dict.fromkeys(("load_seconds", "memory_bytes"), ELSEWHERE)
        else:
            missing = {} if work else dict.fromkeys((PREFILL_RATE.name, DECODE_RATE.name), SILENT)
            missing |= {} if memory > 0 else {MEMORY_BYTES.name: FREED}
        return Whole(seen, missing)


def describe_unloaded(record: Mapping[str, object]) -> Whole:
    """Return what is known of a candidate that was not loaded, and why the rest is not; ``record``: facts about it."""
    size = record.get("bytes")
    known = isinstance(size, int) and size > 0
    seen = [Observation(MODEL_BYTES.name, float(str(size)), unit=MODEL_BYTES.unit)] if known else []
    missing = dict.fromkeys((LOAD_SECONDS.name, MEMORY_BYTES.name), ELSEWHERE if record.get("elsewhere") else UNLOADED)
    return Whole(seen, {**missing, **dict.fromkeys((PREFILL_RATE.name, DECODE_RATE.name), UNLOADED)})


def _compute_rate(work: Work, kind: str) -> float | None:
    """Return tokens per second of a kind of work, None where there was none or the engine does not tell."""
    tokens, seconds = work.get(f"{kind}_tokens", 0.0), work.get(f"{kind}_seconds", 0.0)
    return tokens / seconds if tokens > 0 and seconds > 0 else None
