"""What a merge decided about rows that contradicted each other, kept in the ledger that it made.  Reads only."""

from __future__ import annotations

from dataclasses import dataclass

from fairtrial.ledger.store import Ledger


@dataclass(frozen=True, slots=True)
class SettledClashes:
    """One decision about a trial.

    Attributes:
        kept: ``first`` or ``newest``.
        count: answers, values, looks or plans of the trial that contradicted each other.
        dropped: items whose grade was given to an answer that was not kept, and went with it.
    """

    kept: str
    count: int
    dropped: int


def read_settled_clashes(ledger: Ledger, trial_id: str) -> list[SettledClashes]:
    """Return what merges have decided about a trial."""
    rows = ledger.read("SELECT kept, clashes, dropped FROM merges WHERE trial_id = ? ORDER BY 1, 2, 3", (trial_id,))
    return [SettledClashes(str(kept), int(count), int(dropped)) for kept, count, dropped in rows]
