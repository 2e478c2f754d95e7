"""What a probe is: something that turns a batch of answers, and what it saw while they were made, into observations.

Grading answers is the tasks' business; probes measure what answering cost.  A probe knows nothing of the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol, TypeGuard, runtime_checkable

from fairtrial.errors import FairtrialError
from fairtrial.records import Answer, Measure, Observation


class NotMeasuredError(FairtrialError):
    """Something cannot be measured here; ``message`` says why, and becomes the reason of an absent row."""


class Probe(Protocol):
    """Tells what answers cost.  A probe that must also see them being made is a `Watcher`; all others tell by the
    answers alone.

    Attributes:
        measures: what `observe` may return.
    """

    measures: tuple[Measure, ...]

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return the observations of each item, given the new answers of each item (shape: items x requests).

        What was measured for the batch as a whole is shared out among its items; the docstring of the probe says how.
        An item without new answers gets no observation.
        """
        ...

    def absences(self) -> Mapping[str, str]:
        """Return what of the last batch was not measured: measure to reason.  Nothing is ever observed as 0 instead."""
        ...


@runtime_checkable
class Watcher(Protocol):
    """Sees one batch after another being answered: `start`, the engine answers, `stop`."""

    def start(self) -> None:
        """Begin to watch."""
        ...

    def stop(self) -> None:
        """End watching; the batch is answered."""
        ...


def is_watcher(probe: object) -> TypeGuard[Watcher]:
    """Return what `isinstance` would, which takes much longer."""
    return hasattr(probe, "start") and hasattr(probe, "stop")


@contextmanager
def watch_all(watchers: Iterable[Watcher]) -> Iterator[None]:
    """Let all of them watch what happens inside, the last one started stopping first; they stop whatever happens."""
    with ExitStack() as stack:
        for watcher in watchers:
            watcher.start()
            stack.callback(watcher.stop)
        yield
