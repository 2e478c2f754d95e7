"""What the repeats of a trial's items came to, one by one; everywhere else they are averaged."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fairtrial.ledger.query import read_order
from fairtrial.ledger.shape import is_finite, make_damage_error
from fairtrial.ledger.store import Ledger


def read_repeated_values(
    ledger: Ledger, trial_id: str, candidate_id: str, task_id: str, measure: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (items, repeats) values and weights of the items that have a value for each repeat, in trial order."""
    asked = read_order(ledger, trial_id, task_id)
    values = np.full((len(asked.item_ids), asked.repeats), np.nan)
    weights = np.zeros_like(values)
    rows = ledger.read(
        "SELECT item_id, repeat, value, weight FROM observations "
        "WHERE candidate_id = ? AND task_id = ? AND measure = ? AND repeat < ?",
        (candidate_id, task_id, measure, asked.repeats),
    )
    for item, repeat, value, weight in rows:
        if not (is_finite(value) and is_finite(weight)):
            raise make_damage_error(f"{measure} is no finite number", f"item {item}")
        if item in asked.position:
            values[asked.position[item], repeat] = value
            weights[asked.position[item], repeat] = weight
    whole = ~np.isnan(values).any(axis=1)
    return values[whole], weights[whole]


def count_changing_answers(ledger: Ledger, trial_id: str, candidate_id: str, task_id: str) -> tuple[int, int]:
    """Return how many items got more than one text over their repeats, and how many have an answer for each repeat."""
    repeats = read_order(ledger, trial_id, task_id).repeats
    [(changing, every)] = ledger.read(
        """
        SELECT coalesce(sum(texts > 1), 0), count(*) FROM (
            SELECT item_id, max(texts) texts FROM (
                SELECT s.item_id, s.position, count(*) asked,
                    count(DISTINCT coalesce(json_extract(a.answer, '$.text'), s.request_id)) texts
                FROM asked s
                JOIN trial_items t ON t.trial_id = ? AND t.task_id = s.task_id AND t.item_id = s.item_id
                JOIN answers a ON a.candidate_id = s.candidate_id AND a.request_id = s.request_id
                WHERE s.candidate_id = ? AND s.task_id = ? AND s.repeat < ?
                GROUP BY s.item_id, s.position
            ) GROUP BY item_id HAVING min(asked) = ?
        )
        """,
        (trial_id, candidate_id, task_id, repeats, repeats),
    )
    return int(changing), int(every)
