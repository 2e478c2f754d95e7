"""Doubts about the way in which options are asked for: letters that nobody gives, texts that nobody prefers.

Each comes with the other way as a hint, where the task has one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, get_names_by_id
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.plan import TaskRecord
from fairtrial.ledger.signs import count_signs
from fairtrial.stats.intervals import estimate

FEWEST = 20
"""Answers below which nothing is said."""

UNREAD, ONE_LETTER = 0.2, 0.95
"""Share of letters that cannot be read, or that are one and the same, from which they tell little of a candidate."""


def find_asking_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each file of own questions whose options are asked for in a way that tells little."""
    for task in trial.plan.tasks:
        own = task.card.settings.own
        if own is None or not own.choices or task.form:
            continue
        if task.card.settings.ask in ("letter", "circular"):
            yield from _find_useless_letters(ledger, trial, task)
        else:
            yield from _find_useless_texts(ledger, trial, task)


def _find_useless_letters(ledger: Ledger, trial: query.TrialRow, task: TaskRecord) -> Iterator[Doubt]:
    names, _ = get_names_by_id(trial)
    odd: dict[str, str] = {}
    missing: Counter[str] = Counter()
    for found in count_signs(ledger, trial.id):
        if found.task_id != task.id or found.candidate_id not in names or found.of < FEWEST:
            continue
        name = names[found.candidate_id]
        if found.sign in ("unread", "empty"):
            missing[name] += found.count
            if missing[name] >= UNREAD * found.of:
                odd[name] = f"no letter in {missing[name]:,} of {found.of:,} answers"
        elif found.sign.startswith("chose:") and found.count >= ONE_LETTER * found.of:
            odd[name] = f"{found.sign.partition(':')[2]} in {found.count:,} of {found.of:,} answers"
    if odd:
        told = "; ".join(f"{name}: {what}" for name, what in odd.items())
        text = (
            f"Letters tell little of these candidates on {task.name} ({told}). Where a model gives scores, "
            "`ask: texts` compares the likelihoods of the options' texts instead."
        )
        yield Doubt("asked_by_letter", text, task.name, headline=True)


def _find_useless_texts(ledger: Ledger, trial: query.TrialRow, task: TaskRecord) -> Iterator[Doubt]:
    chance, confidence = task.card.chance, trial.plan.decide.confidence
    if not chance:
        return
    for candidate in trial.plan.candidates:
        rows = query.read_values(ledger, trial.id, candidate.id, task.id, task.card.main_measure)
        if rows.weights.sum() < FEWEST:
            return
        if estimate(rows.values, rows.weights, rows.clusters, confidence, (0.0, 1.0)).low > chance:
            return
    text = (
        f"No candidate is certainly better than guessing on {task.name}, where the likelihoods of the options' texts "
        "are compared: long or rare texts are unlikely whatever is asked. `ask: letter` shows the options and has a "
        "letter written; the measure acc_norm counts per character."
    )
    yield Doubt("asked_by_texts", text, task.name, headline=True)
