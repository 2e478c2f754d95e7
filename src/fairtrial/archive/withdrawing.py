"""Withdrawing documents: what is to go is found by name first, then taken out of the archive as a whole."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from fairtrial.archive.base import Holding, Store
from fairtrial.archive.finding import find_holdings, find_source, refuse_unknown
from fairtrial.archive.keeping import AMOUNT


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What is to go.

    Attributes:
        name: as it was asked for.
        source: what the documents came from, as the archive calls it; empty where documents were named.
        holdings: documents that go.
        staying: documents of the source that stay, since they came from another one too.
    """

    name: str
    source: str
    holdings: tuple[Holding, ...]
    staying: tuple[Holding, ...] = field(default=())

    @property
    def with_text(self) -> tuple[str, ...]:
        """Ids of the documents of which there is text."""
        return tuple(one.id for one in self.holdings if one.keep in ("words", "text"))


def plan_withdrawal(store: Store, name: str) -> Withdrawal:
    """Find what a name stands for: a source as it was added, else documents by id, address or file.

    All versions of an address go together.  Raises ArchiveError where the name stands for nothing.
    """
    source, of_it = find_source(store, name)
    if source:
        gone = tuple(one for one in of_it if one.sources == (source,))
        return Withdrawal(name, source, gone, tuple(one for one in of_it if one.sources != (source,)))
    named = find_holdings(store, name)
    if not named:
        raise refuse_unknown(store, name)
    addresses = {one.uri for one in named}
    return Withdrawal(name, "", tuple(one for one in store.list_holdings() if one.uri in addresses))


def read_document_texts(store: Store, plan: Withdrawal) -> Iterator[tuple[str, str]]:
    """Yield id and text of what is to go, as long as it is there; with it what repeats it elsewhere is found."""
    return read_document_words(store, plan.with_text)


def read_document_words(store: Store, ids: Sequence[str], batch: int = 100) -> Iterator[tuple[str, str]]:
    """Yield id and all words of documents of which there is text."""
    for at in range(0, len(ids), batch):
        for document in store.read_documents(ids[at : at + batch]):
            pictures = [text for one in document.pictures for text in (one.caption, one.text) if text]
            yield document.id, "\n\n".join([document.title, document.text, *pictures])


def carry_out(store: Store, plan: Withdrawal) -> int:
    """Withdraw what was found; return of how many documents there was text."""
    ids = [one.id for one in plan.holdings if AMOUNT[one.keep] > AMOUNT["withdrawn"]]
    store.withdraw(ids, plan.source)
    return len(plan.with_text)


def list_withdrawn(plans: Sequence[Withdrawal]) -> list[str]:
    """Return the ids of all that is to go, each once."""
    return list(dict.fromkeys(one.id for plan in plans for one in plan.holdings))
