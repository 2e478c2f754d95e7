"""What a search needs to know of all documents at once, as arrays; and which passages a scope allows.

A store reads it once and again after every change.  Everything here is a function of the documents alone, so that two
stores with the same documents allow the same passages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from fairtrial.archive.base import Scope

UNDATED = np.iinfo(np.int64).min
"""Stands for a date that nobody gave."""
NOBODY = -1
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970 in UTC, exactly; one without a time zone is taken as UTC."""
    since = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def fold_language(tag: str) -> str:
    """Return the primary subtag of a BCP 47 tag, in small letters."""
    return tag.replace("_", "-").partition("-")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """One document as a store keeps it, without text.

    Attributes:
        id: of the document.
        uri: its address.
        version: when it was last changed, else published, in microseconds since 1970; None if nobody said.
        published: likewise.
        section: case folded.
        language: primary subtag.
        label: what kind of text it is.
        rights: number of its record.
        replaced: whether the file that it came from no longer has it.
        indexed: whether its words are in the index.
        first: number of its first passage.
        lengths: words of each passage, unsigned 32 bits, little end first.
        marks: number of the rights record of each passage that has one of its own (a picture's), else -1, in signed
            32 bits; empty if none has.
    """

    id: str
    uri: str
    version: int | None
    published: int | None
    section: str
    language: str
    label: str
    rights: int
    replaced: bool
    indexed: bool
    first: int
    lengths: bytes
    marks: bytes


@dataclass(frozen=True)
class StoredColumns:
    """Arrays over documents (in the order of their ids) and over passages (by number).

    Attributes:
        ids: of documents, rising.
        rights: number of the record, (documents,).
        version: see `DocumentRow`; ``UNDATED`` if nobody said.
        published: likewise.
        codes: section, language and label of each document as numbers, by name of the column.
        names: what these numbers stand for.
        replaced: (documents,).
        newest_last: documents by address, version and id, (documents,).
        addresses: the address of each document as a number.
        owner: document of each passage, -1 where there is none, (passages,).
        indexed: whether a passage's words are in the index.
        index: which piece of its document it is.
        lengths: words of each passage.
        marks: rights of a passage's picture, -1 if it has none.
    """

    ids: NDArray[np.bytes_]
    rights: NDArray[np.int64]
    version: NDArray[np.int64]
    published: NDArray[np.int64]
    codes: dict[str, NDArray[np.int64]]
    names: dict[str, dict[str, int]]
    replaced: NDArray[np.bool_]
    newest_last: NDArray[np.int64]
    addresses: NDArray[np.int64]
    owner: NDArray[np.int64]
    indexed: NDArray[np.bool_]
    index: NDArray[np.int64]
    lengths: NDArray[np.int64]
    marks: NDArray[np.int64]


def make_columns(rows: Sequence[DocumentRow]) -> StoredColumns:
    """Return the arrays of some documents, given in any order."""
    rows = sorted(rows, key=lambda row: row.id)
    version = np.array([UNDATED if row.version is None else row.version for row in rows], np.int64)
    addresses, _ = _number([row.uri for row in rows])
    codes, names = {}, {}
    for column in ("section", "language", "label"):
        codes[column], names[column] = _number([getattr(row, column) for row in rows])
    size = max((row.first + len(row.lengths) // 4 for row in rows), default=0)
    owner, index = np.full(size, NOBODY, np.int64), np.zeros(size, np.int64)
    lengths, marks, indexed = np.zeros(size, np.int64), np.full(size, NOBODY, np.int64), np.zeros(size, np.bool_)
    for at, row in enumerate(rows):
        count = len(row.lengths) // 4
        span = slice(row.first, row.first + count)
        owner[span], index[span], indexed[span] = at, np.arange(count), row.indexed
        lengths[span] = np.frombuffer(row.lengths, "<u4")
        if row.marks:
            marks[span] = np.frombuffer(row.marks, "<i4")
    return StoredColumns(
        ids=np.array([row.id for row in rows], "S32"),
        rights=np.array([row.rights for row in rows], np.int64),
        version=version,
        published=np.array([UNDATED if row.published is None else row.published for row in rows], np.int64),
        codes=codes,
        names=names,
        replaced=np.array([row.replaced for row in rows], np.bool_),
        newest_last=np.lexsort((np.arange(len(rows)), version, addresses)),
        addresses=addresses,
        owner=owner,
        indexed=indexed,
        index=index,
        lengths=lengths,
        marks=marks,
    )


def allow_documents(columns: StoredColumns, scope: Scope) -> NDArray[np.bool_]:
    """Return which documents a scope allows, (documents,)."""
    exists = ~np.isin(columns.rights, _array(scope.waiting))
    if scope.at is not None:
        moment = to_microseconds(scope.at)
        exists &= (columns.version <= moment) & (columns.published <= moment)
    allowed = exists & np.isin(columns.rights, _array(scope.rights))
    if scope.published_from is not None:
        allowed &= columns.published >= to_microseconds(scope.published_from)
    if scope.published_until is not None:
        allowed &= (columns.published < to_microseconds(scope.published_until)) & (columns.published != UNDATED)
    wanted = {
        "section": [one.casefold() for one in scope.sections],
        "language": [fold_language(one) for one in scope.languages],
        "label": list(scope.labels),
    }
    for column, values in wanted.items():
        if values:
            names = columns.names[column]
            allowed &= np.isin(columns.codes[column], [names[value] for value in values if value in names])
    if scope.without:
        allowed &= ~np.isin(columns.ids, np.array(sorted(scope.without), "S32"))
    if scope.current_only:
        allowed &= _find_current(columns, exists & ~columns.replaced)
    return allowed


def allow_passages(columns: StoredColumns, scope: Scope) -> NDArray[np.bool_]:
    """Return which passages a scope allows, by number: those of allowed documents, of pictures that are allowed too."""
    allowed = np.zeros(len(columns.owner), np.bool_)
    owned = columns.owner != NOBODY
    allowed[owned] = allow_documents(columns, scope)[columns.owner[owned]]
    allowed &= (columns.marks == NOBODY) | np.isin(columns.marks, _array(scope.rights))
    return allowed


def _find_current(columns: StoredColumns, exists: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return which documents are the newest of their address among those that exist."""
    order = columns.newest_last[exists[columns.newest_last]]
    addresses = columns.addresses[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = addresses[1:] != addresses[:-1]
    current = np.zeros(len(exists), np.bool_)
    current[order[last]] = True
    return current


def _number(values: Sequence[str]) -> tuple[NDArray[np.int64], dict[str, int]]:
    """Return texts as numbers, and what each text's number is."""
    names: dict[str, int] = {}
    return np.array([names.setdefault(value, len(names)) for value in values], np.int64), names


def _array(numbers: frozenset[int]) -> NDArray[np.int64]:
    return np.array(sorted(numbers), np.int64)
