"""Evidence and rights records in an archive: each different one once, with a number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from fairtrial.archive.document import Document
from fairtrial.archive.stores.database import Connection, fetch_by
from fairtrial.archive.stores.encoding import (
    Sighting,
    hash_evidence,
    hash_record,
    make_record,
    normalise_record,
    pack_evidence,
    unpack_evidence,
)
from fairtrial.errors import ArchiveError
from fairtrial.rights import Evidence, RightsRecord

Sightings = tuple[tuple[Sighting, ...], ...]
"""Evidence of a document, then of each of its pictures."""


class Evidences:
    """Evidence of an archive by number, read once; rows of it never change but for their raw text being taken out."""

    def __init__(self) -> None:
        """Begin empty."""
        self._known: dict[int, Evidence] = {}
        self._numbers: dict[str, int] = {}
        self._records: dict[str, int] = {}

    def forget(self) -> None:
        """Read all again when it is next asked for."""
        self._known.clear()
        self._numbers.clear()
        self._records.clear()

    def number(self, db: Connection, evidence: Evidence) -> int:
        """Return the number of a piece of evidence, as `number_evidence` does."""
        key = hash_evidence(evidence)
        if key not in self._numbers:
            self._numbers[key] = number_evidence(db, evidence)
        return self._numbers[key]

    def number_record(self, db: Connection, record: RightsRecord) -> int:
        """Return the number of a record, as `number_record` does."""
        key = hash_record(record)
        if key not in self._records:
            self._records[key] = number_record(db, record)
        return self._records[key]

    def read(self, db: Connection, number: int) -> Evidence:
        """Return a piece of evidence, without place and date."""
        if number not in self._known:
            row = db.execute("SELECT body FROM evidence WHERE number = ?", (number,)).fetchone()
            if row is None:
                raise ArchiveError(f"evidence {number} is missing.", fix="`fairtrial archive check` lists all damage.")
            self._known[number] = unpack_evidence(row[0])
        return self._known[number]

    def number_pictures(self, db: Connection, records: Sequence[RightsRecord]) -> list[int]:
        """Return the numbers of the records of pictures, -1 where nothing was seen of one alone."""
        return [self.number_record(db, one) if one.evidence else -1 for one in records]

    def decode(self, db: Connection, text: str) -> Sightings:
        """Return what a row of ``origins`` says was seen."""
        lists: list[list[tuple[int, str, str]]] = json.loads(text)
        return tuple(
            tuple(Sighting(self.read(db, number), where, datetime.fromisoformat(seen)) for number, where, seen in one)
            for one in lists
        )

    def encode(self, db: Connection, sightings: Sightings) -> str:
        """Store evidence and return what a row of ``origins`` says of it."""
        lists = [
            [[self.number(db, one.evidence), one.where, one.seen.isoformat()] for one in some] for some in sightings
        ]
        return json.dumps(lists, ensure_ascii=False, separators=(",", ":"))

    def combine(self, db: Connection, document: int) -> list[RightsRecord]:
        """Return the record of a document and those of its pictures: all evidence of all that it came from."""
        rows = db.execute("SELECT sightings FROM origins WHERE document = ?", (document,))
        return _combine([self.decode(db, row[0]) for row in rows.fetchall()])

    def complete(self, db: Connection, documents: Mapping[int, Document]) -> dict[int, Document]:
        """Return documents, by number, with their rights, those of their pictures, and what they came from."""
        sql = "SELECT document, source, sightings FROM origins WHERE document IN (...)"
        origins: dict[int, list[tuple[str, Sightings]]] = {number: [] for number in documents}
        for number, source, text in list(fetch_by(db, sql, list(documents))):
            origins[number].append((source, self.decode(db, text)))
        made = {}
        for number, document in documents.items():
            records = _combine([seen for _, seen in origins[number]])
            pictures = tuple(
                replace(one, rights=records[at + 1]) if at + 1 < len(records) else one
                for at, one in enumerate(document.pictures)
            )
            source = min((source for source, _ in origins[number]), default="")
            made[number] = replace(document, source=source, rights=records[0], pictures=pictures)
        return made


def _combine(every: Sequence[Sightings]) -> list[RightsRecord]:
    """Return the record of a document and those of its pictures, of what each of its origins says."""
    most = max((len(one) for one in every), default=1)
    return [make_record(seen for one in every if at < len(one) for seen in one[at]) for at in range(most)]


def number_evidence(db: Connection, evidence: Evidence) -> int:
    """Return the number of a piece of evidence, which gets one if it has none."""
    key = hash_evidence(evidence)
    row = db.execute("SELECT number FROM evidence WHERE key = ?", (key,)).fetchone()
    if row is None:
        row = db.execute(
            "INSERT INTO evidence (key, body) VALUES (?, ?) RETURNING number", (key, pack_evidence(evidence))
        ).fetchone()
    return int(row[0])


def number_record(db: Connection, record: RightsRecord) -> int:
    """Return the number of all records that decide like this one, which get one if they have none."""
    key = hash_record(record)
    row = db.execute("SELECT number FROM rights WHERE key = ?", (key,)).fetchone()
    if row is None:
        normal = normalise_record(record).evidence
        listed = json.dumps([[number_evidence(db, one), one.seen.isoformat()] for one in normal])
        row = db.execute("INSERT INTO rights (key, body) VALUES (?, ?) RETURNING number", (key, listed)).fetchone()
    return int(row[0])


def number_pictures(db: Connection, records: Sequence[RightsRecord]) -> list[int]:
    """Return the numbers of the records of pictures, -1 where nothing was seen of one alone."""
    return [number_record(db, one) if one.evidence else -1 for one in records]


def read_records(db: Connection, evidence: Evidences) -> Mapping[int, RightsRecord]:
    """Return the different records, by number."""
    found = {}
    for number, body in db.execute("SELECT number, body FROM rights ORDER BY number").fetchall():
        pieces = [replace(evidence.read(db, n), seen=datetime.fromisoformat(seen)) for n, seen in json.loads(body)]
        found[number] = RightsRecord(tuple(pieces))
    return found
