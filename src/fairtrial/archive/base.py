"""What a store of documents can do.  SQLite and PostgreSQL give the same passages and the same decisions.

Whoever searches says which rights records may be used: filters come before ranking, never after it, and what is
filtered out influences nothing: a search in a scope gives what an archive of that scope alone would give.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.document import Document, Passage
from fairtrial.rights import RightsRecord


@dataclass(frozen=True, slots=True)
class Scope:
    """Which passages a search may return; all conditions must hold.

    Attributes:
        rights: numbers of the records that permit the use; see `Store.list_rights`.
        published_from: published then or later (documents without a date do not match).
        published_until: published before then.
        sections: any of these; empty: all.
        languages: any of these, by their primary subtag; empty: all.
        labels: any of these; empty: all.
        current_only: of several versions of one address, the newest alone: of those that `at` and ``waiting`` leave,
            whatever their rights, so that an older version never stands in for a newer one that may not be used.
        at: versions of later dates do not exist yet; None: whatever their date.
        waiting: numbers of the records of which nothing may be used yet (an embargo): their documents do not exist yet.
        without: ids of documents that are left out.
    """

    rights: frozenset[int]
    published_from: datetime | None = None
    published_until: datetime | None = None
    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    current_only: bool = True
    at: datetime | None = None
    waiting: frozenset[int] = frozenset()
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found.

    Attributes:
        passage: its number in the store.
        score: how well it fits; more is better.
        document: id of its document.
        index: which piece of it; with the document's id it is the same passage in every store.
    """

    passage: int
    score: float
    document: str
    index: int


Keep = Literal["words", "text", "hash"]
"""How much of a document is stored: all, with its words in the index; its text alone; its hash and evidence alone."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document to be stored.

    Attributes:
        document: with all its text, whatever is kept of it.
        passages: of it, in order, from index 0.
        keep: what its rights allow to store.
        path: of the file that it was read from, as `SeenFile` has it; empty if it came from none.
        reading: SHA-256 of that file.
    """

    document: Document
    passages: Sequence[Passage]
    keep: Keep = "words"
    path: str = ""
    reading: str = ""


@dataclass(frozen=True, slots=True)
class SeenFile:
    """A file that was read to its end.

    Attributes:
        path: of the file, in full.
        source: what it was found in, as it was added.
        sha256: of its bytes.
        basis: hash of all else that decides what is made of it: readers, rights files beside it, circumstances.
        problem: why some or all of it could not be read; empty if all could.
        documents: how many it gave.
        beside: names, relative to its folder, of the files that it refers to.
    """

    path: str
    source: str
    sha256: str
    basis: str
    problem: str = ""
    documents: int = 0
    beside: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Added:
    """What adding some documents did, in numbers of documents.

    Attributes:
        new: stored for the first time, or with more of them than before, e.g. after a licence was signed.
        known: were there already.
        rights_changed: of the known ones, how many have other evidence now.
        withdrawn: were withdrawn once, and stay so.
    """

    new: int = 0
    known: int = 0
    rights_changed: int = 0
    withdrawn: int = 0


@dataclass(frozen=True, slots=True)
class Holding:
    """What an archive has of one document, without its text.

    Attributes:
        id: of the document.
        uri: its address.
        sources: what it came from.
        keep: how much of it is stored; ``withdrawn`` if it was withdrawn.
        rights: number of its rights record.
        current: whether the file that it was read from still has it; see `Store.add`.
        passages: how many.
    """

    id: str
    uri: str
    sources: tuple[str, ...]
    keep: Literal["words", "text", "hash", "withdrawn"]
    rights: int
    current: bool
    passages: int


class Store(Protocol):
    """Documents, passages, vectors and rights.

    Passages have numbers of their own in each store; their order of ties is by (document id, index), which is the
    same in all of them.  All methods raise `fairtrial.errors.ArchiveError` where the file or server fails.
    """

    def reading(self) -> AbstractContextManager[None]:
        """See the archive as of one moment inside, whatever others write meanwhile; fewer trips to a server.

        Other threads that share the store wait.
        """
        ...

    def writing(self, wait_seconds: float | None = None) -> AbstractContextManager[None]:
        """Be the one writer of the archive meanwhile; readers are not blocked.

        Raises:
            ArchiveError: another process is writing, and did not end in time (None waits for ever).
        """
        ...

    def add(
        self, entries: Sequence[Entry], images: Mapping[str, bytes] = ..., files: Sequence[SeenFile] = ...
    ) -> Added:
        """Store documents, the bytes of their images by hash, and which files were read, all or nothing.

        Known documents are skipped.  One whose evidence differs gets the new evidence; one of which less was kept than
        ``keep`` says gets the rest.  A document can come from several files and sources: then the evidence of all of
        them counts.  Where a file was read anew and no longer gives a document, that is no current version any more.
        """
        ...

    def read_files(self) -> Mapping[str, SeenFile]:
        """Return the files that were read, by path."""
        ...

    def put_rights(self, records: Mapping[str, RightsRecord]) -> int:
        """Give documents, by id, other evidence, whatever they came from; return how many it changed."""
        ...

    def read_origins(self, ids: Sequence[str]) -> Mapping[str, Mapping[tuple[str, str], RightsRecord]]:
        """Return what documents came from, with the evidence of each: id to (source, path) to record; unknown: none."""
        ...

    def keep_less(self, ids: Mapping[str, Keep]) -> None:
        """Take out of the archive what is no longer allowed to be stored of documents; `clean` must follow."""
        ...

    def clean(self) -> None:
        """See to it that no byte of the files holds what was taken out; does nothing where nothing was.

        Raises:
            ArchiveError: another process is reading; the rows are gone, their bytes may not be.
        """
        ...

    def list_rights(self) -> Mapping[int, RightsRecord]:
        """Return the different rights records, by number.

        Equal evidence but for its place, its raw text and the date seen is one record; the date makes a difference
        where evidence may be relied upon for some days only.  Records are numbered once and never change.
        """
        ...

    def search_words(self, query: str, scope: Scope, most: int) -> list[Hit]:
        """Return passages by BM25 over words, best first; see `stores.ranking.rank_words`."""
        ...

    def search_vectors(self, space: str, vector: NDArray[np.float32], scope: Scope, most: int) -> list[Hit]:
        """Return passages by cosine with a vector (n,) of the embedder that ``space`` names, best first."""
        ...

    def put_vectors(self, space: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Store vectors (passages, n) of length 1."""
        ...

    def find_unembedded(self, space: str, most: int, rights: Collection[int], start: int = 0) -> list[tuple[int, str]]:
        """Return passages without a vector in that space whose rights permit one, with what it is made of.

        That is `archive.chunks.write_indexed`: title, headings and text.  They come by number, from ``start`` on.
        """
        ...

    def read_passages(self, numbers: Sequence[int]) -> list[Passage]:
        """Return passages in the order asked for."""
        ...

    def read_documents(self, ids: Sequence[str]) -> list[Document]:
        """Return documents, with their rights, in the order asked for; raises ArchiveError for an unknown id."""
        ...

    def find_documents(self, name: str) -> list[Document]:
        """Return the documents with this id (or its beginning), address or path; newest version first."""
        ...

    def iterate(self) -> Iterator[Document]:
        """Yield all documents of which text is kept, by id."""
        ...

    def list_holdings(self) -> Iterator[Holding]:
        """Yield what there is of every document ever added, by id."""
        ...

    def read_image(self, hash: str) -> bytes:
        """Return the bytes of an image."""
        ...

    def withdraw(self, ids: Collection[str], source: str = "") -> None:
        """Remove all text, words, vectors and images of documents, so that the files hold no trace of them (`clean`).

        Ids, addresses, hashes and rights stay, and that they were withdrawn: `add` does not bring them back, nor
        another version from the same address, nor, where ``source`` is given, anything from that source.  Other
        documents that came from it too have the evidence of their other sources alone.
        """
        ...

    def list_remains(self) -> Sequence[str]:
        """Return where words may still be that `clean` could not reach since the store was opened, a sentence each."""
        ...

    def remember_ledger(self, place: str) -> None:
        """Note a ledger that holds answers made with this archive, so that withdrawing finds it."""
        ...

    def read_note(self, name: str) -> str:
        """Return a short text about the archive as a whole that was kept under a name; empty if there is none."""
        ...

    def write_note(self, name: str, text: str) -> None:
        """Keep a short text about the archive as a whole; no part of its fingerprint."""
        ...

    def list_ledgers(self) -> Sequence[str]:
        """Return the ledgers that were noted, in order."""
        ...

    def forget_ledger(self, place: str) -> None:
        """Take a ledger from those that were noted: it does not exist any more."""
        ...

    def check(self) -> Sequence[str]:
        """Return what is wrong with the archive, one sentence each, without any document's text."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of all documents, passages and rights evidence: what can change an answer.

        The same files give the same fingerprint, in whatever order and with whatever interruptions they were added.
        """
        ...

    def close(self) -> None:
        """Let go of the file or the connection."""
        ...
