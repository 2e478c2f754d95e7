"""What judges will cost, before any is asked: what the ledger knows of their earlier grades, and at most by price."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fairtrial.ledger import Ledger
from fairtrial.ledger.judged import read_judge_costs
from fairtrial.planning.plan import Plan
from fairtrial.running.budget import MEASURED, find_worst_judging


@dataclass(frozen=True, slots=True)
class JudgedRate:
    """What judging one answer costs.

    Attributes:
        candidate, task: names of who answers what.
        costs: quantity to its mean over earlier grades of this judge; what is not known is not in it.
        most: US dollars at most; None without a price for tokens.
    """

    candidate: str
    task: str
    costs: Mapping[str, float]
    most: float | None


def find_judged_rates(plan: Plan, ledger: Ledger | None) -> Iterator[JudgedRate]:
    """Yield what judging each candidate's answers to each task costs."""
    for one in plan.judges.judgings:
        kept = [other.id for other in plan.judges.judgings if other.judge.id == one.judge.id]
        count, sums = read_judge_costs(ledger, one.judge.id, kept) if ledger else (0, {})
        known = {
            quantity: scale * sums[measure] / count
            for quantity, (measure, scale) in MEASURED.items()
            if count and measure in sums
        }
        worst = find_worst_judging(one, plan.trial.machine)
        yield JudgedRate(one.candidate.name, one.task.name, known, sum(worst) / len(worst) if worst else None)
