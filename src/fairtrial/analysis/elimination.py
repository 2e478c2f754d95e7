"""Which candidates are certainly not the best on a task: their answers there tell who is last, not who is first.

Reads the ledger.  Evidence is collected between every two candidates on the task's main measure; it may be looked at
any number of times.  The truly best candidate of one or more tasks is dropped there with a chance of at most
1 - confidence, all tasks of the trial counted together (`fairtrial.stats.families.find_survivors`).  The baseline is
never dropped: every question is about it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from fairtrial.analysis.verdicts import TrialQuestion, make_rule
from fairtrial.ledger import Ledger
from fairtrial.ledger.leading import read_leading_values
from fairtrial.ledger.plan import TaskRecord, TrialRecord
from fairtrial.stats.families import find_survivors
from fairtrial.stats.paired import PairedSample, has_unit_weights
from fairtrial.stats.sequential import compute_evidence_beyond


@dataclass(frozen=True, slots=True)
class EliminatedCandidate:
    """A candidate that is certainly not the best on a task.

    Attributes:
        candidate: its name.
        by: name of the candidate with the most evidence against it.
        measure: what they were judged by.
        items: items that both had answered.
        difference: ``candidate`` less ``by`` on them.
        evidence: how many times likelier the answers are if ``by`` is better, at the best moment so far.
    """

    candidate: str
    by: str
    measure: str
    items: int
    difference: float
    evidence: float


def find_eliminated(
    ledger: Ledger, trial_id: str, plan: TrialRecord, task: TaskRecord, among: Collection[str]
) -> list[EliminatedCandidate]:
    """Return those ``among`` the candidates (names) that may be dropped on a task of a trial's plan.

    None with fewer than three candidates, for then the verdict itself says it all; none where the main measure has no
    direction, no bounds, or weights.  What the baseline shows against a candidate is left to the verdict on it.
    """
    candidates = plan.candidates
    measure = task.main_measure
    if len(candidates) < 3 or measure.higher_is_better is None or measure.bounds is None:
        return []
    evidence = np.ones((len(candidates), len(candidates)))
    seen: dict[tuple[int, int], tuple[int, float]] = {}
    for i, j in permutations(range(len(candidates)), 2):
        if candidates[i].name != plan.baseline and candidates[j].name in among:
            pair = (candidates[i], candidates[j])
            question = TrialQuestion(*pair, task, measure, make_rule(plan, task, measure, pair), stops_early=True)
            evidence[i, j], items, difference = _measure_evidence(ledger, trial_id, question)
            seen[i, j] = items, difference
    tasks = sum(not one.form for one in plan.tasks)
    kept = find_survivors(evidence, (1 - plan.decide.confidence) / tasks)
    found = []
    for j, stays in enumerate(kept):
        if not stays:
            i = int(evidence[:, j].argmax())
            items, difference = seen[i, j]
            names = candidates[j].name, candidates[i].name
            found.append(EliminatedCandidate(*names, measure.name, items, -difference, float(evidence[i, j])))
    return found


def _measure_evidence(ledger: Ledger, trial_id: str, question: TrialQuestion) -> tuple[float, int, float]:
    """Return the largest evidence so far that ``a`` is better than ``b``, the items it rests on, and a - b on them."""
    names = (question.a.id, question.b.id, question.task.id, question.measure.name)
    rows, _ = read_leading_values(ledger, trial_id, *names)
    sample = PairedSample(rows.a_values, rows.a_weights, rows.b_values, rows.b_weights, rows.clusters)
    if not rows.item_ids or not has_unit_weights(sample):
        return 1.0, 0, 0.0
    difference = float((sample.a_values - sample.b_values).mean())
    if question.rule.higher_is_better is False:
        sample = PairedSample(sample.b_values, sample.b_weights, sample.a_values, sample.a_weights, sample.clusters)
    return compute_evidence_beyond(sample, question.rule, 0.0), len(rows.item_ids), difference
