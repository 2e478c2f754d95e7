"""Looking through all of an archive."""

from __future__ import annotations

from collections.abc import Iterator

from fairtrial.archive.stores.checking import check_document, check_image, check_index
from fairtrial.archive.stores.columns import StoredColumns
from fairtrial.archive.stores.database import Connection, Database
from fairtrial.archive.stores.encoding import hash_record
from fairtrial.archive.stores.evidence import Evidences
from fairtrial.archive.stores.rows import add_shares, share_of
from fairtrial.archive.stores.writing import read_meta
from fairtrial.errors import ArchiveError

ORPHANS = (
    ("SELECT count(*) FROM postings WHERE segment NOT IN (SELECT number FROM segments)", "lists of no segment"),
    (
        "SELECT count(*) FROM vectors v WHERE NOT EXISTS (SELECT 1 FROM documents d WHERE d.body IS NOT NULL "
        "AND v.passage >= d.first AND v.passage < d.first + d.passages)",
        "vectors of no passage",
    ),
    ("SELECT count(*) FROM images WHERE hash NOT IN (SELECT hash FROM document_images)", "images of no document"),
    ("SELECT count(*) FROM documents WHERE number NOT IN (SELECT document FROM origins)", "documents of no source"),
    (
        "SELECT count(*) FROM documents WHERE keep IN ('hash', 'withdrawn') AND (body IS NOT NULL OR cuts IS NOT NULL)",
        "texts that are not to be there",
    ),
)
"""What there must be none of, and what it is called."""


def examine_store(database: Database, db: Connection, evidence: Evidences, columns: StoredColumns) -> Iterator[str]:
    """Yield what is wrong with an archive, one sentence each, without any text."""
    yield from database.examine()
    for sql, what in ORPHANS:
        count = db.execute(sql).fetchone()[0]
        if count:
            yield f"there are {count:,} {what}."
    if read_meta(db, "unclean") != "0":
        yield "bytes of what was taken out may still be in the file: `fairtrial archive withdraw` was interrupted."
    yield from _check_documents(db, evidence)
    yield from check_index(columns, db.execute("SELECT word, body FROM postings"))
    for name, data in db.execute("SELECT hash, bytes FROM images"):
        yield from check_image(name, data)


def _check_documents(db: Connection, evidence: Evidences) -> Iterator[str]:
    total = "0"
    keys = dict(db.execute("SELECT number, key FROM rights").fetchall())
    sql = "SELECT number, id, keep, passages, lengths, cuts, body, core, share, rights, replaced FROM documents"
    for number, id, keep, count, lengths, cuts, body, core, share, rights, replaced in db.execute(sql):
        if keep in ("words", "text"):
            yield from check_document(id, count, lengths, cuts, body)
        try:
            records = evidence.combine(db, number)
        except (ArchiveError, ValueError, TypeError):
            yield f"document {id}: the evidence of its rights is damaged."
            continue
        if keys.get(rights) != hash_record(records[0]):
            yield f"document {id}: its rights are not those that its evidence gives."
        if share_of(id, keep, core, records, bool(replaced)) != share:
            yield f"document {id}: it was changed outside fairtrial."
        total = add_shares(total, (share,))
    if int(total, 16) != int(read_meta(db, "shares"), 16):
        yield "the fingerprint is not that of the documents."
