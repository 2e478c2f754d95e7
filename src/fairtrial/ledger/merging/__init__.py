"""Several ledgers to one, by content: each row once, and what contradicts each other named."""

from __future__ import annotations

from fairtrial.ledger.merging.clashes import Clash, KeptWhere
from fairtrial.ledger.merging.merging import ClashingLedgersError, MergedLedger, merge_ledgers
from fairtrial.ledger.merging.settled import SettledClashes, read_settled_clashes

__all__ = [
    "Clash",
    "ClashingLedgersError",
    "KeptWhere",
    "MergedLedger",
    "SettledClashes",
    "merge_ledgers",
    "read_settled_clashes",
]
