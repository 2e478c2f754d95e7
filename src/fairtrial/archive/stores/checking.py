"""What a store can be asked about its own soundness: pure comparisons of what it holds with what it should hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.document import Document
from fairtrial.archive.stores.columns import NOBODY, StoredColumns
from fairtrial.archive.stores.encoding import pack_passages, unpack_document, unpack_passages
from fairtrial.archive.stores.postings import MOST, WIDTH, read_postings
from fairtrial.errors import ArchiveError
from fairtrial.records import hash_bytes


def check_document(id: str, count: int, lengths: bytes, cuts: bytes | None, body: bytes | None) -> Iterator[str]:
    """Yield what is wrong with a document as it is stored; its words are not counted again."""
    if body is None or cuts is None:
        yield f"document {id}: its text is missing."
        return
    try:
        document: Document = unpack_document(body, id)
        passages = unpack_passages(cuts, document, id)
        if document.id != id:
            yield f"document {id}: its text is not the one that its id names."
            return
        pack_passages(document, passages, document.id)
    except ArchiveError as error:
        yield error.message
        return
    if len(passages) != count or len(lengths) != 4 * count:
        yield f"document {id}: it has {len(passages)} passages where {count} are said."


def check_index(columns: StoredColumns, lists: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """Yield what is wrong with the index: passages that are none, and words that are missing or too many."""
    size = len(columns.owner)
    found, capped = np.zeros(size, np.int64), np.zeros(size, np.bool_)
    strangers = broken = 0
    for _, body in lists:
        if len(body) % WIDTH:
            broken += 1
            continue
        numbers, counts = read_postings(body)
        known = numbers < size
        strangers += int((~known).sum())
        numbers, counts = numbers[known], counts[known]
        strangers += int((~columns.indexed[numbers]).sum())
        found[numbers] += counts
        capped[numbers[counts == MOST]] = True
    if broken:
        yield f"the index has {broken:,} words whose lists are damaged."
    if strangers:
        yield f"the index has {strangers:,} entries of passages that are not to be in it."
    wrong = columns.indexed & ((found > columns.lengths) | ((found < columns.lengths) & ~capped))
    for document in _name_owners(columns, wrong):
        yield f"document {document}: the index does not have the words of its passages."


def _name_owners(columns: StoredColumns, marked: NDArray[np.bool_]) -> list[str]:
    owners = np.unique(columns.owner[marked & (columns.owner != NOBODY)])
    return [columns.ids[one].decode() for one in owners]


def check_image(name: str, data: bytes) -> Iterator[str]:
    """Yield what is wrong with an image."""
    if hash_bytes(data) != name:
        yield f"image {name}: its bytes are not those that its name says."
