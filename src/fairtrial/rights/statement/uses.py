"""An answer that was made with passages of an archive, as the ledger keeps it: no words of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from fairtrial.records.passages import PassageUse


@dataclass(frozen=True, slots=True)
class AnsweredWith:
    """One answer.

    Attributes:
        at: when it was stored, with a time zone.
        candidate: name of the candidate that gave it.
        candidate_id: its id.
        request_id: of what was asked.
        passages: found for it, with what became of each, in the order of the trace.
        tokens_in: that models read for it.
        tokens_out: that they generated.
    """

    at: datetime
    candidate: str
    candidate_id: str
    request_id: str
    passages: tuple[PassageUse, ...]
    tokens_in: int = 0
    tokens_out: int = 0


def select_publisher(answers: Iterable[AnsweredWith], publisher: str) -> list[AnsweredWith]:
    """Return answers with the passages of one publisher alone; those without any are left out."""
    wanted = fold_name(publisher)
    kept = []
    for one in answers:
        own = tuple(use for use in one.passages if wanted in (fold_name(use.publisher), fold_name(use.holder)))
        if own:
            kept.append(replace(one, passages=own))
    return kept


def fold_name(name: str) -> str:
    """Return a name as names are compared: whatever their case and spaces."""
    return " ".join(name.split()).casefold()
