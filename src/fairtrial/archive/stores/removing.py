"""Taking documents out of an archive: rows are deleted or emptied, then the database leaves no byte of them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Keep
from fairtrial.archive.stores.database import Connection, Database, fetch_by
from fairtrial.archive.stores.encoding import pack_evidence, unpack_evidence
from fairtrial.archive.stores.evidence import Evidences
from fairtrial.archive.stores.postings import strip_postings
from fairtrial.archive.stores.rows import AMOUNT
from fairtrial.archive.stores.writing import change, read_meta, update_document, write_meta
from fairtrial.errors import ArchiveError


def keep_less(database: Database, evidence: Evidences, ids: Mapping[str, Keep]) -> None:
    """Take out what is no longer allowed to be stored; see `Store.keep_less`."""
    with database.writing(), change(database, evidence) as db:
        rows = fetch_by(db, "SELECT number, id, keep FROM documents WHERE id IN (...)", list(ids))
        _strip(db, evidence, {number: ids[id] for number, id, keep in rows if AMOUNT[ids[id]] < AMOUNT[keep]})


def withdraw(database: Database, evidence: Evidences, ids: Collection[str], source: str) -> None:
    """Remove all text, words, vectors and images of documents; see `Store.withdraw`."""
    at = datetime.now(UTC).isoformat(timespec="seconds")
    with database.writing():
        with change(database, evidence) as db:
            sql = "SELECT number, id, uri FROM documents WHERE id IN (...)"
            rows = list(fetch_by(db, sql, sorted(ids)))
            if missing := set(ids) - {id for _, id, _ in rows}:
                raise ArchiveError(f"{database.name} has no document {min(missing)!r}.")
            names = [("document", id) for _, id, _ in rows] + [("uri", uri) for _, _, uri in rows]
            names += [("source", source)] if source else []
            db.executemany(
                "INSERT INTO withdrawals VALUES (?, ?, ?) ON CONFLICT DO NOTHING", [(*name, at) for name in names]
            )
            _strip(db, evidence, {number: "withdrawn" for number, _, _ in rows})
            if source:
                _leave_source(db, evidence, source)
            _forget_raw_evidence(db)
            evidence.forget()
        clean_store(database)


def _leave_source(db: Connection, evidence: Evidences, source: str) -> None:
    """Forget that documents that stay came from a source, too: what it permits no longer counts."""
    sql = "SELECT o.document FROM origins o JOIN documents d ON d.number = o.document WHERE o.source = ? AND EXISTS "
    others = "(SELECT 1 FROM origins p WHERE p.document = o.document AND p.source != ?)"
    staying = [row[0] for row in db.execute(f"{sql}{others} AND d.keep != 'withdrawn'", (source, source)).fetchall()]
    for number in staying:
        db.execute("DELETE FROM origins WHERE document = ? AND source = ?", (number, source))
        update_document(db, number, evidence.combine(db, number))


def _strip(db: Connection, evidence: Evidences, less: Mapping[int, str]) -> None:
    """Take out of documents, by number, all but what is to be kept."""
    gone = np.zeros(int(read_meta(db, "passages")), np.bool_)
    for number, keep in less.items():
        first, count = db.execute("SELECT first, passages FROM documents WHERE number = ?", (number,)).fetchone()
        gone[first : first + count] = True
        db.execute("UPDATE documents SET keep = ? WHERE number = ?", (keep, number))
        if keep != "text":
            db.execute("DELETE FROM vectors WHERE passage BETWEEN ? AND ?", (first, first + count - 1))
            emptied = "core = '', passages = 0, lengths = ?, marks = ?, cuts = NULL, body = NULL"
            db.execute(f"UPDATE documents SET {emptied} WHERE number = ?", (b"", b"", number))
            db.execute("DELETE FROM document_images WHERE document = ?", (number,))
        update_document(db, number, evidence.combine(db, number))
    if less:
        db.execute("DELETE FROM images WHERE hash NOT IN (SELECT hash FROM document_images)")
        write_meta(db, "unclean", "1")
    _strip_postings(db, gone)


def _strip_postings(db: Connection, gone: NDArray[np.bool_]) -> None:
    """Take passages out of the index; a word that stands nowhere else goes with them."""
    if not gone.any():
        return
    for (segment,) in db.execute("SELECT number FROM segments ORDER BY number").fetchall():
        changed: list[tuple[bytes, str]] = []
        for word, body in db.execute("SELECT word, body FROM postings WHERE segment = ?", (segment,)):
            stripped = strip_postings(body, gone)
            if len(stripped) != len(body):
                changed.append((stripped, word))
        update = "UPDATE postings SET body = ? WHERE segment = ? AND word = ?"
        db.executemany(update, [(body, segment, word) for body, word in changed if body])
        delete = "DELETE FROM postings WHERE segment = ? AND word = ?"
        db.executemany(delete, [(segment, word) for body, word in changed if not body])


def _forget_raw_evidence(db: Connection) -> None:
    """Take out the raw text of signals that only withdrawn documents have; what they said stays."""
    used: dict[str, set[int]] = {"kept": set(), "withdrawn": set()}
    rows = db.execute(
        "SELECT o.sightings, d.keep = 'withdrawn' FROM origins o JOIN documents d ON d.number = o.document"
    )
    for text, withdrawn in rows:
        numbers = {number for some in json.loads(text) for number, _, _ in some}
        used["withdrawn" if withdrawn else "kept"].update(numbers)
    for number in sorted(used["withdrawn"] - used["kept"]):
        body = db.execute("SELECT body FROM evidence WHERE number = ?", (number,)).fetchone()[0]
        seen = unpack_evidence(body)
        if seen.raw:
            values = (pack_evidence(replace(seen, raw="")), number)
            db.execute("UPDATE evidence SET body = ? WHERE number = ?", values)


def clean_store(database: Database) -> None:
    """See to it that no byte of what was taken out is left where the database can help it; see `Store.clean`."""
    with database.writing():
        with database.reading() as db:
            if read_meta(db, "unclean") == "0":
                return
        database.clean()
        with database.changing() as db:
            db.execute("DELETE FROM meta WHERE name = 'unclean'")
