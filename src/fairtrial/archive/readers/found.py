"""What the readers of files give: documents with the bytes of their images, and files that could not be read."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import BinaryIO

from fairtrial.archive.document import NO_RIGHTS, Correction, Document
from fairtrial.errors import ArchiveError, FairtrialError
from fairtrial.rights import Evidence, RightsRecord
from fairtrial.rights.readers import SignalFileKind, Site

MOST_CHARACTERS = 2_000_000
"""Of a document's text that are read at most; a novel has one million."""

MOST_BYTES = 32 << 20
"""Largest file, or largest record of a file of many, that is read."""


def check_length(text: str) -> None:
    """Raise ArchiveError for a text, its markup included, of twice as many characters as are read."""
    if len(text) > 2 * MOST_CHARACTERS:
        told = f"with its markup the text has {len(text):,} characters; at most {2 * MOST_CHARACTERS:,} are read."
        raise ArchiveError(told, fix="Cut it into several documents.")


@dataclass(frozen=True, slots=True)
class FoundDocument:
    """A document that was read.

    Attributes:
        document: with its notes and its rights.
        images: hash of an image -> its bytes, of all its pictures.
        where: the file, and the place in it where that holds several.
    """

    document: Document = field(repr=False)
    images: Mapping[str, bytes] = field(repr=False)
    where: str


@dataclass(frozen=True, slots=True)
class Refused:
    """A file, or one record of a file, that could not be read.

    Attributes:
        where: the file, and the place in it.
        problem: why, and what to do about it; never the text of a document.
    """

    where: str
    problem: FairtrialError


@dataclass(slots=True)
class DraftPicture:
    """An image as a reader found it."""

    data: bytes = field(repr=False)
    caption: str = ""
    credit: str = ""
    rights: RightsRecord = NO_RIGHTS


@dataclass(slots=True)
class Draft:
    """A document as a reader found it; `finishing.finish` makes it a document.  Fields as of `Document`.

    Attributes:
        where: as of `FoundDocument`.
        uri: canonical address; empty if there is none.
        markdown: whether the text is Markdown already, else it is plain text.
        evidence: what it states of its rights in fields of its own.
        raw: its bytes for the readers of rights signals, and of which kind they are.
        headers: of the HTTP response that it came in.
        site: files of its site, where they are not in the folder.
        seen: when, where that is known better than when the folder was read.
    """

    where: str
    text: str = field(repr=False)
    uri: str = ""
    markdown: bool = False
    title: str = ""
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    section: str = ""
    language: str = ""
    label: str = ""
    corrections: tuple[Correction, ...] = ()
    retracted: str = ""
    wire: str = ""
    pictures: list[DraftPicture] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    evidence: list[Evidence] = field(default_factory=list)
    raw: bytes = field(repr=False, default=b"")
    kind: SignalFileKind = "text"
    headers: tuple[tuple[str, str], ...] = ()
    site: Site | None = None
    seen: datetime | None = None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file that is read.

    Attributes:
        data: all of it; empty for files of many records, which are read through ``open``.
        path: within what was added, with ``/``; names it in errors and is the address of what has none.
        seen: when, with a time zone; enters the evidence of rights.
        location: of the file, for processes of their own.
        open: opens the file.
        fetch: returns the bytes of a file beside it, by a path relative to it; None if it may not or does not exist.
    """

    data: bytes = field(repr=False)
    path: str
    seen: datetime
    location: str = ""
    open: Callable[[], BinaryIO] = field(repr=False, default=io.BytesIO)
    fetch: Callable[[str], bytes | None] = field(repr=False, default=lambda _: None)
