"""The items of one task in the order in which a trial asks them.

A trial's plan never changes, so this is read once for each open ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Order:
    """One task of one trial.

    Attributes:
        item_ids: in trial order.
        position: place of each item in ``item_ids``.
        doc_ids: the items' places in the task's own order.
        clusters: a number for each item, int64 of shape (items,); the same number for the same cluster.
        repeats: how often the trial asks each item; what other trials ask beyond that is not its own.
    """

    item_ids: tuple[str, ...]
    position: Mapping[str, int]
    doc_ids: tuple[int, ...]
    clusters: NDArray[np.int64]
    repeats: int


def make_order(rows: Sequence[tuple[str, int, str]], repeats: int) -> Order:
    """Return the order from rows of (item id, doc id, cluster name)."""
    ids = tuple(row[0] for row in rows)
    names = np.array([row[2] for row in rows], dtype=object)
    codes = np.unique(names, return_inverse=True)[1] if rows else np.zeros(0)
    return Order(
        ids, {item: i for i, item in enumerate(ids)}, tuple(row[1] for row in rows), codes.astype(np.int64), repeats
    )
