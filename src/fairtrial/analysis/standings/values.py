"""The trial's rows as arrays, each read from the ledger once: the raw material of ranks and costs.

Knows the plan and the ledger; decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.leading import read_leading_values
from fairtrial.ledger.plan import CandidateRecord, TaskRecord, TextRecord, TrialRecord
from fairtrial.stats.arrays import Floats, Ints
from fairtrial.stats.paired import PairedSample


@dataclass(frozen=True, slots=True)
class CandidateValues:
    """One candidate's values of one measure on one task; arrays (n,), repeats averaged, in trial order.

    Attributes:
        at: place of each item in the trial's order.
        values: one value an item.
        weights: its weight.
    """

    at: Ints
    values: Floats
    weights: Floats

    @property
    def counts(self) -> bool:
        """Whether there is anything in it that counts."""
        return bool((self.weights > 0).any())

    def select(self, places: Ints) -> CandidateValues:
        """Return the items at these places, which must all be there and in order."""
        return self.take(np.searchsorted(self.at, places).astype(np.int64))

    def take(self, kept: Ints) -> CandidateValues:
        """Return the items at these places of the arrays."""
        return CandidateValues(self.at[kept], self.values[kept], self.weights[kept])


@dataclass(frozen=True, slots=True)
class TrialValues:
    """Reads a trial's plan and values, each once.

    Attributes:
        ledger: where they are.
        trial_id: whose.
        plan: the trial's plan.
    """

    ledger: Ledger
    trial_id: str
    plan: TrialRecord
    _cells: dict[tuple[str, str, str], CandidateValues] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Names of the candidates, in the plan's order."""
        return [candidate.name for candidate in self.plan.candidates]

    @property
    def confidence(self) -> float:
        """Coverage of the trial's intervals."""
        return self.plan.decide.confidence

    @property
    def early(self) -> bool:
        """Whether the trial may stop early, so that only intervals that hold at every look are valid."""
        return self.plan.decide.stop_early

    def cell(self, name: str, task: TaskRecord | TextRecord, measure: str) -> CandidateValues:
        """Return what is known of a candidate, by name, on a task and measure; empty arrays if nothing."""
        key = (name, task.id, measure)
        if key not in self._cells:
            asked = query.read_order(self.ledger, self.trial_id, task.id)
            found = query.read_averages(self.ledger, asked, self.candidate(name).id, task.id, measure)
            self._cells[key] = CandidateValues(*found)
        return self._cells[key]

    def clusters(self, task: TaskRecord | TextRecord, at: Ints) -> Ints:
        """Return the cluster numbers of the items at these places."""
        clusters: Ints = query.read_order(self.ledger, self.trial_id, task.id).clusters
        return clusters if np.array_equal(at, np.arange(len(clusters))) else clusters[at]

    def candidate(self, name: str) -> CandidateRecord:
        """Return the plan's entry of a candidate."""
        return self.plan.candidate(name)

    def pair(self, task: TaskRecord, measure: str, a: str, b: str) -> PairedSample | None:
        """Return two candidates' values on the items that both have; None if none counts for both."""
        x, y = self.cell(a, task, measure), self.cell(b, task, measure)
        at = x.at
        if not np.array_equal(x.at, y.at):  # else all pairs share arrays: copies would be most of the memory
            at, left, right = np.intersect1d(x.at, y.at, assume_unique=True, return_indices=True)
            x, y = x.take(left), y.take(right)
        counts = x.counts and y.counts
        return PairedSample(x.values, x.weights, y.values, y.weights, self.clusters(task, at)) if counts else None

    def pair_leading(self, task: TaskRecord, measure: str, a: str, b: str) -> tuple[PairedSample | None, bool]:
        """Return the same of the items that a trial that stops early may judge by; and whether they are all."""
        ids = [self.candidate(name).id for name in (a, b)]
        found, last = read_leading_values(self.ledger, self.trial_id, ids[0], ids[1], task.id, measure)
        if not ((found.a_weights > 0).any() and (found.b_weights > 0).any()):
            return None, last
        sample = PairedSample(found.a_values, found.a_weights, found.b_values, found.b_weights, found.clusters)
        return sample, last
