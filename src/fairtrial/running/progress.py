"""Where a run stands: what the conductor tells whoever shows it.  Display only; nothing is decided by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fairtrial.analysis.verdicts import Verdict
from fairtrial.records import Observation


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands; sent after every step.

    Attributes:
        stage: ``check`` (prompts are checked; ``reused`` says how many items have all their answers), ``start`` (all
            are checked; ``done`` and ``total`` are of all candidates and tasks), ``few`` (a task has too few items for
            any verdict), ``archive`` (a candidate was asked before with another state of its archive), ``ask`` (a
            chunk is answered), ``look`` (a verdict so far), ``drop`` (a candidate is asked this task no more), ``stop``
            (by the budget), ``alone`` (an item was timed), ``text`` (all have read a passage), ``judge`` (a judge has
            graded some answers) or ``done``.
        candidate: its name, empty if not about one.
        task: its name, empty if not about one.
        done: items answered of this candidate and task.
        total: items to answer of this candidate and task.
        mean: mean of the task's main measure so far, or None.
        reused: items of this chunk that were in the ledger already.
        look: the verdict so far, for ``look``.
        note: what has happened, for ``drop`` and ``stop``; what is too few, for ``few``; what is another, for
            ``archive``.
        judgements: answers of judges that are still to be asked for, at most, for ``start``.
    """

    stage: str
    candidate: str = ""
    task: str = ""
    done: int = 0
    total: int = 0
    mean: float | None = None
    reused: int = 0
    look: Verdict | None = None
    note: str = ""
    judgements: int = 0


OnProgress = Callable[[Progress], None]


def name_judging(candidate: str, measure: str, judge: str) -> str:
    """Return as whom a judge of a candidate's answers is shown."""
    return f"{candidate}, {measure} by {judge}"


@dataclass
class Tally:
    """Running count and mean of one candidate on one task, for display only."""

    total: int
    done: int = 0
    weighted_sum: float = 0.0
    weight: float = 0.0

    def add(self, items: int, observations: Sequence[Observation]) -> None:
        """Count a chunk."""
        self.done += items
        self.weighted_sum += sum(o.value * o.weight for o in observations)
        self.weight += sum(o.weight for o in observations)

    @property
    def mean(self) -> float | None:
        """Return the mean so far, None before the first weight."""
        return self.weighted_sum / self.weight if self.weight else None
