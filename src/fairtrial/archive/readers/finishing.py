"""From what a reader found to a document: characters cleaned, limits kept, images examined, notes in a fixed order."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import BinaryIO, cast

from fairtrial.archive.document import Correction, Document, Label, Picture
from fairtrial.archive.hostile.characters import clean_characters, describe_counts
from fairtrial.archive.hostile.instructions import describe_spans, find_instructions
from fairtrial.archive.readers.found import MOST_CHARACTERS, Draft, DraftPicture, FoundDocument
from fairtrial.errors import ArchiveError, ImageError
from fairtrial.images import examine, read_caption
from fairtrial.records import ImagePart
from fairtrial.rights import RightsRecord

ReadText = Callable[[bytes], str]
"""Gives the text that is written in an image; raises ImageError where it cannot."""

MOST_FIELD = 2_000
MOST_AUTHORS = 100
MOST_CORRECTIONS = 200
MOST_PICTURES = 200

_LINE_BREAKS = re.compile(r"\n{3,}")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_HEADING = re.compile(r"^(#{1,6}\s)", re.MULTILINE)


class _Cleaner:
    """Cleans all texts of one document and counts what it took out."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.notes: list[str] = []

    def clean(self, text: str) -> str:
        cleaned = clean_characters(text)
        for name, found in cleaned.counts.items():
            self.counts[name] = self.counts.get(name, 0) + found
        return cleaned.text

    def field(self, text: str, name: str) -> str:
        """Return a field in one line, cut at `MOST_FIELD` characters."""
        found = " ".join(self.clean(text[: 20 * MOST_FIELD]).split())
        if len(found) > MOST_FIELD:
            self.notes.append(f"{name}: cut after {MOST_FIELD:,} of its characters")
            found = found[:MOST_FIELD].rstrip()
        return found


def finish(draft: Draft, source: str, read_text: ReadText | None) -> FoundDocument:
    """Return the document that a reader found.

    Args:
        draft: what it found.
        source: what was added, of which the file is a part.
        read_text: gives the text in images.

    Raises:
        ArchiveError: it holds nothing, or more than is read.
    """
    if len(draft.text) > MOST_CHARACTERS:
        told = f"the text has {len(draft.text):,} characters; at most {MOST_CHARACTERS:,} are read."
        raise ArchiveError(told, fix="Cut it into several documents.")
    cleaner = _Cleaner()
    text = shape_text(cleaner.clean(draft.text), draft.markdown)
    pictures, images, refused = _finish_pictures(draft.pictures, cleaner, read_text)
    if not text and not pictures:
        told = f"there is no text in it.{' ' + refused[0] if refused else ''}"
        raise ArchiveError(told, fix="Leave the file out, or look whether its text is an image: then it needs OCR.")
    field = cleaner.field
    title, corrections = field(draft.title, "title"), _finish_corrections(draft.corrections, cleaner)
    shown = [title, text, *(one.text for one in corrections), *(f"{one.caption}\n{one.text}" for one in pictures)]
    flags = describe_spans(find_instructions("\n\n".join(shown)))
    document = Document(
        uri=field(draft.uri or draft.where, "address"),
        source=source,
        text=text,
        title=title,
        authors=tuple(name for one in draft.authors[:MOST_AUTHORS] if (name := field(one, "author"))),
        publisher=field(draft.publisher, "publisher"),
        published=draft.published,
        modified=draft.modified,
        section=field(draft.section, "section"),
        language=field(draft.language, "language"),
        label=cast(Label, draft.label),
        corrections=corrections,
        retracted=field(draft.retracted, "retracted"),
        wire=field(draft.wire, "wire"),
        pictures=tuple(pictures),
        rights=RightsRecord(tuple(draft.evidence)),
        notes=(*dict.fromkeys([*draft.notes, *refused, *cleaner.notes, *describe_counts(cleaner.counts), *flags]),),
    )
    return FoundDocument(document, images, draft.where)


def shape_text(text: str, markdown: bool) -> str:
    """Return a text with one empty line at most in a row and none at its ends; plain text gets no headings."""
    if not markdown:
        text = _HEADING.sub(r"\\\1", text)
    return _LINE_BREAKS.sub("\n\n", _TRAILING.sub("", text)).strip("\n")


def _finish_corrections(corrections: tuple[Correction, ...], cleaner: _Cleaner) -> tuple[Correction, ...]:
    found = [Correction(cleaner.field(one.text, "correction"), one.at) for one in corrections[:MOST_CORRECTIONS]]
    kept = dict.fromkeys(one for one in found if one.text)
    return tuple(sorted(kept, key=lambda one: (one.at is not None, one.at.timestamp() if one.at else 0.0)))


def _finish_pictures(
    drafts: list[DraftPicture], cleaner: _Cleaner, read_text: ReadText | None
) -> tuple[list[Picture], Mapping[str, bytes], list[str]]:
    """Return pictures, the bytes of their images, and notes about those that could not be read."""
    pictures: list[Picture] = []
    images: dict[str, bytes] = {}
    notes: list[str] = []
    for number, one in enumerate(drafts[:MOST_PICTURES], 1):
        try:
            facts = examine(one.data)
            told = read_caption(one.data)
            written = read_text(one.data) if read_text else ""
        except ImageError as error:
            notes.append(f"left out image {number}: {error.message}")
            continue
        image = ImagePart.of(one.data, facts.media_type)
        if image.hash in images:
            continue
        images[image.hash] = one.data
        caption, credit = (
            cleaner.field(one.caption or told.caption, "caption"),
            cleaner.field(one.credit or told.credit, "credit"),
        )
        pictures.append(Picture(image, caption, credit, shape_text(cleaner.clean(written), False), one.rights))
    if len(drafts) > MOST_PICTURES:
        notes.append(f"left out {len(drafts) - MOST_PICTURES} images: at most {MOST_PICTURES} of a document are read")
    return pictures, images, notes


def hash_data(data: bytes) -> str:
    """Return the SHA-256 of a file in hexadecimal digits, as evidence of rights names it."""
    return hashlib.sha256(data).hexdigest()


def hash_stream(stream: BinaryIO) -> str:
    """Return the SHA-256 of what is left of a file."""
    digest = hashlib.sha256()
    while part := stream.read(1 << 20):
        digest.update(part)
    return digest.hexdigest()
