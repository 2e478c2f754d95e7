"""Rows that say an item in other words: most of the words that tell it apart stand near each other in the row.

Each word's stem weighs as rare as it is among the items (the inverse document frequency of Sparck Jones 1972); a row
comes too near where stems of most of the item's weight, few others between, are found.  This needs the row's words, so
it is done when a training set is made, and cannot be done from its grams.  Synonyms, and other languages, it misses.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from fairtrial.curation.contamination.grams import READER, GramSet
from fairtrial.curation.contamination.items import ItemText
from fairtrial.curation.contamination.words import Hashes

LEAST_SHARE = 0.75
"""Of an item's weight, in one stretch of a row."""
FEWEST_STEMS = 6
"""Different telling words that an item must have to be looked for."""
STRETCH = 3
"""Words of a stretch, for each word of the item."""
COMMON = 0.1
"""Share of the items above which a stem tells none of them apart."""
ITEMS_FOR_COMMON = 50
"""Items below which none is left out for that."""


class Rewordings:
    """Telling words of items, to be looked for in rows.

    Args:
        items: by their numbers.
    """

    def __init__(self, items: Mapping[int, ItemText]) -> None:
        """Weigh the stems of all items."""
        stems = {at: np.unique(READER.read("\n".join([one.question, *one.gold])).stems) for at, one in items.items()}
        every = np.concatenate([*stems.values(), np.empty(0, np.uint64)])
        known, counts = np.unique(every, return_counts=True)
        self._stems = GramSet(known)
        most = COMMON * len(items) if len(items) >= ITEMS_FOR_COMMON else len(items)
        weights = np.where(counts <= most, np.log((len(items) + 1) / np.maximum(counts, 1)), 0.0)
        self._own = {at: np.searchsorted(known, one) for at, one in stems.items()}
        self._own = {at: one[weights[one] > 0] for at, one in self._own.items()}
        self._own = {at: one for at, one in self._own.items() if len(one) >= FEWEST_STEMS}
        self._weights = weights
        self._numbers = np.array([*self._own], np.int64)
        flat = np.concatenate([*self._own.values(), np.empty(0, np.int64)])
        holder = np.repeat(np.arange(len(self._own)), [len(one) for one in self._own.values()])
        order = np.argsort(flat, kind="stable")
        self._holders = holder[order]
        self._starts = np.searchsorted(flat[order], np.arange(len(known) + 1))
        self._totals = np.array([weights[one].sum() for one in self._own.values()])

    def find(self, stems: Hashes) -> tuple[int, float] | None:
        """Return the number of the item that a row comes nearest to, with the share; None if it comes near to none.

        Args:
            stems: of the row, in order; see `words.Words`.
        """
        if not len(self._own):
            return None
        places, found = self._stems.find(stems)
        present = np.unique(found) if len(found) >= FEWEST_STEMS else found
        if len(present) < FEWEST_STEMS:
            return None
        spans = [np.arange(self._starts[one], self._starts[one + 1]) for one in present]
        weights = np.repeat(self._weights[present], [len(span) for span in spans])
        sums = np.bincount(self._holders[np.concatenate(spans)], weights, minlength=len(self._own))
        near = np.flatnonzero(sums >= LEAST_SHARE * self._totals)
        best = max(((self._weigh_stretch(int(one), places, found), -int(one)) for one in near), default=(0.0, 0))
        return (int(self._numbers[-best[1]]), best[0]) if best[0] >= LEAST_SHARE else None

    def _weigh_stretch(self, one: int, places: NDArray[np.int64], found: NDArray[np.int64]) -> float:
        """Return the largest share of an item's weight in one stretch of a row."""
        own = self._own[int(self._numbers[one])]
        mine = np.isin(found, own)
        at, which = places[mine], found[mine]
        reach = STRETCH * len(own)
        ends = np.searchsorted(at, at + reach)
        heaviest = max(
            (self._weights[np.unique(which[start:end])].sum() for start, end in enumerate(ends)), default=0.0
        )
        return float(heaviest / self._totals[one])
