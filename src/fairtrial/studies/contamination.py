"""Hints that a model has seen a benchmark as it was published: its items beside freshly made forms of them.

A hint and no proof: a gap may come from the layout alone (a model that likes the letter A, a benchmark whose order
tells a story), and a model can have seen items without remembering their order.  Whether other candidates show the same
gap is the best check, so every candidate has its row.
"""

from __future__ import annotations

from fairtrial.analysis.forms import compare_forms, pair_forms
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import CandidateRecord, TaskRecord
from fairtrial.stats.intervals import estimate
from fairtrial.studies.base import Cell, Column, Findings, Interval, Table

EVEN = 0.5
"""Share of other orders that are less likely than the published one, for a model that has seen none."""

NOTES = (
    "A hint, not a proof. The layout alone can cause a gap: check whether candidates that cannot have seen the "
    "benchmark show it too. The absence of a gap does not show that nothing was seen.",
    "Published order: stretches of items scored as documents, compared with the same stretches shuffled (Oren et al. "
    "2023, arXiv 2310.17623).",
)


def study_contamination(ledger: Ledger, trial_id: str) -> Findings | None:
    """Return what the other forms of a trial's tasks hint at; None if it has none, or none is answered yet."""
    plan = query.find_trial(ledger, trial_id).plan
    tasks = {task.id: task for task in plan.tasks}
    options, orders, fired = [], [], []
    compared = 0
    for task in plan.tasks:
        published = tasks.get(task.of)
        if published is None or task.form not in ("permuted", "order"):
            continue
        for candidate in plan.candidates:
            if task.form == "permuted":
                found = _estimate_gap(ledger, trial_id, candidate, (published, task))
                options += [found] if found else []
            else:
                found = _estimate_preference(ledger, trial_id, candidate, (published, task))
                orders += [found] if found else []
            if found:
                compared += 1
                if isinstance(found[-2], Interval) and found[-2].low > (0.0 if task.form == "permuted" else EVEN):
                    fired.append(f"{found[1]} on {found[0]} ({'options' if task.form == 'permuted' else 'order'})")
    if not compared:
        return None
    level = plan.decide.confidence
    looked = f"{compared} comparison{'s' * (compared > 1)}"
    sentences = (
        f"Better as published than in another form: {', '.join(fired)}." if fired else "No hint of contamination.",
        f"{looked}; without contamination {100 * (1 - level) / 2:.2g}% of such intervals would hint at it by chance.",
    )
    tables = []
    if options:
        heads = (Column("task"), Column("candidate"), Column("published", "1"), Column("options permuted", "1"))
        more = (Column("gap", "1", difference=True), Column("items"))
        tables.append(Table("Options in another order, the same items", (*heads, *more), tuple(options)))
    if orders:
        orders_heads = (
            Column("task"),
            Column("candidate"),
            Column("other orders less likely", "1"),
            Column("stretches"),
        )
        tables.append(Table("Items in the published order (nothing seen: 50%)", orders_heads, tuple(orders)))
    return Findings("Hints of contamination", sentences, tuple(tables), (), NOTES if orders else NOTES[:1])


def _estimate_gap(
    ledger: Ledger, trial_id: str, candidate: CandidateRecord, forms: tuple[TaskRecord, TaskRecord]
) -> tuple[Cell, ...] | None:
    """Return the row of one candidate: the items as published less the same items permuted; None without both."""
    sample = pair_forms(ledger, trial_id, candidate.id, forms)
    if sample is None:
        return None
    measure = forms[0].main_measure
    found = compare_forms(sample, measure, query.find_trial(ledger, trial_id).plan.decide.confidence)
    ends = (found.low, found.high) if measure.higher_is_better is False else (-found.high, -found.low)
    gap = found.difference if measure.higher_is_better is False else 0.0 - found.difference
    return (forms[0].name, candidate.name, found.first, found.second, Interval(gap, *ends), float(found.items))


def _estimate_preference(
    ledger: Ledger, trial_id: str, candidate: CandidateRecord, forms: tuple[TaskRecord, TaskRecord]
) -> tuple[Cell, ...] | None:
    """Return the row of one candidate: how often the published order is the likelier one; None without answers."""
    rows = query.read_values(ledger, trial_id, candidate.id, forms[1].id, forms[1].main_measure.name)
    if not rows.values.size:
        return None
    confidence = query.find_trial(ledger, trial_id).plan.decide.confidence
    found = estimate(rows.values, rows.weights, rows.clusters, confidence, (0.0, 1.0))
    return (
        forms[0].name,
        candidate.name,
        Interval(found.mean, found.low, found.high),
        float(rows.values.size),
    )
