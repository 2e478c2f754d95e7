"""What an embedder can do, and having it embed what an archive has no vectors of yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Store
from fairtrial.archive.permitting import Permissions
from fairtrial.errors import ModelError
from fairtrial.records import content_hash
from fairtrial.rights import Circumstances, Use

EmbeddedAs = Literal["query", "passage"]
"""What a text is: many models want queries to begin with other words than passages."""

AT_A_TIME = 64
"""Passages that are embedded before their vectors are stored."""
FOUND_AT_A_TIME = 4096
"""Passages without vectors that are looked for at once."""


class Embedder(Protocol):
    """Makes vectors of texts, those of like meaning near each other.

    A text has the same vector whatever else is embedded with it, so that adding to an archive in other portions, or
    again after an interruption, gives the same archive.  Two embedders of the same `identity` give the same vectors.
    """

    name: str
    """Short, for people."""

    def identity(self) -> Sequence[object]:
        """Return what decides the vectors, as JSON values: hashes of files, pooling, prefixes, method."""
        ...

    def embed(self, texts: Sequence[str], kind: EmbeddedAs) -> NDArray[np.float32]:
        """Return (texts, n) vectors of length 1.

        Raises a FairtrialError if it cannot; its message never holds a text.
        """
        ...

    def close(self) -> None:
        """Free what it holds; safe to call twice."""
        ...


def name_space(embedder: Embedder) -> str:
    """Return the name under which an archive keeps an embedder's vectors; another identity has another name."""
    return f"{embedder.name}:{content_hash(list(embedder.identity()))[:16]}"


def scale_rows(rows: NDArray[np.float32], source: str) -> NDArray[np.float32]:
    """Return (m, n) rows scaled to length 1, or 0 where they are 0.  Raises ModelError if one is no number."""
    if not np.isfinite(rows).all():
        raise ModelError(f"{source} gave a vector with values that are no numbers.")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1, keepdims=True)
    scaled: NDArray[np.float32] = (rows / np.where(lengths > 0, lengths, 1.0)).astype(np.float32)
    return scaled


def embed_missing(
    store: Store,
    embedder: Embedder,
    circumstances: Circumstances,
    tell: Callable[[int], None] = lambda _: None,
) -> int:
    """Make vectors of all passages of an archive that may have one and have none; return how many.

    Stored some at a time, so that it can be interrupted at any moment and continues from there.

    Args:
        store: the archive.
        embedder: that makes them.
        circumstances: in which it is decided whose rights permit it (`Use.AI_INDEX`).
        tell: given the number of passages done, now and then.
    """
    space, done = name_space(embedder), 0
    for some in find_portions(store, space, circumstances):
        vectors = embedder.embed([text for _, text in some], "passage")
        with store.writing():
            store.put_vectors(space, [number for number, _ in some], vectors)
        done += len(some)
        tell(done)
    return done


def find_portions(store: Store, space: str, circumstances: Circumstances) -> Iterator[list[tuple[int, str]]]:
    """Yield the passages that may have a vector and have none, by number, with what it is made of; some at a time."""
    permitted = permit_vectors(store, circumstances, circumstances.at)
    start = 0
    while found := store.find_unembedded(space, FOUND_AT_A_TIME, permitted, start):
        start = found[-1][0] + 1
        for at in range(0, len(found), AT_A_TIME):
            yield found[at : at + AT_A_TIME]


def permit_vectors(store: Store, circumstances: Circumstances, at: datetime) -> frozenset[int]:
    """Return the numbers of the records that permit vectors."""
    return Permissions(circumstances).permit((Use.AI_INDEX,), store.list_rights(), at).numbers
