"""How much of a document an archive may store: what its rights permit now, or will when an embargo ends."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from fairtrial.archive.base import Keep, Store
from fairtrial.rights import Circumstances, RightsRecord, RightsRule, Use, decide

TEXT_USES = (Use.DISPLAY, Use.AI_INPUT, Use.AI_INDEX, Use.QUOTE, Use.TRAIN)
"""Uses that need the text, beside search."""

AMOUNT = {"withdrawn": 0, "hash": 1, "text": 2, "words": 3}

MOST_CHANGES = 16
"""Moments of change that are looked at behind an embargo."""


def choose_keep(record: RightsRecord, circumstances: Circumstances) -> Keep:
    """Return how much of a document may be stored.

    All, where its words may be searched; its text alone, where it may be displayed, shown to a model, quoted, made
    vectors of or trained on; else only its hash and the evidence, so that it can be brought in when a licence is
    signed.  An embargo alone does not keep a document out: it was given to be used later, and until then no search
    finds it.
    """
    if may_ever(Use.SEARCH, record, circumstances):
        return "words"
    return "text" if any(may_ever(use, record, circumstances) for use in TEXT_USES) else "hash"


def may_ever(use: Use, record: RightsRecord, circumstances: Circumstances) -> bool:
    """Return whether a use is permitted now, or is denied only until an embargo ends."""
    for _ in range(MOST_CHANGES):
        decision = decide(use, record, circumstances)
        if decision.allowed:
            return True
        if decision.rule != RightsRule.EMBARGO or decision.changes is None:
            return False
        circumstances = replace(circumstances, at=decision.changes)
    return False


class Keeper:
    """Chooses for many documents in the same circumstances; equal records are decided once."""

    def __init__(self, circumstances: Circumstances) -> None:
        """Decide in these circumstances."""
        self.circumstances = circumstances
        self._known: dict[object, Keep] = {}

    def choose(self, record: RightsRecord) -> Keep:
        """Return how much of a document with this record may be stored."""
        key = frozenset(
            (e.signal, e.statements, e.problem, e.ttl_days, e.seen if e.ttl_days else None, e.licence, e.terms_url)
            for e in record.evidence
        )
        if key not in self._known:
            self._known[key] = choose_keep(record, self.circumstances)
        return self._known[key]


def combine_records(records: Iterable[RightsRecord]) -> RightsRecord:
    """Return all evidence of what a document comes from."""
    return RightsRecord(tuple(dict.fromkeys(one for record in records for one in record.evidence)))


def is_stale(record: RightsRecord, at: datetime) -> bool:
    """Return whether any evidence of a record was seen too long ago to be relied upon."""
    return any(one.ttl_days is not None and one.seen + timedelta(days=one.ttl_days) <= at for one in record.evidence)


def settle(store: Store, keeper: Keeper) -> dict[str, Keep]:
    """Take out of an archive what may no longer be stored; return what is left of which documents."""
    kept = {number: keeper.choose(record) for number, record in store.list_rights().items()}
    less = {one.id: kept[one.rights] for one in store.list_holdings() if AMOUNT[kept[one.rights]] < AMOUNT[one.keep]}
    if less:
        store.keep_less(less)
    store.clean()
    return less
