"""What of an archive may not be used, in numbers: for whoever searches it, before or after a search.

It is about the whole archive, never about what was searched for: how many withheld documents have a certain word is
something of their text.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairtrial.archive.base import Store
from fairtrial.archive.permitting import Permissions
from fairtrial.rights import Circumstances, Use


@dataclass(frozen=True, slots=True)
class Withheld:
    """Documents of an archive that a use may not have.

    Attributes:
        documents: how many the archive has, without those withdrawn.
        by_rule: how many are denied, by the rule that does; the first of the uses that is denied counts.
        changes: when the next of these decisions changes; None if no clock changes any.
    """

    documents: int
    by_rule: Mapping[str, int]
    changes: datetime | None

    @property
    def denied(self) -> int:
        """How many are denied."""
        return sum(self.by_rule.values())


def count_withheld(store: Store, uses: Sequence[Use], circumstances: Circumstances) -> Withheld:
    """Return how many documents of an archive may not be used, and why.

    Raises ArchiveError where the store fails.
    """
    records, permissions = store.list_rights(), Permissions(circumstances)
    by_rule, documents = Counter[str](), 0
    used: set[int] = set()
    for holding in store.list_holdings():
        if holding.keep == "withdrawn":
            continue
        documents += 1
        used.add(holding.rights)
        decisions = [permissions.decide(use, holding.rights, records[holding.rights], circumstances.at) for use in uses]
        denied = next((one for one in decisions if not one.allowed), None)
        if denied is not None:
            by_rule[str(denied.rule)] += 1
    moments = [
        moment
        for number in used
        for use in uses
        if (moment := permissions.decide(use, number, records[number], circumstances.at).changes) is not None
    ]
    return Withheld(documents, dict(sorted(by_rule.items())), min(moments, default=None))
