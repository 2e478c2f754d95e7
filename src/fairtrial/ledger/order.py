"""What is read once for each open ledger: the items of a task in the order in which a trial asks them, and how far a
candidate has come with what values.

A trial's plan never changes, nor does a row of observations; there only come more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
        names: of the items' clusters.
        repeats: how often the trial asks each item; what other trials ask beyond that is not its own.
    """

    item_ids: tuple[str, ...]
    position: Mapping[str, int]
    doc_ids: tuple[int, ...]
    clusters: NDArray[np.int64]
    repeats: int
    names: tuple[str, ...] = ()


@dataclass(slots=True)
class MeasureColumn:
    """Values of one measure at the places of a trial's order, as far as they were read; arrays of shape (items,).

    Attributes:
        values: repeats averaged; NaN where there is none, or none was read.
        weights: likewise.
        complete: whether all repeats are in ``values``, so that it need not be read again.
    """

    values: NDArray[np.float64]
    weights: NDArray[np.float64]
    complete: NDArray[np.bool_]


@dataclass(slots=True)
class LeadingColumns:
    """How far a candidate has come with a task of a trial.

    Attributes:
        reached: items, from the first one on, that it has answered.
        columns: what was read of them, by measure.
    """

    reached: int = 0
    columns: dict[str, MeasureColumn] = field(default_factory=dict)


def make_order(rows: Sequence[tuple[str, int, str]], repeats: int) -> Order:
    """Return the order from rows of (item id, doc id, cluster name)."""
    ids = tuple(row[0] for row in rows)
    names = np.array([row[2] for row in rows], dtype=object)
    codes = np.unique(names, return_inverse=True)[1] if rows else np.zeros(0)
    places = {item: i for i, item in enumerate(ids)}
    doc_ids, own = tuple(row[1] for row in rows), tuple(row[2] for row in rows)
    return Order(ids, places, doc_ids, codes.astype(np.int64), repeats, own)
