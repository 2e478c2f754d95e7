"""Adding to an archive: documents, evidence, words, images, vectors; each call is one transaction."""

from __future__ import annotations

import heapq
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import groupby, islice
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Added, Entry, SeenFile
from fairtrial.archive.stores.database import Connection, Database, fetch_by
from fairtrial.archive.stores.encoding import Sighting, make_record, read_pictures
from fairtrial.archive.stores.evidence import Evidences, Sightings, number_pictures, number_record
from fairtrial.archive.stores.postings import FANOUT, build_postings, join_postings
from fairtrial.archive.stores.rows import AMOUNT, PreparedDocument, add_shares, pack_marks, prepare, share_of
from fairtrial.errors import ArchiveError
from fairtrial.rights import RightsRecord

INSERT = (
    "INSERT INTO documents (id, uri, keep, version, published, section, language, label, rights, replaced, first, "
    "passages, lengths, marks, cuts, body, core, share) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
BRING_IN = (
    "UPDATE documents SET keep = ?, first = ?, passages = ?, lengths = ?, cuts = ?, body = ?, core = ? WHERE number = ?"
)

_Words = list[tuple[int, Sequence[str]]]
"""Passages by number, with their words."""


@contextmanager
def change(database: Database, evidence: Evidences) -> Iterator[Connection]:
    """Run statements as one transaction that makes a new version of the archive."""
    try:
        with database.changing() as db:
            yield db
            write_meta(db, "changes", str(int(read_meta(db, "changes")) + 1))
    except BaseException:
        evidence.forget()  # numbers that were given in what was rolled back are given again to others
        raise


def add(
    database: Database,
    evidence: Evidences,
    entries: Sequence[Entry],
    images: Mapping[str, bytes],
    files: Sequence[SeenFile],
) -> Added:
    """Store documents; see `Store.add`."""
    made = [prepare(entry) for entry in entries]
    with database.writing(), change(database, evidence) as db:
        gone = {(kind, name) for kind, name in db.execute("SELECT kind, name FROM withdrawals")}
        words: _Words = []
        counted = {"new": 0, "known": 0, "rights_changed": 0, "withdrawn": 0}
        staying = [one for one in made if not {("document", one.id), ("uri", one.uri), ("source", one.source)} & gone]
        counted["withdrawn"] = len(made) - len(staying)
        new = _find_new(db, staying)
        counted["new"] = len(new)
        _store_new(db, evidence, list(new.values()), images, words)
        for one in staying:
            if new.get(one.id) is not one:
                for what in _store(db, evidence, one, images, words):
                    counted[what] += 1
        _add_segment(db, words)
        for seen in files:
            _finish_file(db, evidence, seen)
        merge_segments(db)
    return Added(**counted)


def _find_new(db: Connection, made: Sequence[PreparedDocument]) -> dict[str, PreparedDocument]:
    """Return the documents that the archive has never had, by id; of the same one several times the first."""
    first: dict[str, PreparedDocument] = {}
    for one in made:
        first.setdefault(one.id, one)
    known = {row[0] for row in fetch_by(db, "SELECT id FROM documents WHERE id IN (...)", list(first))}
    return {id: one for id, one in first.items() if id not in known}


def _store_new(
    db: Connection, evidence: Evidences, made: Sequence[PreparedDocument], images: Mapping[str, bytes], words: _Words
) -> None:
    """Store documents that the archive has never had, all with a few statements; see `_store`."""
    first, rows, shares = int(read_meta(db, "passages")), [], []
    for one in made:
        records = [make_record(some) for some in one.sightings]
        marks = pack_marks(one.pictures, evidence.number_pictures(db, records[1:]))
        shares.append(share_of(one.id, one.keep, one.core, records, replaced=False))
        described = (one.version, one.published, one.section, one.language, one.label)
        rights = (evidence.number_record(db, records[0]), 0)
        kept = (one.passages, one.lengths, marks, one.cuts, one.body, one.core, shares[-1])
        rows.append((one.id, one.uri, one.keep, *described, *rights, first, *kept))
        words.extend((first + at, own) for at, own in enumerate(one.words))
        first += one.passages
    if not made:
        return
    db.executemany(INSERT, rows)
    sql = "SELECT id, number FROM documents WHERE id IN (...)"
    numbers = {row[0]: int(row[1]) for row in fetch_by(db, sql, [one.id for one in made])}
    origins = [(numbers[one.id], one.source, one.path, one.reading, evidence.encode(db, one.sightings)) for one in made]
    db.executemany("INSERT INTO origins VALUES (?, ?, ?, ?, ?)", origins)
    for one in made:
        _add_images(db, numbers[one.id], one.images, images)
    write_meta(db, "passages", str(first))
    write_meta(db, "shares", add_shares(read_meta(db, "shares"), shares))


def _store(
    db: Connection, evidence: Evidences, one: PreparedDocument, images: Mapping[str, bytes], words: _Words
) -> list[str]:
    """Store what is new of a document that the archive has; return what it counts as."""
    sightings = evidence.encode(db, one.sightings)
    number, keep = db.execute("SELECT number, keep FROM documents WHERE id = ?", (one.id,)).fetchone()
    key = (number, one.source, one.path)
    db.execute("DELETE FROM origins WHERE document = ? AND source = ? AND path = ?", key)
    db.execute("INSERT INTO origins VALUES (?, ?, ?, ?, ?)", (*key, one.reading, sightings))
    records = evidence.combine(db, number)
    more = AMOUNT[one.keep] > AMOUNT[keep]
    if more:
        first = _find_first(db, number, one)
        values = (one.keep, first, one.passages, one.lengths, one.cuts, one.body, one.core, number)
        db.execute(BRING_IN, values)
        words.extend((first + at, own) for at, own in enumerate(one.words))
        _add_images(db, number, one.images, images)
    changed = update_document(db, number, records, replaced=False)
    return ["new"] if more else ["known", "rights_changed"] if changed else ["known"]


def _find_first(db: Connection, number: int, one: PreparedDocument) -> int:
    """Return the number of a document's first passage: the one it has, else the next that nothing ever had."""
    sql = "SELECT first, passages, cuts FROM documents WHERE number = ?"
    first, count, cuts = db.execute(sql, (number,)).fetchone()
    if count and cuts == one.cuts:
        return int(first)
    if count:  # cut otherwise now
        db.execute("DELETE FROM vectors WHERE passage BETWEEN ? AND ?", (first, first + count - 1))
    first = int(read_meta(db, "passages"))
    write_meta(db, "passages", str(first + one.passages))
    return first


def _add_images(db: Connection, number: int, hashes: Sequence[str], images: Mapping[str, bytes]) -> None:
    for name in hashes:
        if name in images:
            db.execute("INSERT INTO images VALUES (?, ?) ON CONFLICT DO NOTHING", (name, images[name]))
        elif db.execute("SELECT 1 FROM images WHERE hash = ?", (name,)).fetchone() is None:
            continue  # its reader could not read it and said so
        db.execute("INSERT INTO document_images VALUES (?, ?) ON CONFLICT DO NOTHING", (number, name))


def update_document(db: Connection, number: int, records: Sequence[RightsRecord], replaced: bool | None = None) -> bool:
    """Bring a document's record and share of the fingerprint up to date; return whether its rights changed.

    Args:
        db: in a transaction.
        number: of the document.
        records: of it and of its pictures.
        replaced: whether it is; None leaves that as it is.
    """
    sql = "SELECT id, core, share, replaced, rights, marks, keep, cuts FROM documents WHERE number = ?"
    id, core, share, was, rights, marks, keep, cuts = db.execute(sql, (number,)).fetchone()
    now = bool(was) if replaced is None else replaced
    record = number_record(db, records[0])
    new = share_of(id, keep, core, records, now)
    pictures = number_pictures(db, records[1:])
    marked = pack_marks(read_pictures(cuts), pictures) if cuts and max(pictures, default=-1) >= 0 else b""
    changed = bool((record, marked) != (rights, marks))
    if changed or (new, now) != (share, bool(was)):
        values = (record, marked, int(now), new, number)
        db.execute("UPDATE documents SET rights = ?, marks = ?, replaced = ?, share = ? WHERE number = ?", values)
        write_meta(db, "shares", add_shares(read_meta(db, "shares"), (new,), (share,)))
    return changed


def _finish_file(db: Connection, evidence: Evidences, seen: SeenFile) -> None:
    """Enter that a file was read to its end; what it no longer gives is replaced."""
    beside = json.dumps(seen.beside)
    values = (seen.path, seen.source, seen.sha256, seen.basis, seen.problem, seen.documents, beside)
    db.execute("DELETE FROM files WHERE path = ?", (seen.path,))
    db.execute("INSERT INTO files VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    if seen.problem:
        return
    sql = "SELECT document FROM origins WHERE path = ? AND source = ? AND reading != ?"
    left = [row[0] for row in db.execute(sql, (seen.path, seen.source, seen.sha256))]
    for number in left:
        others = "SELECT count(*) FROM origins WHERE document = ? AND NOT (path = ? AND source = ?)"
        if db.execute(others, (number, seen.path, seen.source)).fetchone()[0]:
            gone = "DELETE FROM origins WHERE document = ? AND path = ? AND source = ?"
            db.execute(gone, (number, seen.path, seen.source))
            update_document(db, number, evidence.combine(db, number))
        else:
            update_document(db, number, evidence.combine(db, number), replaced=True)


def put_rights(database: Database, evidence: Evidences, records: Mapping[str, RightsRecord]) -> int:
    """Give documents other evidence; see `Store.put_rights`."""
    changed = 0
    with database.writing(), change(database, evidence) as db:
        for id, record in records.items():
            row = db.execute("SELECT number FROM documents WHERE id = ? AND keep != 'withdrawn'", (id,)).fetchone()
            if row is None:
                raise ArchiveError(f"{database.name} has no document {id!r}.")
            changed += _replace_evidence(db, evidence, int(row[0]), record)
    return changed


def _replace_evidence(db: Connection, evidence: Evidences, number: int, record: RightsRecord) -> bool:
    """Give a document other evidence, and leave that of its pictures as it is."""
    rows = db.execute("SELECT source, path, sightings FROM origins WHERE document = ?", (number,)).fetchall()
    own = tuple(Sighting.of(one) for one in record.evidence)
    for source, path, text in rows:
        told: Sightings = (own, *evidence.decode(db, text)[1:])
        values = (evidence.encode(db, told), number, source, path)
        db.execute("UPDATE origins SET sightings = ? WHERE document = ? AND source = ? AND path = ?", values)
    return update_document(db, number, evidence.combine(db, number))


def put_vectors(
    database: Database,
    space: str,
    passages: Sequence[int],
    vectors: NDArray[np.float32],
    pack: Callable[[NDArray[np.float32]], object],
) -> None:
    """Store vectors (passages, n) of length 1; those of passages that are gone meanwhile are dropped.

    ``pack`` makes of one what the database keeps.
    """
    if vectors.ndim != 2 or len(vectors) != len(passages):
        raise ArchiveError(f"vectors of shape {vectors.shape} do not fit {len(passages)} passages.")
    if not np.isfinite(vectors).all():
        raise ArchiveError(f"a vector of {space} is not finite.", fix="The embedder failed; nothing was stored.")
    rows = np.ascontiguousarray(vectors, "<f4")
    with change(database, Evidences()) as db:
        db.execute("INSERT INTO spaces (name, width) VALUES (?, ?) ON CONFLICT DO NOTHING", (space, rows.shape[1]))
        number, width = map(int, db.execute("SELECT number, width FROM spaces WHERE name = ?", (space,)).fetchone())
        if width != rows.shape[1]:
            raise ArchiveError(f"the vectors of {space} have {width} numbers; these have {rows.shape[1]}.")
        there = _find_there(db, passages)
        kept = {int(one): row for one, row in zip(passages, rows, strict=True) if int(one) in there}
        _delete_vectors(db, number, list(kept))
        insert = "INSERT INTO vectors (space, passage, body) VALUES (?, ?, ?)"
        db.executemany(insert, [(number, one, pack(row)) for one, row in kept.items()])


def _delete_vectors(db: Connection, space: int, passages: Sequence[int]) -> None:
    """Delete those vectors of some passages that are there."""
    sql = "SELECT passage FROM vectors WHERE passage IN (...) AND space = "
    there = list(fetch_by(db, f"{sql}{space}", passages))
    db.executemany("DELETE FROM vectors WHERE space = ? AND passage = ?", [(space, one[0]) for one in there])


def _find_there(db: Connection, passages: Sequence[int]) -> set[int]:
    """Return which of some passages have text."""
    if not len(passages):
        return set()
    wanted = {int(one) for one in passages}
    sql = "SELECT first, passages FROM documents WHERE first <= ? AND first + passages > ? AND body IS NOT NULL"
    rows = db.execute(sql, (max(wanted), min(wanted)))
    return wanted & {number for first, count in rows for number in range(first, first + count)}


def _add_segment(db: Connection, words: _Words) -> None:
    """Store the postings of some passages as a segment of their own."""
    if not words:
        return
    segment = db.execute("INSERT INTO segments (level) VALUES (0) RETURNING number").fetchone()[0]
    rows = [(segment, word, body) for word, body in build_postings(words).items()]
    db.executemany("INSERT INTO postings VALUES (?, ?, ?)", rows)


def merge_segments(db: Connection) -> None:
    """Make one segment of the next level out of `FANOUT` of one, as long as there are so many."""
    while True:
        sql = "SELECT level FROM segments GROUP BY level HAVING count(*) >= ? ORDER BY level LIMIT 1"
        row = db.execute(sql, (FANOUT,)).fetchone()
        if row is None:
            return
        sql = "SELECT number FROM segments WHERE level = ? ORDER BY number LIMIT ?"
        old = [one[0] for one in db.execute(sql, (row[0], FANOUT))]
        _merge(db, old, int(row[0]) + 1)


def _merge(db: Connection, old: Sequence[int], level: int) -> None:
    """Make one segment out of several, word after word."""
    segment = db.execute("INSERT INTO segments (level) VALUES (?) RETURNING number", (level,)).fetchone()[0]
    sql = "SELECT word, body FROM postings WHERE segment = ? ORDER BY word"
    merged = heapq.merge(*(db.execute(sql, (one,)) for one in old), key=itemgetter(0))  # equal words in order of `old`
    rows = (
        (segment, word, join_postings([body for _, body in lists])) for word, lists in groupby(merged, itemgetter(0))
    )
    while some := list(islice(rows, 10_000)):
        db.executemany("INSERT INTO postings VALUES (?, ?, ?)", some)
    db.executemany("DELETE FROM postings WHERE segment = ?", [(one,) for one in old])
    db.executemany("DELETE FROM segments WHERE number = ?", [(one,) for one in old])


def read_meta(db: Connection, name: str) -> str:
    """Return a value that there is one of in an archive; ``0`` if it was never written."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else "0"


def write_meta(db: Connection, name: str, value: str) -> None:
    """Write a value that there is one of in an archive."""
    upsert = "INSERT INTO meta VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    db.execute(upsert, (name, value))
