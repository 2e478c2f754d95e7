"""A document of an archive, and a passage of it: what is known of a text beside its words.

Their `repr` has no words: it gets into error messages and logs, where the words may not be.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from fairtrial.records import ImagePart, content_hash
from fairtrial.rights import RightsRecord

Label = Literal["news", "opinion", "analysis", "satire", "sponsored", "press release", "reference", ""]
"""What kind of text it is; empty if nobody said."""

NO_RIGHTS = RightsRecord()
"""Nothing was seen."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a publisher said about a mistake; ``at`` is None where no date was given."""

    text: str = field(repr=False)
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of a document.

    Attributes:
        image: its name; the bytes are in the store.
        caption: as published.
        credit: of the photographer or agency.
        text: what is written in it, where a reader of images has looked.
        rights: of the image alone; the document's hold beside it, and the stricter one wins.
    """

    image: ImagePart
    caption: str = field(default="", repr=False)
    credit: str = ""
    text: str = field(default="", repr=False)
    rights: RightsRecord = field(default=NO_RIGHTS, repr=False)


@dataclass(frozen=True, slots=True)
class Document:
    """One text with its context and rights.

    Attributes:
        uri: its canonical address, else its path within what was added.  Two versions of one article share it.
        source: what it came from, as it was added (a folder or file): what can be withdrawn as a whole.
        text: in Markdown without HTML: headings ``# ...``, paragraphs with an empty line between them, tables and lists
            as Markdown; Unicode NFC, lines end with a line feed, no bidirectional controls and no zero-width
            characters but joiners that a script or an emoji needs.
        title: without markup.
        authors: in order.
        publisher: who published it.
        published: when, with a time zone; None if nobody said.
        modified: when it was last changed.
        section: of the publication, e.g. ``sport``.
        language: BCP 47.
        label: what kind of text it is.
        corrections: oldest first.
        retracted: why it was retracted; empty if it was not.
        wire: the agency's own id of a text that several publishers print; empty if there is none.
        pictures: in order.
        notes: what its reader noticed and left out or changed, e.g. ``left out 2 hidden elements``.
        rights: what was seen of its rights.  No part of `id`: a licence may change, the text stays.
    """

    uri: str
    source: str
    text: str = field(repr=False)
    title: str = field(default="", repr=False)
    authors: tuple[str, ...] = ()
    publisher: str = ""
    published: datetime | None = None
    modified: datetime | None = None
    section: str = ""
    language: str = ""
    label: Label = ""
    corrections: tuple[Correction, ...] = ()
    retracted: str = field(default="", repr=False)
    wire: str = ""
    pictures: tuple[Picture, ...] = ()
    notes: tuple[str, ...] = ()
    rights: RightsRecord = field(default=NO_RIGHTS, repr=False)

    @property
    def id(self) -> str:
        """Hash of all that a reader of it sees: another version of an article is another document."""
        pictures = [[one.image.hash, one.caption, one.credit, one.text] for one in self.pictures]
        corrections = [[_write(one.at), one.text] for one in self.corrections]
        told = [self.title, list(self.authors), self.publisher, _write(self.published), _write(self.modified)]
        kind = [self.section, self.language, self.label, self.retracted, self.wire]
        return content_hash([self.uri, self.text, told, kind, corrections, pictures])


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a document.

    Attributes:
        document: id of the document.
        index: which piece of it, from 0.
        start: first character in the document's text.
        end: one after the last.
        headings: those that it stands under, outermost first.
        text: exactly ``document.text[start:end]``; of a picture its caption and text.
        picture: which picture of the document it is about; None for text.
    """

    document: str
    index: int
    start: int
    end: int
    headings: tuple[str, ...] = field(repr=False)
    text: str = field(repr=False)
    picture: int | None = None

    @property
    def id(self) -> str:
        """Name of the passage: ``DOCUMENT#INDEX``."""
        return f"{self.document}#{self.index}"


def _write(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""
