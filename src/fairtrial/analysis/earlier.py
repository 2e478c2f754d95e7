"""What earlier trials know of a trial's items: answers of others to every item, which help to settle its questions.

Reads the ledger.  The sources are chosen once, before the trial's first question is asked, and kept with its plan, so
that a resumed run and the report use the same ones.  `fairtrial.stats.betting` says why hints can do no harm, and what
for: for the claim about this benchmark, and only as long as neither the hints nor their choice has to do with the order
of asking.  So a candidate is no source because an early-stopping trial with this order happened to ask it everything.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from fairtrial.errors import LedgerError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.known import read_items_measured
from fairtrial.ledger.leading import read_leading_column
from fairtrial.stats.arrays import Floats


def find_earlier_candidates(ledger: Ledger, seed: int, task_id: str, measure: str, items: Sequence[str]) -> list[str]:
    """Return the ids of the candidates whose values of a measure help a trial that is about to begin.

    Args:
        ledger: with the answers of earlier trials.
        seed: of the trial that begins.
        task_id: of one of its tasks.
        measure: of the task.
        items: ids of all items of the task that the claim is about.
    """
    wanted = set(items)
    return sorted(
        c
        for c in _find_asked_anyhow(ledger, seed, task_id, wanted)
        if wanted <= read_items_measured(ledger, c, task_id, measure)
    )


def _find_asked_anyhow(ledger: Ledger, seed: int, task_id: str, items: set[str]) -> set[str]:
    """Return the candidates for which it had nothing to do with this seed's order which items they were asked.

    Those that a finished trial without early stopping asked them all; and of the others, those that no early-stopping
    trial with the same seed, and so perhaps the same order, asked this task.
    """
    anyhow, others, same_order = set(), set(), set()
    for trial in query.read_trials(ledger):
        if not any(task.id == task_id for task in trial.plan.tasks):
            continue
        candidates = {candidate.id for candidate in trial.plan.candidates}
        if not trial.plan.decide.stop_early:
            finished = any(session.reason == "finished" for session in query.read_sessions(ledger, trial.id))
            if finished and items <= set(query.read_trial_order(ledger, trial.id, task_id)):
                anyhow |= candidates
        elif trial.plan.seed == seed:
            same_order |= candidates
        others |= candidates
    return anyhow | (others - same_order)


def find_hints(
    ledger: Ledger, trial_id: str, pair: tuple[str, str], at: tuple[str, str], known: Collection[str]
) -> Floats | None:
    """Return what earlier trials tell of every item in trial order, (N, P); None if they tell nothing.

    The value of the one of the two that is known; and the mean of the others, if there are any.  If both of the two are
    known, there is nothing left to save.

    Args:
        ledger: with their answers.
        trial_id: of the trial that is helped.
        pair: ids of the two candidates that are compared.
        at: task id and measure.
        known: ids of the candidates that `find_earlier_candidates` gave when the trial began.

    Raises:
        LedgerError: answers that the trial began with are gone.
    """
    of_pair = [c for c in pair if c in known]
    if len(of_pair) != 1:
        return None
    task_id, measure = at
    asked = query.read_order(ledger, trial_id, task_id)
    values = {
        c: read_leading_column(ledger, asked, (trial_id, c, task_id), measure, len(asked.item_ids))[0] for c in known
    }
    if any(np.isnan(row).any() for row in values.values()):
        raise LedgerError(
            "answers of an earlier trial, which this one began with, are gone from the ledger.",
            fix="Give the trial another name: it then starts over with what is there.",
        )
    others = [row for c, row in values.items() if c not in pair]
    return np.stack([values[of_pair[0]], *([np.mean(others, axis=0)] if others else [])], axis=1)
