"""What a store of documents can do.  SQLite and PostgreSQL give the same passages and the same decisions.

Whoever searches says which rights records may be used: filters come before ranking, never after it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

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
        current_only: of several versions of one address, the newest alone.
        without: ids of documents that are left out.
    """

    rights: frozenset[int]
    published_from: datetime | None = None
    published_until: datetime | None = None
    sections: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    current_only: bool = True
    without: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage that was found: its number in the store and how well it fits; more is better."""

    passage: int
    score: float


@dataclass(frozen=True, slots=True)
class Added:
    """What adding some documents did, in numbers of documents."""

    new: int = 0
    known: int = 0
    rights_changed: int = 0


class Store(Protocol):
    """Documents, passages, vectors and rights.

    Passages have numbers of their own in each store; their order of ties is by (document id, index), which is the
    same in all of them.  All methods raise `fairtrial.errors.ArchiveError` where the file or server fails.
    """

    def add(self, documents: Sequence[tuple[Document, Sequence[Passage]]], images: Mapping[str, bytes]) -> Added:
        """Store documents with their passages and the bytes of their images, all or nothing; known ones are skipped.

        A known document whose evidence differs gets the new evidence.
        """
        ...

    def list_rights(self) -> Mapping[int, RightsRecord]:
        """Return the different rights records, by number; equal evidence but for its place and date is one record."""
        ...

    def search_words(self, query: str, scope: Scope, most: int) -> list[Hit]:
        """Return passages by BM25 over words, best first."""
        ...

    def search_vectors(self, space: str, vector: NDArray[np.float32], scope: Scope, most: int) -> list[Hit]:
        """Return passages by cosine with a vector (n,) of the embedder that ``space`` names, best first."""
        ...

    def put_vectors(self, space: str, passages: Sequence[int], vectors: NDArray[np.float32]) -> None:
        """Store vectors (passages, n) of length 1."""
        ...

    def find_unembedded(self, space: str, most: int, rights: Collection[int]) -> list[tuple[int, str]]:
        """Return passages without a vector in that space, with their text, whose rights permit one."""
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
        """Yield all documents, by id."""
        ...

    def read_image(self, hash: str) -> bytes:
        """Return the bytes of an image."""
        ...

    def withdraw(self, ids: Collection[str]) -> None:
        """Remove all text, vectors and images of documents, so that the files hold no trace of them; keep hashes."""
        ...

    def fingerprint(self) -> str:
        """Return a hash of all documents, passages and rights evidence: what can change an answer."""
        ...

    def close(self) -> None:
        """Let go of the file or the connection."""
        ...
