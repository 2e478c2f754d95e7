"""What a store writes of a document: the same values whatever the database, made before any transaction begins."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain

from fairtrial.archive.base import Entry, Keep
from fairtrial.archive.stores.columns import NOBODY, fold_language, to_microseconds
from fairtrial.archive.stores.encoding import Sighting, hash_record, pack_document, pack_passages
from fairtrial.archive.stores.words import list_words
from fairtrial.records import content_hash
from fairtrial.rights import RightsRecord

AMOUNT: Mapping[str, int] = {"withdrawn": 0, "hash": 1, "text": 2, "words": 3}
"""How much of a document each way of keeping it keeps."""


@dataclass(frozen=True, slots=True)
class PreparedDocument:
    """A document as a store writes it; see `schema.TABLES` for the columns.

    Attributes:
        core: hash of where its passages begin and end; empty if none are kept.
        words: of each passage; none where they are not to be indexed.
        pictures: which picture each passage is about, None for text.
        images: hashes of its images.
        sightings: evidence of the document, then of each picture.
    """

    id: str
    uri: str
    source: str
    keep: Keep
    path: str
    reading: str
    version: int | None
    published: int | None
    section: str
    language: str
    label: str
    passages: int
    lengths: bytes
    cuts: bytes | None = field(repr=False)
    body: bytes | None = field(repr=False)
    core: str
    words: tuple[Sequence[str], ...] = field(repr=False)
    pictures: tuple[int | None, ...]
    images: tuple[str, ...]
    sightings: tuple[tuple[Sighting, ...], ...] = field(repr=False)


def prepare(entry: Entry) -> PreparedDocument:
    """Return what is written of a document.  Raises ArchiveError where passages are not what their document says."""
    document, kept = entry.document, entry.keep != "hash"
    passages = entry.passages if kept else ()
    id, title = document.id, list_words(document.title) if passages else []
    words = [[*title, *chain.from_iterable(map(list_words, (*one.headings, one.text)))] for one in passages]
    cuts = pack_passages(document, passages, id) if kept else None
    places = [[one.index, one.start, one.end, list(one.headings), one.picture] for one in passages]
    changed = document.modified or document.published
    records = [document.rights, *(one.rights for one in document.pictures)]
    return PreparedDocument(
        id=id,
        uri=document.uri,
        source=document.source,
        keep=entry.keep,
        path=entry.path,
        reading=entry.reading,
        version=to_microseconds(changed) if changed else None,
        published=to_microseconds(document.published) if document.published else None,
        section=document.section.casefold(),
        language=fold_language(document.language),
        label=document.label,
        passages=len(passages),
        lengths=struct.pack(f"<{len(words)}I", *map(len, words)),
        cuts=cuts,
        body=pack_document(document) if kept else None,
        core=content_hash(places) if kept else "",
        words=tuple(words) if entry.keep == "words" else (),
        pictures=tuple(one.picture for one in passages),
        images=tuple(dict.fromkeys(one.image.hash for one in document.pictures)) if kept else (),
        sightings=tuple(tuple(Sighting.of(one) for one in record.evidence) for record in records),
    )


def pack_marks(pictures: Sequence[int | None], numbers: Sequence[int]) -> bytes:
    """Return the rights of each passage's picture as bytes; empty if no passage has rights of its own.

    Args:
        pictures: which picture each passage is about.
        numbers: of the record of each picture, -1 where nothing was seen of it alone.
    """
    marks = [NOBODY if one is None or one >= len(numbers) else numbers[one] for one in pictures]
    return struct.pack(f"<{len(marks)}i", *marks) if any(mark != NOBODY for mark in marks) else b""


def share_of(id: str, keep: str, core: str, records: Sequence[RightsRecord], replaced: bool) -> str:
    """Return what a document adds to the fingerprint, whenever its rights were seen; a withdrawn one adds nothing."""
    if keep == "withdrawn":
        return "0"
    rights = [hash_record(one, dated=False) for one in records]
    return hashlib.sha256(content_hash([id, keep, core, rights, replaced]).encode()).hexdigest()


def add_shares(total: str, more: Iterable[str] = (), less: Iterable[str] = ()) -> str:
    """Return a sum of shares modulo 2**256: it depends on neither order nor on what came and went in between."""
    number = int(total, 16) + sum(int(one, 16) for one in more) - sum(int(one, 16) for one in less)
    return f"{number % (1 << 256):064x}"
