"""Documents, passages and evidence as the bytes that a store keeps, and the hashes that tell them apart.

Evidence is kept once, whatever documents it is about; a document says where and when each piece of it was seen.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from datetime import UTC, datetime
from functools import lru_cache

from pydantic import TypeAdapter, ValidationError

from fairtrial.archive.document import Document, Passage
from fairtrial.errors import ArchiveError
from fairtrial.records import content_hash
from fairtrial.rights import Evidence, RightsRecord

DOCUMENT = TypeAdapter(Document)
EVIDENCE = TypeAdapter(Evidence)
CUTS = TypeAdapter(list[tuple[int, int, tuple[str, ...], int | None, str | None]])
ANY_TIME = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the date of evidence that holds whenever it was seen."""
LEVEL = 6
REMEMBERED = 4096
"""Pieces of evidence and records whose hashes are remembered: most documents of a source say the same."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """One piece of evidence, seen in one place: the evidence without place and date, and these."""

    evidence: Evidence
    where: str
    seen: datetime

    @property
    def whole(self) -> Evidence:
        """The evidence as it was seen."""
        return replace(self.evidence, where=self.where, seen=self.seen)

    @classmethod
    def of(cls, evidence: Evidence) -> Sighting:
        """Tell a piece of evidence apart from its place and date."""
        return cls(replace(evidence, where="", seen=ANY_TIME), evidence.where, evidence.seen)


def pack_document(document: Document) -> bytes:
    """Return a document without its rights and source, which are kept apart."""
    pictures = tuple(replace(one, rights=RightsRecord()) for one in document.pictures)
    bare = replace(document, source="", rights=RightsRecord(), pictures=pictures)
    return zlib.compress(DOCUMENT.dump_json(bare, exclude_defaults=True), LEVEL)


def unpack_document(body: bytes, id: str) -> Document:
    """Return a document without rights and source.  Raises ArchiveError where the bytes are damaged."""
    try:
        return DOCUMENT.validate_json(zlib.decompress(body))
    except (zlib.error, ValidationError) as error:  # the cause would show text
        raise ArchiveError(f"document {id} is damaged ({type(error).__name__}).", fix=DAMAGED) from None


DAMAGED = "`fairtrial archive check` lists all that is damaged; add its file again to a new archive."


def pack_passages(document: Document, passages: Sequence[Passage], id: str) -> bytes:
    """Return where passages begin and end; texts only of those that the document's text does not have (pictures).

    Raises:
        ArchiveError: a passage is not what its document says; the message has no text of it.
    """
    cuts = []
    for at, one in enumerate(passages):
        spanned = one.picture is None
        if one.index != at or one.document != id:
            raise ArchiveError(f"passage {at} of document {id} is out of order.")
        if spanned and document.text[one.start : one.end] != one.text:
            raise ArchiveError(f"passage {at} of document {id} is not what the document has there.")
        cuts.append((one.start, one.end, one.headings, one.picture, None if spanned else one.text))
    return zlib.compress(CUTS.dump_json(cuts), LEVEL)


def unpack_passages(body: bytes, document: Document, id: str) -> list[Passage]:
    """Return the passages of a document whose id is known.  Raises ArchiveError where the bytes are damaged."""
    try:
        cuts = CUTS.validate_json(zlib.decompress(body))
    except (zlib.error, ValidationError) as error:
        raise ArchiveError(f"the passages of {id} are damaged ({type(error).__name__}).", fix=DAMAGED) from None
    return [
        Passage(id, at, start, end, headings, document.text[start:end] if text is None else text, picture)
        for at, (start, end, headings, picture, text) in enumerate(cuts)
    ]


def read_pictures(body: bytes) -> list[int | None]:
    """Return which picture each passage is about, None for text."""
    return [cut[3] for cut in CUTS.validate_json(zlib.decompress(body))]


def pack_evidence(evidence: Evidence) -> bytes:
    """Return evidence as bytes, its sets in order."""
    return zlib.compress(json.dumps(_plain(evidence), ensure_ascii=False, separators=(",", ":")).encode(), LEVEL)


def unpack_evidence(body: bytes) -> Evidence:
    """Return evidence.  Raises ArchiveError where the bytes are damaged."""
    try:
        return EVIDENCE.validate_json(zlib.decompress(body))
    except (zlib.error, ValidationError) as error:
        raise ArchiveError(f"evidence of rights is damaged ({type(error).__name__}).", fix=DAMAGED) from None


@lru_cache(REMEMBERED)
def hash_evidence(evidence: Evidence) -> str:
    """Return what tells evidence apart, with its raw text, without place and date."""
    return content_hash(_plain(Sighting.of(evidence).evidence))


def make_record(sightings: Iterable[Sighting]) -> RightsRecord:
    """Return a record of evidence as it was seen, each piece once, in an order that depends on nothing else."""
    seen = {_write(one.whole): one.whole for one in sightings}
    return RightsRecord(tuple(seen[key] for key in sorted(seen)))


@lru_cache(REMEMBERED)
def normalise_record(record: RightsRecord) -> RightsRecord:
    """Return what all records that decide alike have in common: each different piece of evidence once.

    Without place, raw text and hash of the file; with the date only where the evidence may be relied upon for a time.
    """
    bare = [
        replace(one, where="", raw="", sha256="", seen=one.seen.astimezone(UTC) if one.ttl_days else ANY_TIME)
        for one in record.evidence
    ]
    seen = {_write(one): one for one in bare}
    return RightsRecord(tuple(seen[key] for key in sorted(seen)))


@lru_cache(REMEMBERED)
def hash_record(record: RightsRecord, dated: bool = True) -> str:
    """Return the key of a record: equal for records that decide alike; without dates, whenever they were seen."""
    evidence = normalise_record(record).evidence
    if not dated:
        evidence = normalise_record(RightsRecord(tuple(replace(one, seen=ANY_TIME) for one in evidence))).evidence
    return content_hash([_plain(one) for one in evidence])


@lru_cache(REMEMBERED)
def _write(evidence: Evidence) -> str:
    """Return evidence as text that is the same for equal evidence."""
    return json.dumps(_plain(evidence), sort_keys=True)


def _plain(value: object) -> object:
    """Return a value as JSON has it, the same for equal values."""
    if isinstance(value, float) and value.is_integer():
        return int(value)  # as equal as they are in Python, by which hashes are remembered
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, frozenset):
        return sorted(str(one) for one in value)
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if is_dataclass(value):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    return str(value) if isinstance(value, str) else value
