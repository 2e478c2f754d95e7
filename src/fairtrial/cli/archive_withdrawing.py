"""What is said of documents and words that went, of what stays, and of the ledgers that could not be reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fairtrial.api.displaying import Followed
from fairtrial.api.withdrawing import MISSING, Tainted, WithdrawalOutcome
from fairtrial.ledger.withdrawing import Withdrawn

MOST = 20
"""Documents that are named; the others are counted."""


def tell_outcome(found: WithdrawalOutcome, archive: str, dry_run: bool) -> Iterator[str]:
    """Yield what is said to people; addresses and hashes, no text."""
    for one in found.documents[:MOST]:
        yield f"{one.id[:12]}  {one.uri}"
    if len(found.documents) > MOST:
        yield f"... and {len(found.documents) - MOST:,} more"
    if found.staying:
        others = ", ".join(sorted({source for one in found.staying for source in one.sources}))
        yield f"{_count(len(found.staying), 'document')} stay because they came from another source, too: {others}."
    for place, what in found.ledgers.items():
        yield f"{place}: {_tell_ledger(what, dry_run)}"
    for place, why in found.unreached.items():
        yield f"{place}: not cleared: {why.rstrip('.')}. It may hold withdrawn words; withdraw again once it is there."
        if not Path(place).exists():
            yield "  If it was deleted, with all copies, have it forgotten: fairtrial archive ledgers --forget PATH."
    yield from (_tell_tainted(one, dry_run) for one in found.tainted)
    verb = "Would withdraw" if dry_run else "Withdrew"
    what_went = f"{verb} {_count(len(found.documents), 'document')} from {archive}, {found.texts:,} of them with text"
    if dry_run:
        reached = f"{_count(len(found.ledgers), 'ledger')} would be cleared, {len(found.unreached):,} cannot be reached"
        yield f"{what_went}; {reached}{_count_tainted(found)}."
        return
    reached = f"{_count(len(found.ledgers), 'ledger')} cleared, {len(found.unreached):,} not reached"
    yield f"{what_went}; {reached}{_count_tainted(found)}."
    yield from found.remains
    yield "Copies elsewhere (reports, exports, backups, the files that were added) are yours to remove."


def describe_outcome(found: WithdrawalOutcome, dry_run: bool) -> dict[str, Any]:
    """Return it as JSON values."""
    return {
        "dry_run": dry_run,
        "documents": [{"id": one.id, "uri": one.uri} for one in found.documents],
        "texts": found.texts,
        "staying": [{"id": one.id, "uri": one.uri, "sources": list(one.sources)} for one in found.staying],
        "ledgers": {place: asdict(what) for place, what in found.ledgers.items()},
        "unreached": found.unreached,
        "tainted": [{**asdict(one.made), "rows": one.rows, "why": one.why} for one in found.tainted],
        "remains": found.remains,
    }


def _count_tainted(found: WithdrawalOutcome) -> str:
    """Return how many training sets and adapters were made of what goes, for the last line; empty for none."""
    kinds = [one.made.kind for one in found.tainted]
    told = [_count(kinds.count(kind), kind) for kind in ("training set", "adapter") if kind in kinds]
    return f"; made of it: {' and '.join(told)}" if told else ""


def _tell_tainted(one: Tainted, dry_run: bool) -> str:
    """Return what becomes of a training set or an adapter: no word of an adapter can be taken out, so it is named."""
    made = one.made
    named = f"{made.place}: {made.kind} {made.name[:12]}"
    of = _count(len(made.documents), "document")
    if made.kind == "adapter":
        verb = "would be tainted" if dry_run else "is tainted"
        told = (
            f"{named} {verb}: it was tuned on {of} of these, and what it learned of them cannot be taken out; nor out "
        )
        told += "of models that it was merged into"
    elif dry_run:
        told = f"{named} would lose the rows of {of}, and would not be trained on any more"
    else:
        told = f"{named} lost {_count(one.rows, 'row')} of {of}, and is not trained on any more"
    if one.why == MISSING:
        told = told if made.kind == "adapter" else f"{named} has rows of {of}"
        return f"{told}; it is not there now. Wherever it is, it is yours to remove."
    return f"{told}{f'; not marked there: {one.why}' if one.why else ''}".rstrip(".") + "."


def tell_followed(found: Followed) -> Iterator[str]:
    """Yield what became of ledgers as the records of an archive changed; nothing where they stay as they are."""
    for place, what in found.ledgers.items():
        told = f"{_count(what.passages, 'passage')} emptied that may no longer be displayed"
        if what.answers or what.requests:
            told += (
                f", {_count(what.answers, 'answer')} and {_count(what.requests, 'request')} that repeat what may no "
            )
            told += "longer be quoted replaced by their hashes"
        yield f"{place}: {told}; decisions and grades are kept."
    for place, why in found.unreached.items():
        yield (
            f"{place}: not looked through: {why.rstrip('.')}. It may hold words that may no longer be displayed; do "
            "the same again once it can be read."
        )
    for one in found.training:
        if one.why != MISSING:
            yield _tell_denied(one)
    if lost := sum(one.why == MISSING for one in found.training):
        yield (
            f"{_count(lost, 'training set or adapter', 'training sets or adapters')} made of documents that may not be "
            "trained on any more: not where they were made; wherever they are, they are yours to look after."
        )
    if found.ledgers or found.unreached:
        yield (
            f"Of {_count(found.looked + len(found.unreached), 'ledger')} made with this archive, "
            f"{len(found.ledgers):,} lost words, {len(found.unreached):,} not reached."
        )


def describe_followed(found: Followed) -> dict[str, Any]:
    """Return it as JSON values."""
    return {
        "ledgers": {place: asdict(what) for place, what in found.ledgers.items()},
        "unreached": found.unreached,
        "training": [{**asdict(one.made), "why": one.why} for one in found.training],
    }


def _tell_denied(one: Tainted) -> str:
    """Return what becomes of a training set or an adapter some of whose documents may not be trained on any more."""
    made = one.made
    of = f"{_count(len(made.documents), 'document')} of it may not be trained on any more"
    then = "nothing is trained on it until it is curated again"
    if made.kind == "adapter":
        then = "what it learned of them cannot be taken out, and trials say so"
    told = f"{made.place}: {made.kind} {made.name[:12]}: {of}; {then}"
    return f"{told}{f'; not marked there: {one.why}' if one.why else ''}".rstrip(".") + "."


def _tell_ledger(what: Withdrawn, dry_run: bool) -> str:
    if dry_run:
        return "would be looked through"
    told = f"{_count(what.passages, 'passage')} emptied, {_count(what.answers, 'answer')} and "
    told += f"{_count(what.requests, 'request')} replaced by their hashes; decisions and grades are kept"
    if what.items:
        told += f"; {_count(what.items, 'question')} of its tasks repeat withdrawn words and stay"
    return f"{told}."


def _count(number: int, name: str, several: str = "") -> str:
    return f"{number:,} {name if number == 1 else several or f'{name}s'}"
