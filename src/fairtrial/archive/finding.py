"""Documents of an archive as people name them, and what people may be shown of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from fairtrial.archive.base import Holding, Store
from fairtrial.archive.document import Document
from fairtrial.errors import ArchiveError, did_you_mean
from fairtrial.rights import Circumstances, Decision, Use, decide

SHORTEST = 6
"""Digits of an id that name a document."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A document, as far as people may see it.

    Attributes:
        holding: what the archive has of it.
        decision: of displaying it.
        document: it, where that is permitted and its text is kept; else None.
    """

    holding: Holding
    decision: Decision
    document: Document | None = field(repr=False)


def find_holdings(store: Store, name: str) -> list[Holding]:
    """Return the documents with an id (or its beginning), address, or path of a file, whatever is kept of them."""
    held = list(store.list_holdings())
    found = [one for one in held if one.uri == name or (len(name) >= SHORTEST and one.id.startswith(name.lower()))]
    if found or not name:
        return found
    path = str(Path(name).resolve())
    ids = {one.id for one in store.find_documents(path)}
    origins = store.read_origins([one.id for one in held if one.keep in ("hash", "withdrawn")])
    ids |= {id for id, places in origins.items() if any(path == of for _, of in places)}
    return [one for one in held if one.id in ids]


def find_source(store: Store, name: str) -> tuple[str, list[Holding]]:
    """Return a source as the archive calls it, and the documents that come from it; an empty name if there is none."""
    held = list(store.list_holdings())
    for called in dict.fromkeys((name, str(Path(name).resolve()))):
        found = [one for one in held if called in one.sources]
        if found:
            return called, found
    return "", []


def show_documents(
    store: Store, circumstances: Circumstances, holdings: Sequence[Holding], batch: int = 100
) -> Iterator[Shown]:
    """Yield documents as far as people may see them; nothing of one that must not be displayed is read."""
    records = store.list_rights()
    decided: dict[int, Decision] = {}
    for at in range(0, len(holdings), batch):
        some = holdings[at : at + batch]
        for one in some:
            if one.rights not in decided:
                decided[one.rights] = decide(Use.DISPLAY, records[one.rights], circumstances)
        readable = [one.id for one in some if one.keep in ("words", "text") and decided[one.rights].allowed]
        documents = {id: document for id, document in zip(readable, store.read_documents(readable), strict=True)}
        for one in some:
            document = documents.get(one.id)
            yield Shown(one, decided[one.rights], document and _leave_out_pictures(document, circumstances))


def _leave_out_pictures(document: Document, circumstances: Circumstances) -> Document:
    """Return a document without the pictures that have rights of their own which do not let them be displayed."""
    kept = [
        one
        for one in document.pictures
        if not one.rights.evidence or decide(Use.DISPLAY, one.rights, circumstances).allowed
    ]
    return replace(document, pictures=tuple(kept))


def refuse_unknown(store: Store, name: str) -> ArchiveError:
    """Return the error that says that an archive has no document of this name."""
    known = {one.uri for one in store.list_holdings()}
    return ArchiveError(
        f"there is no document {name[:200]!r} in the archive.{did_you_mean(name, known)}",
        fix="`fairtrial archive list` shows ids and addresses.",
    )
