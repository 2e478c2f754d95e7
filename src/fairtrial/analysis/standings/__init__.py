"""How the candidates of a trial stand: per task, across tasks, and for what they cost.  No number for "the best".

Reads the ledger only, half-filled or whole.  What cannot be said is absent, with the reason in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fairtrial.analysis.standings.across import (
    Dominance,
    HeadToHead,
    RankStability,
    ScoreTable,
    compare_pairs,
    find_dominances,
    make_score_table,
    measure_stability,
)
from fairtrial.analysis.standings.costs import Cost, RatioInterval, find_costs
from fairtrial.analysis.standings.efficiency import Efficiency, find_efficiencies
from fairtrial.analysis.standings.ranks import CandidateRank, PairOrder, Ranking, make_rankings
from fairtrial.analysis.standings.task_diagnostics import TaskAgreement, TaskHealth, find_agreements, find_task_health
from fairtrial.analysis.standings.values import TrialValues
from fairtrial.analysis.standings.weighting import WeightedPlace, WeightedScore, compute_weighted_score
from fairtrial.analysis.verdicts import Verdict, find_verdicts, make_rule, scale_margin
from fairtrial.ledger import Ledger, query
from fairtrial.stats.families import e_bh
from fairtrial.stats.paired import PairedSample

__all__ = [
    "CandidateRank",
    "Cost",
    "Dominance",
    "Efficiency",
    "HeadToHead",
    "PairOrder",
    "RankStability",
    "Ranking",
    "RatioInterval",
    "Standings",
    "TaskAgreement",
    "TaskHealth",
    "WeightedPlace",
    "WeightedScore",
    "find_standings",
]

DRAW_TASKS, DRAW_ITEMS, DRAW_WEIGHTS = 1, 2, 3
"""What is drawn at random; with the trial's seed, each has its own generator."""


@dataclass(frozen=True, slots=True)
class Standings:
    """How the candidates stand.  Sections that cannot be made are empty or None; ``reasons`` says why.

    Attributes:
        candidates: those with answers, in the plan's order.
        tasks: tasks on whose main measure all of them have values: what is compared across tasks.
        left_out: the other tasks, with the reason.
        rankings: each task and measure by itself.
        matches: every pair over all tasks.
        dominances: who dominates whom.
        firmness: how the order depends on the choice of tasks.
        kinships: how alike every two tasks order the candidates.
        health: whether each task can tell these candidates apart.
        weighted: the weighted score, if the user wrote weights.
        costs: per item and per right answer.
        efficiency: right answers per second, joule and dollar; share of right answers per gigabyte.
        second_look: verdicts worth a second look: claims by e-BH, of which on average at most 1 - confidence are
            false, on questions that are undecided among all of the trial.
        reasons: section to the reason why it is absent.
    """

    candidates: tuple[str, ...]
    tasks: tuple[str, ...]
    left_out: Mapping[str, str]
    rankings: tuple[Ranking, ...]
    matches: tuple[HeadToHead, ...]
    dominances: tuple[Dominance, ...]
    firmness: RankStability | None
    kinships: tuple[TaskAgreement, ...]
    health: tuple[TaskHealth, ...]
    weighted: WeightedScore | None
    costs: tuple[Cost, ...]
    efficiency: tuple[Efficiency, ...]
    second_look: tuple[Verdict, ...]
    reasons: Mapping[str, str]

    def document(self) -> dict[str, Any]:
        """Return the standings as JSON values; docs/schemas/run.schema.json describes them."""
        document: dict[str, Any] = _make_plain(asdict(self))
        named = ("a", "b", "task", "measure")
        document["second_look"] = [{key: found[key] for key in named} for found in document["second_look"]]
        return document


def find_standings(ledger: Ledger, trial_id: str, found: Sequence[Verdict] | None = None) -> Standings:
    """Return how the candidates of a trial stand.

    Args:
        ledger: open for reading.
        trial_id: the trial.
        found: its verdicts, if they are at hand.

    Random draws come from the trial's seed, so that the same ledger gives the same standings.
    """
    rows = TrialValues(ledger, trial_id, query.find_trial(ledger, trial_id).plan)
    known = find_verdicts(ledger, trial_id) if found is None else found
    ranked = make_rankings(rows, known)
    table = make_score_table(rows, ranked)
    reasons = _explain_absent(table)
    alike: list[TaskAgreement] = []
    if "kinships" not in reasons:
        alike, few = find_agreements(rows, table, _make_generator(rows, DRAW_ITEMS))
        if few:
            reasons["kinships"] = f"too few items that all candidates answered: {', '.join(few)}"
    weights = rows.plan.weights
    weighted: WeightedScore | str = "the trial file writes no weights"
    if weights:
        weighted = reasons.get("firmness") or compute_weighted_score(
            table, weights, _make_generator(rows, DRAW_WEIGHTS)
        )
    if isinstance(weighted, str):
        reasons["weighted"] = weighted
    paid = find_costs(rows)
    if not paid:
        reasons["costs"] = "no costs were measured"
    across = "firmness" not in reasons
    return Standings(
        candidates=table.candidates,
        tasks=tuple(table.names()),
        left_out=table.left_out,
        rankings=tuple(ranked),
        matches=tuple(compare_pairs(table)) if across else (),
        dominances=tuple(find_dominances(table, _find_margins(rows, table))) if across else (),
        firmness=measure_stability(table, _make_generator(rows, DRAW_TASKS)) if across else None,
        kinships=tuple(alike),
        health=tuple(find_task_health(rows, ranked)),
        weighted=None if isinstance(weighted, str) else weighted,
        costs=tuple(paid),
        efficiency=tuple(find_efficiencies(rows, paid)),
        second_look=tuple(_find_second_look(known, 1 - rows.confidence)),
        reasons=reasons,
    )


def _explain_absent(table: ScoreTable) -> dict[str, str]:
    """Return why sections about several tasks cannot be made; nothing for those that can."""
    candidates, tasks = len(table.candidates), len(table.tasks)
    compared = f"{tasks} task{'' if tasks == 1 else 's'} with answers of all candidates"
    reasons = {}
    if candidates < 2 or tasks < 2:
        reason = f"needs at least two candidates with answers; there are {candidates}"
        reasons["firmness"] = reason if candidates < 2 else f"needs at least two tasks; there is {compared}"
        reasons["matches"] = reasons["dominances"] = reasons["firmness"]
    if "firmness" in reasons:
        reasons["kinships"] = reasons["firmness"]
    elif candidates < 3:
        reasons["kinships"] = "two candidates have only one order: agreement between tasks needs at least three"
    return reasons


def _find_margins(rows: TrialValues, table: ScoreTable) -> list[float]:
    """Return the margin on each task's main measure, in the unit of its differences."""
    baseline = rows.plan.baseline
    found = []
    for task in table.tasks:
        measure = task.main_measure
        others = [rows.candidate(name) for name in table.candidates if name != baseline] or [rows.candidate(baseline)]
        rule = make_rule(rows.plan, task, measure, (others[0], rows.candidate(baseline)))
        cell = rows.cell(baseline, task, measure.name)
        sample = PairedSample(cell.values, cell.weights, cell.values, cell.weights, cell.at)
        found.append(scale_margin(rule, measure, sample).margin)
    return found


def _make_generator(rows: TrialValues, what: int) -> np.random.Generator:
    """Return the generator of one kind of draw."""
    return np.random.default_rng([rows.plan.seed, what])


def _find_second_look(known: Sequence[Verdict], alpha: float) -> list[Verdict]:
    """Return the verdicts that e-BH singles out though they are undecided; none without evidence is among them."""
    tested = [v for v in known if v.e_value is not None]
    claims = e_bh([v.e_value or 0.0 for v in tested], alpha)
    return [v for v, claim in zip(tested, claims, strict=True) if claim and v.verdict == "undecided"]


def _make_plain(value: Any) -> Any:
    """Return JSON values: lists for tuples, null for numbers that JSON lacks."""
    if isinstance(value, Mapping):
        return {key: _make_plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple | list):
        return [_make_plain(inner) for inner in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
