"""Reads the documents of an archive, each with its own rights: the newest version of each address, none retracted."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from fairtrial.archive.base import Holding, Store
from fairtrial.archive.document import Document
from fairtrial.archive.opening import open_archive
from fairtrial.archive.remembering import recall
from fairtrial.curation.base import Drop, Piece, RowOrigin, StepContext, TrainingRow, Unread
from fairtrial.curation.formats.permitting import judge_document, make_circumstances
from fairtrial.spec.curate import Source

DOCUMENTS = 256
"""Of a piece."""
_NEVER = datetime.min.replace(tzinfo=UTC)


class ArchiveReader:
    """See `fairtrial.curation.base.Reader`.  Raises ArchiveError for what cannot be opened."""

    def __init__(self, source: Source, number: int, context: StepContext) -> None:
        self.address, self.number, self.context = source.archive or "", number, context
        self.name = Path(self.address).name if "://" not in self.address else self.address.rsplit("@", 1)[-1]

    def list_pieces(self) -> Sequence[Piece]:
        """Return pieces of so many documents, by id."""
        ids = self._holdings
        return [Piece(self.number, at, min(at + DOCUMENTS, len(ids)), at + 1) for at in range(0, len(ids), DOCUMENTS)]

    def read(self, piece: Piece) -> Iterator[TrainingRow | Unread]:
        """Yield the documents of a piece, and those that have no text here or stand for no current one."""
        some = self._holdings[piece.start : piece.end]
        reasons = {one.id: self._find_reason(one) for one in some}
        wanted = [one.id for one in some if not reasons[one.id]]
        documents = dict(zip(wanted, self._store.read_documents(wanted), strict=True)) if wanted else {}
        for row, holding in enumerate(some, piece.first):
            place = RowOrigin(self.name, row, holding.id, holding.uri)
            document = documents.get(holding.id)
            if document is None:
                yield Unread(place, Drop(reasons[holding.id]))
            elif document.retracted:
                yield Unread(place, Drop("retracted"))
            elif not document.text.strip():
                yield Unread(place, Drop("without text"))
            else:
                licence, credit, permission = judge_document(document, self._circumstances)
                text = write_document(document)
                made = TrainingRow(place, text=text, licence=licence, attribution=credit, permission=permission)
                yield made.noted("reading", f"labelled {document.label}") if document.label else made

    def describe(self) -> Mapping[str, Any]:
        """Return name, fingerprint and for which day and circumstances rights are decided."""
        held = self._circumstances
        return {
            "name": self.name,
            "sha256": self._store.fingerprint(),
            "form": "archive",
            "profile": held.profile,
            "territory": held.territory,
            "operator": held.operator,
            "decided on": self.context.at.date().isoformat(),
        }

    @cached_property
    def _store(self) -> Store:
        return open_archive(self.address)

    @cached_property
    def _circumstances(self) -> Any:
        return make_circumstances(self.context.rights, self.context.at, recall(self._store))

    @cached_property
    def _holdings(self) -> list[Holding]:
        return list(self._store.list_holdings())

    @cached_property
    def _superseded(self) -> frozenset[str]:
        """Ids of documents of which a newer version has the same address."""
        by_address: dict[str, list[str]] = defaultdict(list)
        for one in self._holdings:
            if one.keep in ("words", "text") and one.current:
                by_address[one.uri].append(one.id)
        old: set[str] = set()
        for ids in by_address.values():
            if len(ids) > 1:
                versions = sorted(
                    (_read_moment(one), id) for id, one in zip(ids, self._store.read_documents(ids), strict=True)
                )
                old.update(id for _, id in versions[:-1])
        return frozenset(old)

    def _find_reason(self, holding: Holding) -> str:
        """Return why a document is left out; empty if it is not."""
        if holding.keep == "withdrawn":
            return "withdrawn"
        if holding.keep == "hash":
            return "its rights do not let the archive keep its text"
        if not holding.current:
            return "no longer in the file that it came from"
        return "replaced by a newer version" if holding.id in self._superseded else ""


def write_document(document: Document) -> str:
    """Return a document as it is trained on: its title, its text, and what was corrected in it."""
    title = f"# {document.title}\n\n" if document.title and not document.text.startswith("# ") else ""
    notes = [
        f"Correction{f', {one.at:%Y-%m-%d}' if one.at else ''}: {one.text}" for one in document.corrections if one.text
    ]
    return "\n\n".join([title + document.text, *notes])


def _read_moment(document: Document) -> datetime:
    return document.modified or document.published or _NEVER
