"""What ``fairtrial archive withdraw`` says: what went, what stays, and which ledgers it could not reach."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fairtrial.api.withdrawing import Outcome
from fairtrial.ledger.withdrawing import Withdrawn

MOST = 20
"""Documents that are named; the others are counted."""


def tell_outcome(found: Outcome, archive: str, dry_run: bool) -> Iterator[str]:
    """Yield what is said to people; addresses and hashes, no text."""
    for one in found.documents[:MOST]:
        yield f"{one.id[:12]}  {one.uri}"
    if len(found.documents) > MOST:
        yield f"... and {len(found.documents) - MOST:,} more"
    if found.staying:
        others = ", ".join(sorted({source for one in found.staying for source in one.sources}))
        yield f"{_count(len(found.staying), 'document')} stay, for they came from another source, too: {others}."
    for place, what in found.ledgers.items():
        yield f"{place}: {_tell_ledger(what, dry_run)}"
    for place, why in found.unreached.items():
        yield f"{place}: not cleared: {why.rstrip('.')}. It may hold withdrawn words; withdraw again once it is there."
    verb = "Would withdraw" if dry_run else "Withdrew"
    what_went = f"{verb} {_count(len(found.documents), 'document')} from {archive}, {found.texts:,} of them with text"
    if dry_run:
        reached = f"{_count(len(found.ledgers), 'ledger')} would be cleared, {len(found.unreached):,} cannot be reached"
        yield f"{what_went}; {reached}."
        return
    yield f"{what_went}; {_count(len(found.ledgers), 'ledger')} cleared, {len(found.unreached):,} not reached."
    yield from found.remains
    yield "Copies elsewhere (reports, exports, backups, the files that were added) are yours to remove."


def describe_outcome(found: Outcome, dry_run: bool) -> dict[str, Any]:
    """Return it as JSON values."""
    return {
        "dry_run": dry_run,
        "documents": [{"id": one.id, "uri": one.uri} for one in found.documents],
        "texts": found.texts,
        "staying": [{"id": one.id, "uri": one.uri, "sources": list(one.sources)} for one in found.staying],
        "ledgers": {place: asdict(what) for place, what in found.ledgers.items()},
        "unreached": found.unreached,
        "remains": found.remains,
    }


def _tell_ledger(what: Withdrawn, dry_run: bool) -> str:
    if dry_run:
        return "would be looked through"
    told = f"{_count(what.passages, 'passage')} emptied, {_count(what.answers, 'answer')} and "
    told += f"{_count(what.requests, 'request')} replaced by their hashes; decisions and grades are kept"
    if what.items:
        told += f"; {_count(what.items, 'question')} of its tasks repeat withdrawn words and stay"
    return f"{told}."


def _count(number: int, name: str) -> str:
    return f"{number:,} {name}{'' if number == 1 else 's'}"
