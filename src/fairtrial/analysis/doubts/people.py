"""Doubts about grades that people have looked at: how many they take for wrong."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.analysis.doubts.base import Doubt, is_grave
from fairtrial.analysis.people import find_people_agreements
from fairtrial.ledger import Ledger, query


def find_people_doubts(ledger: Ledger, trial: query.TrialRow) -> Iterator[Doubt]:
    """Yield, for each task of which people take grades for wrong, how many; in the headline from one in twenty on."""
    for found in find_people_agreements(ledger, trial):
        if found.wrong:
            text = f"People do not share all grades of {found.describe()}"
            grave = is_grave(found.wrong, found.count)
            yield Doubt("people_disagree", text, found.task, count=found.wrong, of=found.count, headline=grave)
