"""How much memory a candidate will need, before its weights are loaded.  Plain values; what an engine fills in."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Footprint:
    """Predicted bytes of resident memory, by what they are for.

    Attributes:
        mapped: pages of the weight file that stay mapped while it runs.
        copied: weights that the engine copies into memory, e.g. rearranged for special instructions.
        vocabulary: tokens and merges as the engine keeps them.
        cache: keys and values (or running states) at the length that the trial asks for.
        working: buffers of the network and rows of logits.
        loading: the most while weights are being loaded: the whole file beside the copies.
        cells: tokens that the cache holds.
        full: the most with a cache for the whole context.
        context: tokens of that context.
    """

    mapped: int
    copied: int
    vocabulary: int
    cache: int
    working: int
    loading: int
    cells: int
    full: int
    context: int

    @property
    def peak(self) -> int:
        """The most at any time of the trial."""
        return max(self.loading, self.mapped + self.copied + self.vocabulary + self.cache + self.working)

    def document(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {"peak": self.peak, **asdict(self)}
