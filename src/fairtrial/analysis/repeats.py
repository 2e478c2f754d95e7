"""How much a candidate's answers change when it is asked the same again.

Verdicts average the repeats of an item; here they are told apart.  Reads the ledger only.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.repeats import count_changing_answers, read_repeated_values


@dataclass(frozen=True, slots=True)
class RepeatSpread:
    """One candidate on one task and measure, of which every item is asked several times.

    Attributes:
        repeats: how often each item is asked.
        items: those that have a value for each repeat; all else is about these.
        changing_answers: share of the items that got more than one text; 0 where choices are scored.
        changing_values: share of the items whose value is not the same in each repeat.
        means: the value over all items, one a repeat; before the measure's transform.
        sd: standard deviation of these means (n - 1): what another run would move the score by.
        sampled: whether answers are drawn at all; greedy ones are the same each time.
    """

    candidate: str
    task: str
    measure: str
    unit: str
    repeats: int
    items: int
    changing_answers: float
    changing_values: float
    means: tuple[float, ...]
    sd: float
    sampled: bool

    def document(self) -> dict[str, Any]:
        """Return it as JSON values; docs/schemas/run.schema.json describes them."""
        return {**asdict(self), "means": list(self.means)}


def find_repeat_spreads(ledger: Ledger, trial_id: str) -> list[RepeatSpread]:
    """Return the spread between repeats, for each candidate and verdict measure of tasks that repeat items."""
    plan = query.find_trial(ledger, trial_id).plan
    found = []
    for task in plan.tasks:
        if task.entry.repeats < 2:
            continue
        for measure in task.card.measures:
            if measure.name not in task.measures:
                continue
            for candidate in plan.candidates:
                values, weights = read_repeated_values(ledger, trial_id, candidate.id, task.id, measure.name)
                if not len(values) or not (weights.sum(axis=0) > 0).all():
                    continue
                changing, of = count_changing_answers(ledger, trial_id, candidate.id, task.id)
                means = (values * weights).sum(axis=0) / weights.sum(axis=0)
                found.append(
                    RepeatSpread(
                        candidate.name,
                        task.name,
                        measure.name,
                        measure.unit,
                        task.entry.repeats,
                        len(values),
                        changing / of if of else 0.0,
                        float((np.ptp(values, axis=1) > 0).mean()),
                        tuple(float(mean) for mean in means),
                        float(means.std(ddof=1)),
                        candidate.spec.sampled,
                    )
                )
    return found
