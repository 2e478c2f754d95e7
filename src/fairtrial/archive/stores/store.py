"""The store in a database, whichever it is: reading and searching; `writing` adds and `removing` takes out."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Added, Entry, Hit, Holding, Keep, Scope, SeenFile
from fairtrial.archive.chunks import write_indexed
from fairtrial.archive.document import Document, Passage
from fairtrial.archive.stores import removing, writing
from fairtrial.archive.stores.caching import Cache
from fairtrial.archive.stores.columns import DocumentRow, StoredColumns, make_columns
from fairtrial.archive.stores.database import Connection, Database, fetch_by
from fairtrial.archive.stores.encoding import make_record, unpack_document, unpack_passages
from fairtrial.archive.stores.evidence import Evidences, read_records
from fairtrial.archive.stores.examining import examine_store
from fairtrial.archive.stores.postings import join_postings
from fairtrial.archive.stores.ranking import SearchField, rank_words
from fairtrial.archive.stores.words import WORDS_VERSION, count_query_words
from fairtrial.archive.stores.writing import read_meta, write_meta
from fairtrial.errors import ArchiveError
from fairtrial.records import content_hash
from fairtrial.rights import RightsRecord


@dataclass(frozen=True, slots=True)
class Space:
    """The vectors of one embedder: the number of their space, and how many numbers each has."""

    number: int
    width: int


class DatabaseStore:
    """An archive in a database; see `archive.base.Store`.  Threads may share it.  How vectors are kept is its own."""

    def __init__(self, database: Database) -> None:
        """Use an open database, which is closed with the store."""
        self.database = database
        self._cache = Cache()
        self._evidence = Evidences()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.database.close()

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See everything inside as of one moment; see `Store.reading`."""
        with self.database.reading():
            yield

    def writing(self, wait_seconds: float | None = None) -> AbstractContextManager[None]:
        """Be the one writer meanwhile; see `Store.writing`."""
        return self.database.writing(wait_seconds)

    def add(
        self, entries: Sequence[Entry], images: Mapping[str, bytes] | None = None, files: Sequence[SeenFile] = ()
    ) -> Added:
        """Store documents; see `Store.add`."""
        return writing.add(self.database, self._evidence, entries, images or {}, files)

    def read_files(self) -> Mapping[str, SeenFile]:
        """Return the files that were read, by path."""
        with self.database.reading() as db:
            rows = db.execute("SELECT path, source, sha256, basis, problem, documents, beside FROM files")
            return {row[0]: replace(SeenFile(*row[:6]), beside=tuple(json.loads(row[6]))) for row in rows}

    def put_rights(self, records: Mapping[str, RightsRecord]) -> int:
        """Give documents other evidence; see `Store.put_rights`."""
        return writing.put_rights(self.database, self._evidence, records)

    def list_rights(self) -> Mapping[int, RightsRecord]:
        """Return the different rights records, by number; see `Store.list_rights`."""
        with self.database.reading() as db:
            return read_records(db, self._evidence)

    def read_origins(self, ids: Sequence[str]) -> Mapping[str, Mapping[tuple[str, str], RightsRecord]]:
        """Return what documents came from, with the evidence of each."""
        found: dict[str, dict[tuple[str, str], RightsRecord]] = {}
        sql = "SELECT d.id, o.source, o.path, o.sightings FROM origins o JOIN documents d ON d.number = o.document "
        with self.database.reading() as db:
            for id, source, path, text in list(fetch_by(db, f"{sql} WHERE d.id IN (...)", list(ids))):
                found.setdefault(id, {})[source, path] = make_record(self._evidence.decode(db, text)[0])
        return found

    def clean(self) -> None:
        """See to it that no byte of what was taken out is left; see `Store.clean`."""
        removing.clean_store(self.database)

    def put_vectors(self, space: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Store vectors (passages, n) of length 1; those of passages that are gone meanwhile are dropped."""
        writing.put_vectors(self.database, space, passages, vectors, self._pack_vector)

    def keep_less(self, ids: Mapping[str, Keep]) -> None:
        """Take out what is no longer allowed to be stored; see `Store.keep_less`."""
        removing.keep_less(self.database, self._evidence, ids)

    def withdraw(self, ids: Collection[str], source: str = "") -> None:
        """Remove all text, words, vectors and images of documents; see `Store.withdraw`."""
        removing.withdraw(self.database, self._evidence, ids, source)

    def search_words(self, query: str, scope: Scope, most: int) -> list[Hit]:
        """Return passages by BM25 over words, best first."""
        words = count_query_words(query)
        with self.database.reading() as db:
            version = read_meta(db, "changes")
            columns = self._read_columns(db, version)
            segments = self._cache.segments(version, lambda: _list_segments(db))
            postings = _read_postings(db, segments, list(words))
        return rank_words(columns, self._cache.field(columns, scope), words, postings, most)

    def search_vectors(self, space: str, vector: NDArray[np.float32], scope: Scope, most: int) -> list[Hit]:
        """Return passages by cosine with a vector (n,) of the embedder that ``space`` names, best first."""
        with self.database.reading() as db:
            row = db.execute("SELECT number, width FROM spaces WHERE name = ?", (space,)).fetchone()
            if row is None:
                return []
            if row[1] != len(vector):
                raise ArchiveError(
                    f"the vectors of {space} have {row[1]} numbers; this one has {len(vector)}.",
                    fix="Search with the embedder that made them.",
                )
            columns = self._read_columns(db, read_meta(db, "changes"))
            field = self._cache.field(columns, scope)
            return self._rank_vectors(db, Space(*row), columns, field, np.asarray(vector, np.float32), most)

    def _rank_vectors(
        self,
        db: Connection,
        space: Space,
        columns: StoredColumns,
        field: SearchField,
        wanted: NDArray[np.float32],
        most: int,
    ) -> list[Hit]:
        """Return the nearest passages of a field, as `ranking.rank_vectors` does."""
        raise NotImplementedError

    def _pack_vector(self, vector: NDArray[np.float32]) -> object:
        """Return a vector as the database keeps it."""
        raise NotImplementedError

    def find_unembedded(self, space: str, most: int, rights: Collection[int], start: int = 0) -> list[tuple[int, str]]:
        """Return passages without a vector in that space whose rights permit one; see `Store.find_unembedded`."""
        if not rights:
            return []
        wanted = ",".join(str(int(one)) for one in sorted(rights))
        found: list[tuple[int, str]] = []
        with self.database.reading() as db:
            row = db.execute("SELECT number FROM spaces WHERE name = ?", (space,)).fetchone()
            number = row[0] if row else NO_SPACE
            for id, first, count, marks, cuts, body in db.execute(UNEMBEDDED.format(wanted), (start, number)):
                done = {row[0] for row in db.execute(EMBEDDED, (number, first, first + count - 1))}
                own = np.frombuffer(marks, "<i4") if marks else np.full(count, -1)
                document = unpack_document(body, id)
                for one in unpack_passages(cuts, document, id):
                    allowed = own[one.index] < 0 or int(own[one.index]) in rights
                    if allowed and start <= first + one.index not in done and len(found) < most:
                        found.append((first + one.index, write_indexed(document.title, one)))
                if len(found) >= most:
                    break
        return found

    def read_passages(self, numbers: Sequence[int]) -> list[Passage]:
        """Return passages in the order asked for.  Raises ArchiveError for a number of which no text is there."""
        with self.database.reading() as db:
            found = _read_neighbours(db, [int(number) for number in numbers])
        missing = next((number for number in numbers if number not in found), None)
        if missing is not None:
            raise ArchiveError(
                f"there is no passage {missing}.", fix="Search again; the archive was changed meanwhile."
            )
        return [found[number] for number in numbers]

    def read_documents(self, ids: Sequence[str]) -> list[Document]:
        """Return documents, with their rights, in the order asked for; raises ArchiveError for an unknown id."""
        sql = "SELECT number, id, body FROM documents WHERE body IS NOT NULL AND id IN (...)"
        with self.database.reading() as db:
            rows = {row[1]: row for row in fetch_by(db, sql, list(dict.fromkeys(ids)))}
            missing = next((id for id in ids if id not in rows), None)
            if missing is not None:
                raise ArchiveError(f"{self.database.name} has no text of a document {missing!r}.")
            made = dict(zip(rows, self._build_documents(db, list(rows.values())), strict=True))
        return [made[id] for id in ids]

    def _build_documents(self, db: Connection, rows: Sequence[tuple[int, str, bytes]]) -> list[Document]:
        """Return the documents of rows of number, id and body."""
        return list(self._evidence.complete(db, {row[0]: unpack_document(row[2], row[1]) for row in rows}).values())

    def find_documents(self, name: str) -> list[Document]:
        """Return the documents with this id (or its beginning), address or path; newest version first."""
        with self.database.reading() as db:
            between = (name, f"{name}\U0010ffff") if len(name) >= FEWEST_OF_ID else ("", "")
            rows = db.execute(FIND, (name, *between, name)).fetchall()
            return self._build_documents(db, rows)

    def iterate(self) -> Iterator[Document]:
        """Yield all documents of which text is kept, by id."""
        with self.database.reading() as db:
            ids = [row[0] for row in db.execute("SELECT id FROM documents WHERE body IS NOT NULL ORDER BY id")]
        for at in range(0, len(ids), 100):
            with self.database.reading() as db:
                sql = "SELECT number, id, body FROM documents WHERE body IS NOT NULL AND id IN (...) ORDER BY id"
                some = self._build_documents(db, list(fetch_by(db, sql, ids[at : at + 100])))
            yield from some

    def list_holdings(self) -> Iterator[Holding]:
        """Yield what there is of every document ever added, by id."""
        with self.database.reading() as db:
            sources: dict[int, list[str]] = {}
            for number, source in db.execute("SELECT DISTINCT document, source FROM origins ORDER BY 1, 2"):
                sources.setdefault(number, []).append(source)
            sql = "SELECT number, id, uri, keep, rights, replaced, passages FROM documents ORDER BY id"
            rows = db.execute(sql).fetchall()
        for number, id, uri, keep, rights, replaced, passages in rows:
            yield Holding(id, uri, tuple(sources.get(number, ())), keep, rights, not replaced, passages)

    def read_image(self, hash: str) -> bytes:
        """Return the bytes of an image.  Raises ArchiveError if there is none of this name."""
        with self.database.reading() as db:
            row = db.execute("SELECT bytes FROM images WHERE hash = ?", (hash,)).fetchone()
        if row is None:
            raise ArchiveError(f"{self.database.name} has no image {hash!r}.")
        return bytes(row[0])

    def list_remains(self) -> Sequence[str]:
        """Return where words may still be; see `Store.list_remains`."""
        return self.database.remains

    def remember_ledger(self, place: str) -> None:
        """Note a ledger that holds answers made with this archive."""
        with self.database.changing() as db:
            db.execute("INSERT INTO ledgers VALUES (?) ON CONFLICT DO NOTHING", (place,))

    def read_note(self, name: str) -> str:
        """Return a text about the archive as a whole; see `Store.read_note`."""
        with self.database.reading() as db:
            row = db.execute("SELECT value FROM meta WHERE name = ?", (f"note {name}",)).fetchone()
        return str(row[0]) if row else ""

    def write_note(self, name: str, text: str) -> None:
        """Keep a text about the archive as a whole; see `Store.write_note`."""
        with self.database.changing() as db:
            write_meta(db, f"note {name}", text)

    def list_ledgers(self) -> Sequence[str]:
        """Return the ledgers that were noted, in order."""
        with self.database.reading() as db:
            return [row[0] for row in db.execute("SELECT place FROM ledgers ORDER BY place")]

    def forget_ledger(self, place: str) -> None:
        """Take a ledger from those that were noted."""
        with self.database.changing() as db:
            db.execute("DELETE FROM ledgers WHERE place = ?", (place,))

    def check(self) -> Sequence[str]:
        """Return what is wrong with the archive, one sentence each."""
        with self.database.reading() as db:
            return list(examine_store(self.database, db, self._evidence, make_columns(list(_read_rows(db)))))

    def fingerprint(self) -> str:
        """Return a hash of all documents, passages and rights evidence."""
        with self.database.reading() as db:
            return content_hash([WORDS_VERSION, read_meta(db, "shares")])

    def _read_columns(self, db: Connection, version: str) -> StoredColumns:
        """Return what a search needs to know of all documents, read again after a change."""
        return self._cache.columns(version, lambda: make_columns(list(_read_rows(db))))


NO_SPACE = -1
UNEMBEDDED = (
    "SELECT id, first, passages, marks, cuts, body FROM documents d WHERE body IS NOT NULL AND passages > 0 "
    "AND rights IN ({}) AND first >= coalesce((SELECT max(first) FROM documents WHERE first <= ?), 0) AND passages > "
    "(SELECT count(*) FROM vectors WHERE space = ? AND passage BETWEEN d.first AND d.first + d.passages - 1) "
    "ORDER BY first"
)
"""Documents that may have passages without a vector, from the one on that a passage is of."""
EMBEDDED = "SELECT passage FROM vectors WHERE space = ? AND passage BETWEEN ? AND ?"
OWNER = "(SELECT first FROM documents WHERE first <= ? AND passages > 0 ORDER BY first DESC LIMIT 1)"
NEIGHBOURS = "SELECT id, first, passages, cuts, body FROM documents WHERE passages > 0 AND first IN (...)"
FIND = (
    "SELECT number, id, body FROM documents WHERE body IS NOT NULL AND (uri = ? OR (id >= ? AND id < ?) "
    "OR number IN (SELECT document FROM origins WHERE path = ?)) ORDER BY replaced, version DESC NULLS LAST, id"
)
FEWEST_OF_ID = 6
"""Characters of an id by which a document is found."""


def _read_rows(db: Connection) -> Iterator[DocumentRow]:
    rows = db.execute(
        "SELECT id, uri, version, published, section, language, label, rights, replaced, keep = 'words', first, "
        "lengths, marks FROM documents WHERE keep != 'withdrawn'"
    )
    for row in rows:
        yield DocumentRow(*row)


def _list_segments(db: Connection) -> Sequence[int]:
    return [int(row[0]) for row in db.execute("SELECT number FROM segments ORDER BY number")]


def _read_postings(db: Connection, segments: Sequence[int], words: Sequence[str]) -> dict[str, bytes]:
    """Return the list of each word that any passage has.

    Segments are numbers in the statement: joined with their table, SQLite looks through all words of all of them.
    """
    found: dict[str, list[bytes]] = {}
    if not segments:
        return {}
    sql = f"SELECT word, body FROM postings WHERE segment IN ({','.join(map(str, segments))}) AND word IN (...)"
    for word, body in fetch_by(db, sql, words):
        found.setdefault(word, []).append(body)
    return {word: join_postings(lists) for word, lists in found.items()}


def _read_neighbours(db: Connection, numbers: Sequence[int]) -> dict[int, Passage]:
    """Return the passages of the documents that have certain ones, by number; of unknown numbers others or none."""
    found: dict[int, Passage] = {}
    for id, first, _, cuts, body in list(fetch_by(db, NEIGHBOURS, list(dict.fromkeys(numbers)), 100, OWNER)):
        passages = unpack_passages(cuts, unpack_document(body, id), id)
        found.update({first + one.index: one for one in passages})
    return found
