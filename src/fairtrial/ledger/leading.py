"""The items that two candidates have answered without a gap, from a trial's first one on, and their values.

What may end a trial early are these and no others: the ledger may hold answers to later items, from other trials, but
which ones is no chance of this trial's making.  A trial asks for this after every chunk, so what was read is kept in
memory with the open ledger, and only what is new is read.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from fairtrial.ledger.order import LeadingColumns, MeasureColumn, Order
from fairtrial.ledger.query import PairedValues, average_repeats, read_order, renumber_clusters
from fairtrial.ledger.store import Ledger

FEW = 200
"""Up to so many items are looked up one by one; for more, all rows are read.  A look mostly finds one new chunk."""

ANY = 1 << 40
"""More repeats than there are."""

MEASURES_SEEN = """
WITH RECURSIVE seen(name) AS (
    SELECT min(measure) FROM observations WHERE candidate_id = :c AND task_id = :t
    UNION ALL
    SELECT (SELECT min(measure) FROM observations WHERE candidate_id = :c AND task_id = :t AND measure > name)
    FROM seen WHERE name IS NOT NULL
)
SELECT name FROM seen WHERE name IS NOT NULL
"""


def read_leading_values(
    ledger: Ledger, trial_id: str, a_id: str, b_id: str, task_id: str, measure: str
) -> tuple[PairedValues, bool]:
    """Return the values of the items before the first one that one of the two has not answered; and if they are all.

    An item is answered if it has an observation of any measure; of those, only items with values of this measure for
    both are returned.
    """
    asked = read_order(ledger, trial_id, task_id)
    ends = [count_reached(ledger, asked, (trial_id, candidate, task_id)) for candidate in (a_id, b_id)]
    a_values, a_weights = read_leading_column(ledger, asked, (trial_id, a_id, task_id), measure, min(ends))
    b_values, b_weights = read_leading_column(ledger, asked, (trial_id, b_id, task_id), measure, min(ends))
    at = np.flatnonzero(~(np.isnan(a_values) | np.isnan(b_values)))
    ids = tuple(asked.item_ids[i] for i in at)
    arrays = (a_values[at], a_weights[at], b_values[at], b_weights[at])
    return PairedValues(ids, renumber_clusters(asked.clusters[at]), *arrays), min(ends) == len(asked.item_ids)


def count_reached(ledger: Ledger, asked: Order, key: tuple[str, str, str]) -> int:
    """Return how many items from the first one on a candidate has answered; ``key``: trial, candidate and task id."""
    lead = ledger.leads.setdefault(key, LeadingColumns())
    while lead.reached < len(asked.item_ids):
        block = asked.item_ids[lead.reached : lead.reached + FEW]
        answered = _find_answered(ledger, key[1:], block)
        if len(answered) == len(block):  # and perhaps all the others
            block = asked.item_ids[lead.reached :]
            answered = _find_answered(ledger, key[1:], block)
        first = next((i for i, item in enumerate(block) if item not in answered), None)
        lead.reached += len(block) if first is None else first
        if first is not None:
            break
    return lead.reached


def _find_answered(ledger: Ledger, key: tuple[str, str], items: Sequence[str]) -> set[str]:
    """Return which of the items have an observation of any measure; ``key``: candidate id and task id."""
    left = set(items)
    for (measure,) in ledger.read(MEASURES_SEEN, {"c": key[0], "t": key[1]}):
        left -= {row[0] for rows in _read_rows(ledger, (*key, measure), left) for row in rows}
        if not left:
            break
    return set(items) - left


def _read_rows(
    ledger: Ledger, key: tuple[str, str, str], items: Collection[str], repeats: int = ANY
) -> Iterator[list[tuple[str, int, float, float]]]:
    """Yield rows of (item id, repeat, value, weight) of these items at least, many at a time.

    ``key``: candidate id, task id and measure.
    """
    few = len(items) <= FEW
    return ledger.read_blocks(
        "SELECT item_id, repeat, value, weight FROM observations WHERE candidate_id = ? AND task_id = ? "
        f"AND measure = ? AND repeat < ? {'AND item_id IN (SELECT value FROM json_each(?))' if few else ''}",
        (*key, repeats, json.dumps(list(items))) if few else (*key, repeats),
    )


def read_leading_column(
    ledger: Ledger, asked: Order, key: tuple[str, str, str], measure: str, until: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (until,) values and weights of a measure of the first items, repeats averaged; NaN where there is none."""
    columns = ledger.leads.setdefault(key, LeadingColumns()).columns
    if measure not in columns:
        count = len(asked.item_ids)
        columns[measure] = MeasureColumn(np.full(count, np.nan), np.full(count, np.nan), np.zeros(count, dtype=bool))
    kept = columns[measure]
    wanted = np.flatnonzero(~kept.complete[:until])
    if wanted.size:
        rows = _read_rows(ledger, (key[1], key[2], measure), [asked.item_ids[i] for i in wanted], asked.repeats)
        at, values, weights, counts = average_repeats(asked, rows)
        kept.values[at], kept.weights[at], kept.complete[at] = values, weights, counts == asked.repeats
    return kept.values[:until], kept.weights[:until]
