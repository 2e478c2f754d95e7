"""Scores of all answers together, such as BLEU: their values, and how far candidates are from the baseline.

They get no verdict: what is decided is about measures that items have values of.  Where a trial may stop early they
have no interval, since theirs holds for a fixed sample only.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fairtrial.analysis.verdicts.results import make_finite
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.cards import CorpusRecord
from fairtrial.ledger.corpus import read_counts
from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.stats.corpus import SCORES, Counts, compare_corpora, estimate_corpus, expand_counts
from fairtrial.stats.intervals import IntervalEstimate

_Places = dict[int, dict[str, float]]
"""Counts of each item, repeats averaged, by its place in trial order."""


@dataclass(frozen=True, slots=True)
class CorpusEstimate:
    """One candidate's corpus score on one task.

    Attributes:
        candidate, task: names as the trial's author wrote them.
        score: name of the score, e.g. ``bleu``.
        formula: how it is computed.
        paired: the measure that verdicts are about instead.
        value: of the score, as its field reports it: BLEU 31.4, F1 0.71.
        low, high: interval for new items like these; infinite where there is none.
        items: items that it rests on.
        confidence: coverage of the interval.
        difference: from the baseline's score on the items that both have; None for the baseline itself.
        difference_low, difference_high: its interval; infinite where there is none.
    """

    candidate: str
    task: str
    score: str
    formula: str
    paired: str
    value: float
    low: float
    high: float
    items: int
    confidence: float
    difference: float | None = None
    difference_low: float = -math.inf
    difference_high: float = math.inf

    def document(self) -> dict[str, Any]:
        """Return the estimate as JSON values; an end that is not known is null."""
        found = make_finite(asdict(self))
        if self.difference is None:
            found |= {"difference_low": None, "difference_high": None}
        return found


def find_corpus_estimates(ledger: Ledger, trial_id: str) -> list[CorpusEstimate]:
    """Return an estimate for each candidate, task and corpus score that has counts, in the plan's order."""
    plan = query.find_trial(ledger, trial_id).plan
    return [
        found
        for task in plan.tasks
        for score in task.card.corpus
        if score.formula in SCORES
        for found in _estimate_score(ledger, trial_id, plan, task, score)
    ]


def _estimate_score(
    ledger: Ledger, trial_id: str, plan: TrialRecord, task: TaskRecord, score: CorpusRecord
) -> Iterator[CorpusEstimate]:
    sure, fixed = plan.decide.confidence, not plan.decide.stop_early
    clusters = query.read_order(ledger, trial_id, task.id).clusters
    read = {c.name: _read_places(ledger, trial_id, c.id, task.id, score) for c in plan.candidates}
    base = read[plan.baseline]
    for name, own in read.items():
        if not own:
            continue
        [counts] = _tabulate(own, clusters=clusters)
        value = estimate_corpus(score.formula, counts, sure)
        value = value if fixed else IntervalEstimate(value.mean, -math.inf, math.inf)
        difference: dict[str, float] = {}
        if name != plan.baseline and (shared := sorted(own.keys() & base.keys())):
            mine, others = _tabulate({p: own[p] for p in shared}, {p: base[p] for p in shared}, clusters=clusters)
            found = compare_corpora(score.formula, mine, others, sure)
            ends = (found.low, found.high) if fixed else (-math.inf, math.inf)
            difference = dict(difference=found.mean, difference_low=ends[0], difference_high=ends[1])
        yield CorpusEstimate(
            name, task.name, score.name, score.formula, score.paired, value.mean, value.low, value.high,
            items=len(own), confidence=sure, **difference,
        )  # fmt: skip


def _read_places(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, score: CorpusRecord) -> _Places:
    found: _Places = {}
    repeats: dict[int, int] = {}
    for answer in read_counts(ledger, trial_id, candidate_id, task_id, score.name):
        own = found.setdefault(answer.place, {})
        repeats[answer.place] = repeats.get(answer.place, 0) + 1
        for name, count in expand_counts(score.formula, answer.counts).items():
            own[name] = own.get(name, 0.0) + count
    return {place: {name: n / repeats[place] for name, n in own.items()} for place, own in found.items()}


def _tabulate(*read: _Places, clusters: Any) -> list[Counts]:
    """Return the counts of candidates with the same items as arrays with the same columns."""
    names = tuple(sorted({name for places in read for own in places.values() for name in own}))
    column = {name: at for at, name in enumerate(names)}
    made = []
    for places in read:
        values = np.zeros((len(places), len(names)))
        for row, place in enumerate(sorted(places)):
            for name, count in places[place].items():
                values[row, column[name]] = count
        made.append(Counts(names, values, clusters[np.array(sorted(places))]))
    return made
