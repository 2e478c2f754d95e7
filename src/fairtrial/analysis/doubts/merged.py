"""Doubts about a trial whose ledger was merged from several that contradicted each other."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.merging import read_settled_clashes

KEPT = {"first": "the ledger that was named first", "newest": "the ledger with the newest answer"}


def find_merge_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield a doubt for each merge that had to decide between ledgers."""
    for found in read_settled_clashes(ledger, trial.id):
        places = "one place" if found.count == 1 else f"{found.count:,} places"
        text = (
            f"Ledgers that were merged contradicted each other in {places} of this trial; what "
            f"{KEPT.get(found.kept, 'one of them')} said was kept."
        )
        if found.dropped:
            few = "1 grade" if found.dropped == 1 else f"{found.dropped:,} grades"
            text += f" {few} of answers that were not kept went; running the trial again grades them."
        yield Doubt("merged", text, count=found.count, headline=True)
