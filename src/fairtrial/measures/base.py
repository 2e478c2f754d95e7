"""What a probe is: something that watches a batch of answers being made, and turns what it saw into observations.

Grading answers is the tasks' business; probes measure what answering cost.  A probe knows nothing of the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from fairtrial.errors import FairtrialError
from fairtrial.records import Answer, Measure, Observation


class NotMeasuredError(FairtrialError):
    """Something cannot be measured here; ``message`` says why, and becomes the reason of an absent row."""


class Probe(Protocol):
    """Watches one batch after another: `start`, the engine answers, `stop`, then `observe` and `absences`.

    Attributes:
        measures: what `observe` may return.
        per_answer: optional; what is observed of an answer depends on that answer alone, not on when it was made.
    """

    measures: tuple[Measure, ...]

    def start(self) -> None:
        """Begin to watch."""
        ...

    def stop(self) -> None:
        """End watching; the batch is answered."""
        ...

    def observe(self, answers: Sequence[Sequence[Answer]]) -> list[list[Observation]]:
        """Return the observations of each item, given the new answers of each item (shape: items x requests).

        What was measured for the batch as a whole is shared out among its items; the docstring of the probe says how.
        An item without new answers gets no observation.
        """
        ...

    def absences(self) -> Mapping[str, str]:
        """Return what of the last batch was not measured: measure to reason.  Nothing is ever observed as 0 instead."""
        ...
